"""The events of the measurements: people on their way to the waiting list and from there to a contract.

A person is registered and profiled by the guide, advised by UWV and granted sheltered work by the
municipality; matching states that the person waits and asks for room, and an employer states that the
contract has started. The id of an event is told by its kind and person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.contracts import (
    AdviceOutcome,
    AskedBy,
    DecisionOutcome,
    Fund,
    Need,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    PlacementStarted,
    ProfileStated,
    ReservationRequested,
    Rung,
    TargetSet,
    WaitingJoined,
)
from shared.contracts.base import Data, Stream
from shared.contracts.placements import ContractKind
from shared.contracts.vocabulary import Unit
from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics

EMMEN: Final = "0114"
GUIDE: Final = "menso"
ADVISOR: Final = "uwv"
MUNICIPALITY: Final = "gemeente-emmen"
EMPLOYER: Final = "emco"
SOURCES: Final = {
    GUIDE: "urn:nld:kvknr:90000002:systeem:bench",
    ADVISOR: "urn:nld:oin:00000099000000363000:systeem:bench",
    MUNICIPALITY: "urn:nld:oin:00000099000000114000:systeem:bench",
    EMPLOYER: "urn:nld:kvknr:90000001:systeem:bench",
}
PERSON: Final = "p-"
"""How everybody's id begins; seven figures follow."""
PLACE: Final = "emco-groen-12"
_DAY: Final = date(2021, 3, 1)
_BATCH_BYTES: Final = 256 * 1024
_PARTITIONER: Final = DefaultPartitioner()
_MOMENT: Final = datetime(2021, 3, 1, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as it lies on a topic."""

    topic: str
    key: bytes
    value: bytes


def people(count: int, first: int = 0) -> list[str]:
    """Ids of so many people, numbered from `first`."""
    return [f"{PERSON}{number:07d}" for number in range(first, first + count)]


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


def target(person: str) -> Event:
    """The municipality's number: more than there are people, so that nobody is refused.

    Args:
        person: makes it another statement, of the same number.
    """
    data = TargetSet(
        municipality=EMMEN,
        year=_DAY.year,
        fund=Fund.MINISTRY,
        number=Decimal(1_000_000),
        unit=Unit.CONTRACTS,
        provisional=False,
        published_on=_DAY,
        source="made up for measurements",
    )
    return _event("target", MUNICIPALITY, data, person=person)


def joined(person: str) -> Event:
    """Matching states that the person waits."""
    data = WaitingJoined(
        participant=person,
        municipality=EMMEN,
        joined_on=_DAY,
        requested_on=_DAY,
        advised_on=_DAY,
        decided_on=_DAY,
        school_leaver=False,
    )
    return _event("joined", GUIDE, data)


def reserved(person: str, day: int = 0) -> Event:
    """Matching asks for room, so many days later."""
    sample = ReservationRequested.sample()
    data = sample.model_copy(
        update={
            "reservation": f"res-{person}",
            "municipality": EMMEN,
            "participant": person,
            "place": PLACE,
            "year": _DAY.year,
            "requested_on": _DAY + timedelta(days=day),
        }
    )
    return _event("reserved", GUIDE, data, person=person, day=day)


def started(person: str, day: int = 0) -> Event:
    """The employer states that the contract has started, so many days later."""
    data = PlacementStarted(
        placement=f"pl-{person}",
        participant=person,
        place=PLACE,
        rung=Rung.SHELTERED_WORK,
        starts_on=_DAY + timedelta(days=day),
        ends_on=_DAY + timedelta(days=day + 364),
        hours=Decimal("27.5"),
        contract=ContractKind.TEMPORARY,
    )
    return _event("started", EMPLOYER, data, day=day)


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


async def preload(bootstrap: str, records: Iterable[Sent | None]) -> None:
    """Put records on their topics, in order, and wait until the broker has them all.

    In batches made here: one at a time the client would take longer than what is measured.

    Args:
        records: after None, what is there already has an earlier time than what follows.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=_BATCH_BYTES
    )
    await producer.start()
    partitions: dict[str, Sequence[int]] = {}
    open_: dict[tuple[str, int], BatchBuilder] = {}
    sent: list[Any] = []
    try:
        for record in records:
            if record is None:
                await _finish(producer, open_, sent)
                continue
            if record.topic not in partitions:
                partitions[record.topic] = range(len(await producer.partitions_for(record.topic)))
            where = record.topic, int(_PARTITIONER(record.key, partitions[record.topic], ()))
            batch = open_.get(where)
            if batch is None or not _fits(batch, record):
                if batch is not None:
                    sent.append(await producer.send_batch(batch, where[0], partition=where[1]))
                batch = open_[where] = producer.create_batch()
                _fits(batch, record)
        await _finish(producer, open_, sent)
    finally:
        await producer.stop()


async def _finish(
    producer: AIOKafkaProducer, open_: dict[tuple[str, int], BatchBuilder], sent: list[Any]
) -> None:
    """Send what is open, and wait until the broker has all that was sent."""
    for (topic, partition), batch in open_.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)
    open_.clear()
    sent.clear()


def _fits(batch: BatchBuilder, record: Sent) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value) is not None


def _event(kind: str, partner: str, data: Data, *, person: str = "", day: int = 0) -> Event:
    return Event(
        id=f"{kind}-{person or data.kafka_key}",
        source=SOURCES[partner],
        time=_MOMENT + timedelta(days=day),
        key=data.kafka_key,
        data=data,
        partner=partner,
        stream=data.STREAM,
    )
