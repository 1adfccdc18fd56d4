"""What people read: plain Dutch, correct addresses, and nothing that gives away more than it must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.letters import Letter, Signature, Unwritable, Writer, greeting, in_words
from services.notifications.rules.telling import TEMPLATES, TOLD, telling
from shared.contracts import CATALOGUE, Rung
from tests.notifications.stories import journey, registered

SIGNATURE = Signature("Loket Werk", "0591 - 00 00 00", "Gemeente Emmen")
PARAMS = {
    "registered_on": "2018-03-01",
    "decided_on": "2020-11-05",
    "joined_on": "2020-11-05",
    "left_on": "2021-02-01",
    "offered_on": "2020-11-23",
    "rung": "learn_work",
    "host": "emco",
    "expires_on": "2020-12-15",
    "starts_on": "2021-01-01",
    "ends_on": "2021-12-31",
    "hours": "27.5",
    "contract": "temporary",
}
PASSIVE = ("word", "wordt", "worden", "werd", "werden", "geworden")
OFFICIAL = (
    "betreffende",
    "conform",
    "derhalve",
    "desgewenst",
    "dient",
    "dienen",
    "gelieve",
    "indien",
    "middels",
    "omtrent",
    "teneinde",
    "tevens",
    "uiterlijk",
    "alsmede",
    "beschikking",
    "indicatie",
    "taakstelling",
)
DISABILITY = (
    "beschut",
    "beperking",
    "handicap",
    "ziek",
    "arbeidsvermogen",
    "arbeidsbeperk",
    "dagbesteding",
    "begeleiding",
    "indicatie",
    "wajong",
    "wmo",
    "diagnose",
)
FAMILIAR = ("je", "jij", "jou", "jouw", "jullie")


def write(template: str, *, name: str | None = "Jan de Vries", **params: str) -> Letter:
    values = {**PARAMS, **params}
    return Writer().write(template, values, name=name, guide="Menso", host="EMCO", signature=SIGNATURE)


def every_letter() -> Iterator[tuple[str, Letter]]:
    for template in TEMPLATES:
        yield template, write(template)
    for rung in Rung:
        yield f"bridge-offered {rung}", write("bridge-offered", rung=rung)
        yield f"bridge-proposed {rung}", write("bridge-proposed", rung=rung)
    yield "contract-started permanent", write("contract-started", contract="permanent")


LETTERS = dict(every_letter())


def body(letter: Letter) -> str:
    """What is between the greeting and the closing."""
    return letter.text.split(",\n", 1)[1].rpartition("Met vriendelijke groet")[0].replace("\u00a0", " ")


def sentences(text: str) -> list[str]:
    joined = re.sub(r"\n(?!\n)", " ", text)
    parts = re.split(r"(?<=[.!?])\s+|\n+", joined)
    return [part.strip() for part in parts if re.search(r"\w", part)]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", text.lower())


@pytest.mark.parametrize("which", LETTERS)
def test_sentences_are_short(which: str) -> None:
    lengths = [len(words(each)) for each in sentences(body(LETTERS[which]))]
    assert max(lengths) <= 20
    assert sum(lengths) / len(lengths) <= 12


@pytest.mark.parametrize("which", LETTERS)
def test_no_passive_no_official_word_and_no_familiar_form(which: str) -> None:
    letter = LETTERS[which]
    used = set(words(letter.subject + " " + letter.text))
    assert not used & {*PASSIVE, *OFFICIAL, *FAMILIAR}
    assert used & {"u", "uw"}


@pytest.mark.parametrize("which", LETTERS)
def test_what_shows_on_a_locked_screen_tells_of_no_disability(which: str) -> None:
    letter = LETTERS[which]
    first = sentences(body(letter))[0]
    shown = f"{letter.subject} {first}".lower()
    assert not [word for word in DISABILITY if word in shown]
    assert 0 < len(letter.subject) <= 60


@pytest.mark.parametrize("which", LETTERS)
def test_each_says_what_to_do_and_whom_to_call(which: str) -> None:
    text = LETTERS[which].text
    assert text.count("Wat moet u doen?") == 1
    assert "Bel Loket Werk: 0591 - 00 00 00." in text
    assert text.rstrip().endswith("Loket Werk\nGemeente Emmen")


@pytest.mark.parametrize("which", LETTERS)
def test_lines_are_short_and_none_is_left_unfilled(which: str) -> None:
    text = LETTERS[which].text
    assert max(map(len, text.splitlines())) <= 72
    assert not re.search(r"[{}%#]|None|undefined|_on\b|\d{4}-\d{2}", text)
    assert "\n\n\n" not in text


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes.update({f"{tag}.{name}": value for name, value in attrs})
        self._silent += tag in {"title", "style"}
        if tag in {"p", "h2", "br"}:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"title", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


@pytest.mark.parametrize("which", LETTERS)
def test_the_page_says_the_same_as_the_plain_text(which: str) -> None:
    letter = LETTERS[which]
    seen = _Seen()
    seen.feed(letter.html)
    assert words("".join(seen.text)) == words(letter.text)
    assert seen.attributes["html.lang"] == "nl"
    assert not {"img", "script", "iframe", "link"} & set(seen.tags)


def test_every_text_belongs_to_something_that_is_told() -> None:
    told = {each.template for each in map(_told, [registered(), *journey()]) if each is not None}
    variants = {"advice-negative", "decision-refused", "proposal-declined-other"}
    variants |= {"bridge-proposed", "bridge-accepted", "bridge-declined-self", "bridge-fell"}
    assert told | variants == set(TEMPLATES)


def _told(event: Any) -> Any:
    return telling(event.data, event.partner)


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_an_event_gives_is_enough_for_its_text(name: str) -> None:
    tell = telling(CATALOGUE[name].sample(), "emco")
    if tell is not None:
        Writer().write(tell.template, tell.params, name=None, guide="Menso", host="EMCO", signature=SIGNATURE)


def test_days_and_hours_are_written_as_people_say_them() -> None:
    assert in_words(date(2020, 12, 1)) == "1\u00a0december\u00a02020"
    text = write("contract-started").text
    assert "27,5 uur" in text
    assert "1\u00a0januari\u00a02021" in text


def test_a_permanent_contract_has_no_last_day() -> None:
    assert "vast contract" in write("contract-started", contract="permanent").text
    assert "tot en met" not in write("contract-started", contract="permanent").text


@pytest.mark.parametrize(
    "name",
    [
        "Jan",
        "Jan de Vries",
        "J. de Vries",
        "J.P. van der Laan-Smit",
        "Anne-Fleur van 't Hof",
        "D'Angelo Ruiz",
        "Siân Ó Briain",
        "Zoë",
        "Noe\u0308l",
        "Ömer Y\u0131lmaz",
    ],
)
def test_people_are_addressed_by_their_name(name: str) -> None:
    assert greeting(name).startswith("Beste ")
    assert "meneer" not in greeting(name)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "   ",
        "www.evil.example",
        "evil.example Jan",
        "http://evil.example",
        "Jan\nBcc: iedereen@example.org",
        "{{ sender }}",
        "<b>Jan</b>",
        "jan@example.org",
        "0612345678",
        "J" * 81,
        "Jan (zie bijlage)",
    ],
)
def test_what_is_no_name_is_not_used_as_one(name: str | None) -> None:
    if name == "Jan\nBcc: iedereen@example.org":
        assert "Bcc" not in greeting(name)
    assert greeting(name) == "Beste meneer of mevrouw"


@settings(deadline=None)
@given(st.text(max_size=90))
def test_no_name_whatever_breaks_a_line_or_makes_a_link(name: str) -> None:
    said = greeting(name)
    assert said.startswith("Beste ")
    assert not re.search(r"[\n\r@:/<>{}\d]|\w{2,}\.\w", said)


def test_a_text_that_lacks_what_it_tells_of_is_not_sent() -> None:
    with pytest.raises(Unwritable):
        Writer().write("proposal-made", {}, name=None, guide="Menso", host="EMCO", signature=SIGNATURE)
    with pytest.raises(Unwritable):
        Writer().write("no-such-text", PARAMS, name=None, guide="Menso", host="EMCO", signature=SIGNATURE)
    with pytest.raises(Unwritable):
        write("welcome", registered_on="gisteren")


def test_what_a_partner_is_called_is_escaped_on_the_page() -> None:
    letter = Writer().write(
        "welcome", PARAMS, name=None, guide="Zorg & <i>Werk</i>", host="", signature=SIGNATURE
    )
    assert "Zorg &amp; &lt;i&gt;Werk&lt;/i&gt;" in letter.html
    assert "Zorg & <i>Werk</i>" in letter.text
