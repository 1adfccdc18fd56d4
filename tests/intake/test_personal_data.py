"""What looks like personal data is found, and what does not is let through."""

import re
import time
import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake import refusals
from services.intake.handlers import CHECKS
from services.intake.rules.personal_data import is_bsn, suspect, suspicion, worth_a_look
from shared.contracts import CATALOGUE, Part, ParticipantRegistered, PolicyAdopted, RefusalCode, Stream
from shared.messaging.event import Event
from shared.messaging.refusal import Refusal
from shared.messaging.service import Record
from tests.intake.support import at, event, registered

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)


def bsns() -> st.SearchStrategy[str]:
    """Numbers that pass the 11-proof, made and not looked up."""
    eight = st.integers(100_000, 99_999_999).map(lambda n: f"{n:08d}")
    check = eight.map(lambda text: (text, sum(w * int(d) for w, d in zip(WEIGHTS, text, strict=True)) % 11))
    return (
        check.filter(lambda made: made[1] < 10)
        .map(lambda made: f"{made[0]}{made[1]}")
        .filter(lambda text: int(text) >= 1_000_000)
    )


def code(given_: Event) -> RefusalCode | None:
    objection = refusals.objection(given_, at(0))
    return None if objection is None else objection.code


def looks(data: Any) -> tuple[str, str] | None:
    json = orjson.dumps(data)
    return suspect(json, lambda: orjson.loads(json), unknown_fields=True)


@given(bsns(), st.sampled_from(["{}", "p-{}", "BSN{}", "bsn: {}.", "x {} y", "({})", "{}abc"]))
def test_a_number_that_passes_the_eleven_proof_is_found_wherever_it_stands(bsn, form):
    assert is_bsn(bsn)
    assert suspicion(form.format(bsn)) == "a citizen service number"


@given(bsns(), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_fails_the_eleven_proof(bsn, position, by):
    digit = (int(bsn[position]) + by) % 10
    wrong = bsn[:position] + str(digit) + bsn[position + 1 :]
    assert not is_bsn(wrong)


@given(bsns(), st.integers(0, 7))
def test_two_neighbours_swapped_fail_the_eleven_proof(bsn, position):
    swapped = [*bsn]
    swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
    assert is_bsn("".join(swapped)) == (bsn[position] == bsn[position + 1])


@given(bsns())
def test_written_in_groups_it_is_found_too(bsn):
    assert suspicion(f"{bsn[:4]}.{bsn[4:6]}.{bsn[6:]}") is not None
    assert suspicion(f"{bsn[:3]} {bsn[3:6]} {bsn[6:]}") is not None


@given(bsns().filter(lambda bsn: int(bsn) >= 10_000_000), st.booleans())
def test_a_number_in_an_unknown_field_is_found_as_text_and_as_number(bsn, as_text):
    found = looks({"participant": "p-1", "extra": [{"deep": bsn if as_text else int(bsn)}]})
    assert found == ("data.extra[0].deep", "a citizen service number")


@given(st.integers(0, 2**128 - 1))
def test_identifiers_of_machines_are_let_through(number):
    name = uuid.UUID(int=number)
    assert suspicion(str(name)) is None
    assert suspicion(f"p-{name.hex}") is None or not any(c in "abcdef" for c in name.hex)


@given(st.dates(), st.integers(0, 999_999))
def test_dates_and_counters_are_let_through(day, number):
    for text in (
        day.isoformat(),
        f"menso-2020-{number:06d}",
        f"{number:09d}",
        f"2021, {number}",
        f"{number}",
    ):
        assert suspicion(text) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("jan@menso.nl", "an e-mail address"),
        ("mail naar Jan.de.Vries+werk@sub.menso.nl graag", "an e-mail address"),
        ("06-12345678", "a phone number"),
        ("06 12 34 56 78", "a phone number"),
        ("0612345678", "a phone number"),
        ("+31 6 12345678", "a phone number"),
        ("+31 (0)591 123456", "a phone number"),
        ("0591-123456", "a phone number"),
        ("020 - 1234567", None),
        ("NL91ABNA0417164300", "an account number"),
        ("nl91 abna 0417 1643 00 en verder", "an account number"),
        ("NL92ABNA0417164300", None),
        ("Staatscourant 2017, 4882", None),
        ("https://lokaleregelgeving.overheid.nl/CVDR602345/2", None),
        ("2021-01-04T09:00:00+01:00", None),
        ("00000099000000114000", None),
    ],
)
def test_what_reaches_somebody_is_recognised_by_its_form(text, what):
    found = suspicion(text)
    if text.startswith("NL92"):
        assert found != "an account number"
    else:
        assert found == what


@pytest.mark.parametrize("name", ["bsn", "naam", "first_name", "E-Mail", "geboortedatum", "Telefoon"])
def test_a_field_for_personal_data_is_refused_whatever_stands_in_it(name):
    assert looks({"participant": "p-1", name: "x"}) == (f"data.{name}", "a field for personal data")


def test_a_name_of_a_field_can_hold_personal_data_too():
    assert looks({"jan@menso.nl": True}) == ("data", "an e-mail address")


