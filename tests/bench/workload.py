"""The events of the measurements: people on their way to the waiting list, four statements each.

A person is registered and profiled by the guide, advised by UWV and granted sheltered work by the
municipality; matching then states that the person waits. The id of an event is told by its kind and
person, so that a rival that reads no JSON can write the same inbox row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from aiokafka import AIOKafkaProducer

from shared.contracts import (
    AdviceOutcome,
    AskedBy,
    DecisionOutcome,
    Need,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    ProfileStated,
    Rung,
)
from shared.contracts.base import Data, Stream
from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics

EMMEN: Final = "0114"
GUIDE: Final = "menso"
ADVISOR: Final = "uwv"
MUNICIPALITY: Final = "gemeente-emmen"
SOURCES: Final = {
    GUIDE: "urn:nld:kvknr:90000002:systeem:bench",
    ADVISOR: "urn:nld:oin:00000099000000363000:systeem:bench",
    MUNICIPALITY: "urn:nld:oin:00000099000000114000:systeem:bench",
}
_DAY: Final = date(2021, 3, 1)
_MOMENT: Final = datetime(2021, 3, 1, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as it lies on a topic."""

    topic: str
    key: bytes
    value: bytes


def people(count: int) -> list[str]:
    """Ids of so many people."""
    return [f"p-{number:07d}" for number in range(count)]


def registered(person: str) -> Event:
    """The guide registers the person."""
    data = ParticipantRegistered(
        participant=person,
        municipality=EMMEN,
        rung=Rung.WORK_WITH_BENEFIT,
        registered_on=_DAY,
        school_leaver=False,
    )
    return _event("registered", GUIDE, data)


def profiled(person: str) -> Event:
    """The guide states what the person can and needs."""
    data = ProfileStated(
        participant=person,
        hours_min=Decimal(16),
        hours_max=Decimal(28),
        postcode4="7811",
        max_travel_km=12,
        kinds=("groen", "montage"),
        needs=(Need.OWN_PACE,),
        available_from=_DAY,
    )
    return _event("profiled", GUIDE, data)


def advised(person: str) -> Event:
    """UWV advises sheltered work."""
    data = ParticipantAdvised(
        participant=person,
        outcome=AdviceOutcome.POSITIVE,
        requested_on=_DAY,
        received_on=_DAY,
        advised_on=_DAY,
        asked_by=AskedBy.MUNICIPALITY,
    )
    return _event("advised", ADVISOR, data)


def decided(person: str) -> Event:
    """The municipality grants it."""
    data = ParticipantDecided(
        participant=person,
        municipality=EMMEN,
        outcome=DecisionOutcome.GRANTED,
        decided_on=_DAY,
        decided_by="team-werk-14",
    )
    return _event("decided", MUNICIPALITY, data)


def on_topics(events: Iterable[Event], topics: Topics, *, at_the_door: bool = False) -> list[Sent]:
    """Events as records, on the streams that services read or in their partners' inboxes."""
    return [
        Sent(
            topics.of(event.partner, Stream.INBOX if at_the_door else event.stream),
            event.key.encode(),
            encode(event),
        )
        for event in events
    ]


async def preload(bootstrap: str, records: Sequence[Sent]) -> None:
    """Put records on their topics, in order, and wait until the broker has them all."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=256 * 1024
    )
    await producer.start()
    try:
        sent = [await producer.send(record.topic, record.value, key=record.key) for record in records]
        for each in sent:
            await each
    finally:
        await producer.stop()


def _event(kind: str, partner: str, data: Data) -> Event:
    return Event(
        id=f"{kind}-{data.kafka_key}",
        source=SOURCES[partner],
        time=_MOMENT,
        key=data.kafka_key,
        data=data,
        partner=partner,
        stream=data.STREAM,
    )
