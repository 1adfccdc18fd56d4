"""Writes a message: a template, what it is told of, and the name of whoever it is for.

One text is the source of both the plain and the HTML part. A template's first line is the subject;
paragraphs are separated by empty lines, and a line that begins with `# ` is a heading.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SUBJECT: Final = "Onderwerp: "
_HEADING: Final = "# "
_WIDTH: Final = 72
_MONTHS: Final = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
# Letters, with between them what Dutch names have; a dot only after an initial. What could be read as
# an address or a line of its own does not pass, since a mail program would make a link of it.
_NAME: Final = re.compile(r"(?:(?:[^\W\d_]\.)+|[^\W\d_]+)(?:[ '\u2019-]{1,2}(?:(?:[^\W\d_]\.)+|[^\W\d_]+))*")
_MAX_NAME: Final = 80
_TO: Final = "\x00"
"""Stands for the greeting; a control character is in no text and in no name."""
_FORMS: Final = 500


class Unwritable(Exception):  # noqa: N818 - the outcome of writing
    """The template cannot be filled in; a person must mend it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs, and where people can call.

    Attributes:
        desk: name of the desk.
        phone: its telephone number, as people dial it.
        organisation: the organisation that the desk is of.
    """

    desk: str
    phone: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it can be read."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or a heading."""

    heading: bool
    text: str


class Writer:
    """Writes messages from templates.

    Templates run in a sandbox and see nothing but what they are given; a value that is missing is an
    error and not a gap in the sentence.
    """

    def __init__(self) -> None:
        self._plain = _environment(autoescape=False)
        self._html = _environment(autoescape=True)
        # Many are told the same on a day. Nobody's name is in what is kept.
        self._form = lru_cache(maxsize=_FORMS)(self._filled_in)

    def write(
        self,
        template: str,
        params: Mapping[str, str],
        *,
        name: str | None,
        guide: str,
        host: str,
        signature: Signature,
    ) -> Letter:
        """The message in Dutch.

        Args:
            params: what it tells of: days in ISO 8601, hours with a dot.
            name: the person's name, from the vault.
            guide: name of the partner that guides the person, as people know it.
            host: name of the partner whose place it is about, if it is about one.

        Raises:
            Unwritable: the template does not fit what it is given.
        """
        form = self._form(template, tuple(sorted(params.items())), guide, host, signature)
        words = greeting(name)
        return Letter(form.subject, form.text.replace(_TO, words), form.html.replace(_TO, str(escape(words))))

    def _filled_in(
        self,
        template: str,
        params: tuple[tuple[str, str], ...],
        guide: str,
        host: str,
        signature: Signature,
    ) -> Letter:
        """The message with a mark where the greeting comes; the same for all who are told the same."""
        try:
            values: dict[str, Any] = {key: _in_dutch(key, value) for key, value in params}
            values |= {"guide": guide, "host": host}
            source = self._plain.get_template(f"{template}.txt.jinja").render(values)
            subject, blocks = _parsed(source)
            layout = {"subject": subject, "greeting": _TO, "signature": signature, "blocks": blocks}
            return Letter(
                subject=subject,
                text=self._plain.get_template("letter.txt.jinja").render(layout),
                html=self._html.get_template("letter.html.jinja").render(layout),
            )
        except (TemplateError, ValueError) as error:
            raise Unwritable(f"{template}: {error}") from error


def greeting(name: str | None) -> str:
    """How the person is addressed; without the name if there is none, or it is no name."""
    name = unicodedata.normalize("NFC", " ".join((name or "").split()))
    if not name or len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        return "Beste meneer of mevrouw"
    return f"Beste {name}"


def in_words(day: date) -> str:
    """A day as people say it, 1 december 2020, with spaces at which no line is broken."""
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]}\u00a0{day.year}"


def _in_dutch(key: str, value: str) -> str:
    if key.endswith("_on"):
        return in_words(date.fromisoformat(value))
    return value.replace(".", ",") if key == "hours" else value


def _parsed(source: str) -> tuple[str, list[_Block]]:
    first, _, rest = source.strip().partition("\n")
    if not first.startswith(_SUBJECT):
        raise ValueError("the first line is not the subject")
    blocks = []
    for paragraph in re.split(r"\n\s*\n", rest.strip()):
        text = re.sub(r"[ \t\n]+", " ", paragraph).strip()
        heading = text.startswith(_HEADING)
        if text:
            blocks.append(_Block(heading, text.removeprefix(_HEADING)))
    return first.removeprefix(_SUBJECT).strip(), blocks


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=autoescape,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = lambda text: textwrap.fill(text, _WIDTH)
    environment.filters["dialled"] = lambda phone: re.sub(r"[^0-9+]", "", phone)
    return environment