@pytest.mark.parametrize("model", list(CHECKS), ids=lambda m: m.__name__)
def test_no_sample_of_the_contract_is_suspected(model):
    data = model.sample()
    json = data.model_dump_json().encode()
    assert suspect(json, lambda: orjson.loads(json), unknown_fields=True) is None


def test_the_door_names_the_field_and_never_the_value():
    data = ParticipantRegistered.model_validate_json(
        orjson.dumps(registered().model_dump(mode="json") | {"remark": "bel 0612345678"})
    )
    objection = refusals.objection(event("menso", data, at(0)), at(5))
    assert objection is not None
    assert (objection.code, objection.field) == (RefusalCode.PERSONAL_DATA_SUSPECTED, "data.remark")
    assert "0612345678" not in objection.detail


@pytest.mark.parametrize("attribute", ["id", "correlation", "causation", "dataref"])
def test_the_attributes_of_an_event_are_looked_at_too(attribute):
    changed: Any = {attribute: "x-123456782"}
    given_ = replace(event("menso", registered(), at(0)), **changed)
    assert code(given_) is RefusalCode.PERSONAL_DATA_SUSPECTED


@given(bsns(), st.sampled_from(["{}", "p-{}", "mail {}@x.nl", "0{}"]))
def test_the_first_look_at_the_json_misses_nothing_that_a_second_would_find(bsn, form):
    json = orjson.dumps({"participant": form.format(bsn), "at": ["2020-01-06"]})
    looks_ = [suspect(json, lambda: orjson.loads(json), unknown_fields=unknown) for unknown in (True, False)]
    assert looks_[0] == looks_[1]


PERSONAL = re.compile(r"@|[0-9]{8}|[0-9](?:[ .()-]{0,3}[0-9]){8}")
"""What every rule needs, as one pattern; it takes far longer than the first look."""


@given(st.text("0189 .()-@a,é\ud800", max_size=40))
def test_the_first_look_passes_over_no_text_in_which_a_rule_could_find_something(text):
    if PERSONAL.search(text):
        assert worth_a_look(text.encode(errors="replace"))


@given(st.lists(st.text("0189 .-@a", max_size=12), min_size=1), st.sampled_from(["", "x", '"', " "]))
def test_what_is_worth_a_look_alone_is_so_in_any_company(texts, between):
    if any(worth_a_look(text.encode()) for text in texts):
        assert worth_a_look(between.join(texts).encode())


@pytest.mark.parametrize(
    "text", ["2021-03-01", "p-0000123", "2021-03-01T09:00:00.123456Z", '["2021-03-01","2021-04-01"]']
)
def test_dates_and_short_numbers_are_not_worth_a_look(text):
    assert not worth_a_look(text.encode())


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda m: m.__name__)
def test_what_has_parts_is_known_by_its_type(model):
    data = model.sample()
    parts = [value for value in data.__dict__.values() if isinstance(value, Part)]
    assert refusals._has_parts(model) or not parts


def test_an_unknown_field_deep_in_the_data_is_looked_at_too():
    data = PolicyAdopted.sample().model_dump(mode="json")
    data["order"]["naam"] = "x"
    given_ = event("gemeente-emmen", PolicyAdopted.model_validate_json(orjson.dumps(data)), at(0))
    assert code(given_) is RefusalCode.PERSONAL_DATA_SUSPECTED


def test_long_texts_are_looked_through_in_time():
    for text in ("a" * 60_000, "a@" * 30_000, "06-1" * 15_000, "NL91 " * 12_000, "0f" * 30_000 + "g"):
        begun = time.perf_counter()
        suspicion(text)
        assert time.perf_counter() - begun < 1


@given(st.integers(-600, 600))
def test_what_lies_in_the_future_is_refused(seconds):
    given_ = event("menso", registered(), at(0) + timedelta(seconds=seconds))
    objection = refusals.objection(given_, at(0))
    assert (objection is not None) == (seconds > 0)


@pytest.mark.parametrize(
    "model",
    [m for m in CATALOGUE.values() if m.SERVICE is not None or m.STREAM is Stream.REGISTRY],
    ids=lambda m: m.__name__,
)
def test_what_a_service_or_the_registry_states_is_not_taken_at_a_door(model):
    given_ = event("menso", model.sample(), at(0))
    assert code(given_) is RefusalCode.ROLE_NOT_ALLOWED


@given(st.text(), st.text(min_size=1, max_size=60))
def test_what_is_shown_of_a_refused_record_is_clean(text, field):
    value = orjson.dumps({"id": f"{text} 123456782", "type": "jan@menso.nl"})
    assert refusals.shown_names(Record("werkbedrijf.menso.inbox", value), None) == (None, None)
    shown = refusals.shown_detail(f"{text} 123456782")
    assert "123456782" not in shown
    assert refusals.shown_field(field) is None or suspicion(field) is None


def test_a_refusal_over_kafka_is_the_same_event_whenever_it_is_made():
    record = Record("werkbedrijf.menso.inbox", b"{nonsense", timestamp_ms=1000)
    refusal = Refusal(RefusalCode.SCHEMA_INVALID, "not JSON")
    assert refusals.answer(record, None, refusal) == refusals.answer(record, None, refusal)
