"""From records to events: who is let in, who is passed over and who is refused."""

from __future__ import annotations

from typing import Any

import orjson
from msgspec.structs import replace

from shared.contracts import (
    BridgeDue,
    ParticipantAdvised,
    ParticipantRegistered,
    PlaceOffered,
    RefusalCode,
    Stream,
)
from shared.messaging.batch import Arrival
from shared.messaging.doorkeeping import Doorkeeper
from shared.messaging.event import MAX_BYTES, Event, encode
from shared.messaging.refusal import Refusal
from shared.messaging.registry import Registry
from shared.messaging.service import Record, Status
from tests.messaging.toy import (
    EMCO,
    EMMEN,
    MENSO,
    NOON,
    OPERATOR,
    REGISTRY,
    TOPICS,
    Toy,
    bridge,
    event,
    registered,
)


def sort(record: Record, registry: Registry = REGISTRY, service: Toy | None = None) -> Arrival:
    (found,) = Doorkeeper(service or Toy(), TOPICS, frozenset({OPERATOR})).sort([record], registry, NOON)
    assert found.record is record
    return found


def record(each: Event, **more: Any) -> Record:
    made = Record(TOPICS.of(each.partner, each.stream), encode(each), each.key.encode(), 0, 0)
    return replace(made, **more)


def verdict(found: Arrival) -> tuple[Status, RefusalCode | None] | None:
    """What became of it at the door; None when it was let in."""
    settled = found.settled
    return None if settled is None else (settled.status, settled.refusal.code if settled.refusal else None)


def test_a_partners_own_event_is_let_in():
    found = sort(record(event(registered())))
    assert verdict(found) is None
    assert found.event == event(registered())


def test_what_the_process_made_itself_is_not_looked_into():
    tick = event(registered())
    assert sort(Record("no topic at all", b"?", trusted=tick)).event is tick


def test_what_this_service_stated_itself_is_passed_over():
    assert verdict(sort(record(event(bridge("p-1"))))) == (Status.SKIPPED, None)


def test_the_same_stream_of_another_operator_is_read():
    other = replace(event(bridge("p-1")), partner="emco", source=f"{EMCO.urn}:systeem:x")
    assert verdict(sort(record(other))) == (Status.REFUSED, RefusalCode.ROLE_NOT_ALLOWED)


def test_types_that_the_service_does_not_want_are_passed_over_unread():
    other = record(event(ParticipantAdvised.sample()))
    assert verdict(sort(other)) == (Status.SKIPPED, None)


def test_a_type_that_nobody_knows_is_counted_by_a_consumer_and_refused_at_the_door():
    raw = encode(event(registered())).replace(
        ParticipantRegistered.TYPE.encode(), b"nl.werkbedrijf.x.cloned.v1"
    )
    consumed = Record(TOPICS.of("menso", Stream.INTAKE), raw, b"p-1", 0, 0)
    assert verdict(sort(consumed)) == (Status.SKIPPED, RefusalCode.TYPE_UNKNOWN)
    at_the_door = replace(consumed, topic=TOPICS.of("menso", Stream.INBOX))
    assert verdict(sort(at_the_door)) == (Status.REFUSED, RefusalCode.TYPE_UNKNOWN)


def test_at_the_door_every_type_is_read_and_one_of_the_own_partner_too():
    inbox = record(event(registered(), stream=Stream.INBOX))
    assert verdict(sort(inbox)) is None
    advice = record(event(ParticipantAdvised.sample(), stream=Stream.INBOX))
    assert verdict(sort(advice)) == (Status.REFUSED, RefusalCode.ROLE_NOT_ALLOWED)


def test_a_tombstone_is_refused_on_a_stream_and_passed_over_on_the_registry():
    assert verdict(sort(Record(TOPICS.of("menso", Stream.INTAKE), None, b"p-1", 0, 0))) == (
        Status.REFUSED,
        RefusalCode.TYPE_UNKNOWN,
    )
    assert verdict(sort(Record(TOPICS.registry, None, b"menso", 0, 0))) == (Status.SKIPPED, None)


def test_a_record_of_no_topic_of_ours_is_refused():
    raw = encode(event(registered()))
    for topic in ("werkbedrijf.menso.gossip", "werkbedrijf.menso.registry", "other.menso.intake"):
        assert verdict(sort(Record(topic, raw, b"p-1", 0, 0))) == (Status.REFUSED, RefusalCode.SCHEMA_INVALID)


def test_another_partners_source_or_role_is_refused_whatever_the_event_says():
    spoofed = replace(event(registered()), source=f"{EMMEN.urn}:systeem:x")
    assert verdict(sort(record(spoofed))) == (Status.REFUSED, RefusalCode.SOURCE_NOT_YOURS)
    place = event(PlaceOffered.sample())
    assert verdict(sort(record(place))) == (Status.REFUSED, RefusalCode.ROLE_NOT_ALLOWED)


def test_a_refused_event_is_named_so_that_it_can_be_forgotten():
    spoofed = replace(event(registered()), source=f"{EMMEN.urn}:systeem:x")
    settled = sort(record(spoofed)).settled
    assert settled is not None
    assert settled.event == spoofed


def test_an_event_of_a_partner_that_the_registry_does_not_know_waits_for_it():
    found = sort(record(event(registered())), Registry.of([EMMEN]))
    assert verdict(found) is None
    assert found.waits_for == ("partner:menso",)


def test_what_cannot_be_read_is_refused():
    topic = TOPICS.of("menso", Stream.INTAKE)
    assert verdict(sort(Record(topic, b"\xff", b"p-1", 0, 0))) == (Status.REFUSED, RefusalCode.SCHEMA_INVALID)
    large = Record(topic, b"x" * (MAX_BYTES + 1), b"p-1", 0, 0)
    assert verdict(sort(large)) == (Status.REFUSED, RefusalCode.SIZE_TOO_LARGE)
    nested = b'"data":{"extra":' + b"[" * 300 + b"]" * 300 + b","
    deep = encode(event(registered())).replace(b'"data":{', nested, 1)
    assert verdict(sort(Record(topic, deep, b"p-1", 0, 0))) == (Status.REFUSED, RefusalCode.SCHEMA_INVALID)


def test_a_services_own_objection_comes_after_the_registrys():
    class Picky(Toy):
        def objection(self, event: Event, record: Record, now: Any) -> Refusal | None:
            return Refusal(RefusalCode.TIME_IN_FUTURE, "later") if event.time >= now else None

    assert verdict(sort(record(event(registered())), service=Picky())) == (
        Status.REFUSED,
        RefusalCode.TIME_IN_FUTURE,
    )
    spoofed = replace(event(registered()), source=f"{EMMEN.urn}:systeem:x")
    assert verdict(sort(record(spoofed), service=Picky())) == (Status.REFUSED, RefusalCode.SOURCE_NOT_YOURS)


def test_one_bad_record_leaves_its_neighbours_and_their_order_alone():
    records = [
        record(event(registered("p-1"), "e-1")),
        Record(TOPICS.of("menso", Stream.INTAKE), b"?", b"p-2", 0, 1),
        record(event(registered("p-3"), "e-3")),
    ]
    found = Doorkeeper(Toy(), TOPICS, frozenset({OPERATOR})).sort(records, REGISTRY, NOON)
    assert [arrival.event.id if arrival.event else None for arrival in found] == ["e-1", None, "e-3"]
    assert orjson.loads(records[0].value or b"")["type"] != BridgeDue.TYPE
    assert MENSO.partner == OPERATOR
