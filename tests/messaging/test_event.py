"""An event's way to and from the wire, and what it cannot be made to do on it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import CATALOGUE, ParticipantRegistered, RefusalCode
from shared.contracts.base import Stream
from shared.contracts.envelope import Envelope
from shared.messaging.event import (
    MAX_BYTES,
    Event,
    Unreadable,
    decode,
    derive,
    encode,
    passed_on,
    peek,
)
from shared.messaging.identity import derived_id, fingerprint, named_uuid
from shared.messaging.refusal import Refusal
from tests.messaging.toy import MENSO, bridge, event, registered


def wire(**over: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(encode(event(registered())))
    return found | over


def read(value: bytes | dict[str, Any], **more: Any) -> Event | Refusal | None:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return decode(raw, partner="menso", stream=Stream.INTAKE, **more)


def refusal(value: bytes | dict[str, Any]) -> Refusal:
    found = read(value)
    assert isinstance(found, Refusal), found
    return found


def with_extra(text: str) -> bytes:
    """A sound event with an unknown field in its data, as raw JSON."""
    return orjson.dumps(wire()).replace(b'"data":{', b'"data":{"extra":' + text.encode() + b",", 1)


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.__name__)
def test_every_type_of_the_contract_comes_back_from_the_wire_as_it_went(model: Any):
    sent = event(model.sample(), causation="c-1", correlation="j-1", dataref="https://menso.test/v1/people/p")
    raw = encode(sent)
    assert decode(raw, partner=sent.partner, stream=sent.stream) == sent
    assert encode(sent) == raw
    Envelope.model_validate(orjson.loads(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        b'{"id": "broken',
        b"{}",
        b"\x00" * 100,
        b"[" * 60_000,
        b'{"a":' * 10_000,
        encode(event(registered())) + b"\x00",
        encode(event(registered())).replace(b"p-1", b"p\xff1"),
    ],
    ids=lambda raw: repr(raw[:16]),
)
def test_what_is_no_event_is_refused_and_never_raises(raw: bytes):
    assert refusal(raw).code is RefusalCode.SCHEMA_INVALID


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 400])
def test_numbers_that_are_none_are_refused(number: str):
    assert refusal(with_extra(number)).code is RefusalCode.SCHEMA_INVALID


@pytest.mark.parametrize("depth", [190, 200, 254, 255, 300, 1000, 1024, 1100, 10_000])
def test_deep_nesting_is_refused_or_goes_on_whole(depth: int):
    found = read(with_extra("[" * depth + "]" * depth))
    if isinstance(found, Event):
        assert read(encode(found)) == found
    else:
        assert isinstance(found, Refusal)
        assert found.code is RefusalCode.SCHEMA_INVALID


def test_the_largest_event_is_64_kib_and_one_byte_more_is_refused_unread():
    short = encode(event(registered()))
    room = MAX_BYTES - len(with_extra('""'))
    largest = with_extra('"' + "x" * room + '"')
    assert len(short) < len(largest) == MAX_BYTES
    assert isinstance(read(largest), Event)
    assert refusal(largest + b" ").code is RefusalCode.SIZE_TOO_LARGE
    assert refusal(b"?" * (MAX_BYTES + 1)).code is RefusalCode.SIZE_TOO_LARGE


def test_every_fault_is_named_at_once_with_its_path_and_never_its_value():
    faults = refusal(wire(data={"participant": "geheim!", "municipality": "Emmen", "school_leaver": "ja"}))
    assert faults.field == "data.participant"
    for field in ("municipality", "rung", "registered_on", "school_leaver"):
        assert f"data.{field}:" in faults.detail
    assert "geheim" not in faults.detail
    assert "Emmen" not in faults.detail


def test_a_hostile_body_gets_a_short_answer():
    many = {f"x{n}-": n for n in range(3000)}
    assert len(refusal(wire() | many | {"time": "never"}).detail) < 5000


def test_an_unknown_type_is_told_from_a_type_that_is_not_wanted():
    assert refusal(wire(type="nl.werkbedrijf.participants.cloned.v1")).code is RefusalCode.TYPE_UNKNOWN
    assert read(wire(), wanted=frozenset()) is None
    assert read(wire(data="not looked at"), wanted=frozenset()) is None


def test_a_key_that_is_not_the_events_own_is_refused():
    found = refusal(wire(partitionkey="p-2"))
    assert (found.code, found.field) == (RefusalCode.SCHEMA_INVALID, "partitionkey")
    without = wire()
    del without["partitionkey"]
    assert isinstance(read(without), Event)


def test_unknown_fields_of_the_data_are_kept_on_the_way():
    found = read(wire(data=wire()["data"] | {"later": {"added": [1, None, "é"]}}))
    assert isinstance(found, Event)
    assert orjson.loads(encode(found))["data"]["later"] == {"added": [1, None, "é"]}


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_raise(raw: bytes):
    assert isinstance(read(raw), Refusal)
    peek(raw)
    fingerprint(raw)
    Unreadable.of(raw, 0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(wire())), json_values)
def test_any_value_in_any_attribute_is_taken_or_refused_and_never_raises(name: str, value: Any):
    try:
        raw = orjson.dumps(wire(**{name: value}))
    except TypeError:
        return  # an integer or a text that JSON in UTF-8 cannot hold
    found = read(raw)
    if isinstance(found, Event):
        assert isinstance(read(encode(found)), Event)


@settings(max_examples=300)
@given(st.sampled_from(sorted(ParticipantRegistered.model_fields)), json_values)
def test_any_value_in_any_field_is_taken_or_refused_and_never_raises(name: str, value: Any):
    try:
        raw = orjson.dumps(wire(data=wire()["data"] | {name: value}))
    except TypeError:
        return
    found = read(raw)
    if isinstance(found, Event):
        assert read(encode(found)) == found


def test_the_same_cause_gives_the_same_event_and_other_causes_give_others():
    cause = event(registered(), "e-1")
    made = derive(cause, 0, bridge("p-1"), partner="menso", source=f"{MENSO.urn}:systeem:x")
    assert derive(cause, 0, bridge("p-1"), partner="menso", source=f"{MENSO.urn}:systeem:x") == made
    others = {
        derive(cause, 1, bridge("p-1"), partner="menso", source=made.source).id,
        derive(cause, 0, registered(), partner="menso", source=made.source).id,
        derive(cause, 0, bridge("p-1"), partner="menso", source=f"{MENSO.urn}:systeem:y").id,
        derive(event(registered(), "e-2"), 0, bridge("p-1"), partner="menso", source=made.source).id,
        made.id,
    }
    assert len(others) == 5
    assert (made.time, made.causation, made.correlation, made.key) == (cause.time, "e-1", "e-1", "p-1")


def test_the_content_of_what_is_stated_does_not_change_its_id():
    cause = event(registered(), "e-1")
    one, other = (
        derive(cause, 0, bridge(participant), partner="menso", source="urn:nld:kvknr:90000002:systeem:x")
        for participant in ("p-1", "p-2")
    )
    assert one.id == other.id


def test_derived_ids_are_known_figures():
    cause = event(registered(), "e-1")
    assert derived_id(cause, "proposal") == derived_id(event(registered("p-2"), "e-1"), "proposal")
    assert derived_id(cause, "a", "b") != derived_id(cause, "ab")


def test_a_journey_keeps_its_name_and_its_trace():
    first = event(registered(), "e-1")
    second = derive(first, 0, bridge("p-1"), partner="menso", source=first.source)
    third = derive(second, 0, bridge("p-1"), partner="menso", source=first.source)
    assert second.correlation == third.correlation == "e-1"
    traces = [orjson.loads(encode(each))["traceparent"].split("-") for each in (second, third)]
    assert traces[0][1] == traces[1][1]
    assert traces[0][2] != traces[1][2]


def test_what_is_passed_on_keeps_its_name_and_gets_the_stream_and_a_journey():
    inbox = event(registered(), "e-1", stream=Stream.INBOX)
    found = passed_on(inbox, stream=Stream.INTAKE, dataref="https://menso.test/v1/people/p-1")
    assert (found.id, found.source, found.stream, found.correlation) == (
        inbox.id,
        inbox.source,
        Stream.INTAKE,
        "e-1",
    )
    assert passed_on(found, stream=Stream.INTAKE, dataref="https://other.test/").dataref == found.dataref


def test_a_fingerprint_is_of_what_is_said_and_not_of_how_it_is_written():
    assert fingerprint(b'{"a": 1, "b": 2}') == fingerprint(b'{"b":2,"a":1}')
    assert fingerprint(b'{"a": 1}') != fingerprint(b'{"a": 2}')
    assert fingerprint(b"\xff") != fingerprint(b"\xfe")


def test_a_fingerprint_is_the_same_for_a_body_that_is_too_long_to_be_remembered():
    for length in (10, 5_000):
        text = "a" * length
        assert fingerprint(orjson.dumps({"a": text, "b": 2})) == fingerprint(
            orjson.dumps({"b": 2, "a": text})
        )


def test_of_a_record_that_was_refused_only_its_attributes_are_looked_at():
    assert peek(orjson.dumps(wire(id=7))).keys() == {"source", "type", "subject"}
    assert "data" not in peek(encode(event(registered())))
    assert peek(b"[1]") == peek(b"{") == {}


@pytest.mark.parametrize("timestamp", [-(2**63), -1, 0, 1_614_600_000_000, 2**63 - 1])
def test_an_unreadable_record_has_a_name_and_a_time_whatever_its_producer_wrote(timestamp: int):
    cause = Unreadable.of(b"\xff", timestamp)
    assert cause == Unreadable.of(b"\xff", timestamp)
    assert datetime(1970, 1, 1, tzinfo=UTC) <= cause.time < datetime(2200, 1, 1, tzinfo=UTC)
    assert derive(cause, 0, bridge("p-1"), partner="menso", source="urn:nld:kvknr:90000002:systeem:x").id


def test_attributes_that_we_do_not_know_and_the_senders_trace_are_passed_on():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    raw = orjson.dumps(wire(dataclassification="intern", traceparent=trace))
    came = decode(raw, partner="menso", stream=Stream.INBOX)
    assert isinstance(came, Event)
    left = orjson.loads(encode(passed_on(came, stream=Stream.INTAKE, dataref=None)))
    assert left["dataclassification"] == "intern"
    assert left["traceparent"] == trace


@given(st.uuids(), st.text())
def test_a_named_uuid_is_the_librarys(namespace: uuid.UUID, name: str):
    assert named_uuid(namespace.bytes, name) == str(uuid.uuid5(namespace, name))
