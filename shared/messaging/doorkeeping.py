"""From records to events: read, recognise the sender, say what will not be taken and why."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any, Final

from shared.contracts import ClockTicked, PartnerChanged, PartnerRegistered, RefusalCode
from shared.contracts.base import Stream
from shared.messaging.batch import Arrival
from shared.messaging.event import decode
from shared.messaging.refusal import Refusal
from shared.messaging.registry import Registry
from shared.messaging.service import Outcome, Record, Service, Status
from shared.messaging.topics import Topics

_PLUMBING: Final = frozenset({PartnerRegistered.TYPE, PartnerChanged.TYPE, ClockTicked.TYPE})
"""Types that every service takes, since each keeps its own copy of the registry and the clock."""

_COUNTED_ONLY: Final = frozenset({RefusalCode.TYPE_UNKNOWN})
"""A consumer passes these over: a newer partner may state what this version does not know yet."""


class Doorkeeper:
    """Sorts the records of a batch for one service.

    Args:
        own: partners whose own topics this process writes; what it reads there is its own.
    """

    def __init__(self, service: Service[Any], topics: Topics, own: Container[str]) -> None:
        self._service = service
        self._topics = topics
        self._own = own
        self._wanted = service.types | _PLUMBING

    def sort(self, records: Sequence[Record], registry: Registry, now: datetime) -> list[Arrival]:
        """One arrival for each record, in the same order."""
        return [self.judge(self.read(record), registry, now) for record in records]

    def read(self, record: Record) -> Arrival:
        """What can be said of a record without knowing the registry: what is passed over, for one."""
        if record.trusted is not None:
            return Arrival(record, record.trusted)
        try:
            partner, stream = self._topics.parse(record.topic)
        except ValueError as error:
            return _refused(record, Refusal(RefusalCode.SCHEMA_INVALID, str(error)))
        if record.value is None:
            if stream is Stream.REGISTRY:
                return Arrival(record, settled=Outcome(record, Status.SKIPPED))
            return _refused(record, Refusal(RefusalCode.TYPE_UNKNOWN, "a tombstone means nothing here"))
        at_the_door = stream is Stream.INBOX
        if partner in self._own and not at_the_door and self._service.states_on(stream):
            return Arrival(record, settled=Outcome(record, Status.SKIPPED))
        event = decode(
            record.value, partner=partner, stream=stream, wanted=None if at_the_door else self._wanted
        )
        if event is None:
            return Arrival(record, settled=Outcome(record, Status.SKIPPED))
        if isinstance(event, Refusal):
            if event.code in _COUNTED_ONLY and not at_the_door:
                return Arrival(record, settled=Outcome(record, Status.SKIPPED, refusal=event))
            return _refused(record, event)
        return Arrival(record, event)

    def judge(self, arrival: Arrival, registry: Registry, now: datetime) -> Arrival:
        """Whether an event that was read is its sender's to state."""
        record, event = arrival.record, arrival.event
        if event is None or record.trusted is not None:
            return arrival
        if event.partner and event.partner not in registry.partners:
            return Arrival(record, event, waits_for=(f"partner:{event.partner}",))
        objection = registry.objection(event) or self._service.objection(event, record, now)
        if objection is not None:
            return Arrival(record, event, Outcome(record, Status.REFUSED, event, objection))
        return arrival


def _refused(record: Record, refusal: Refusal) -> Arrival:
    return Arrival(record, settled=Outcome(record, Status.REFUSED, refusal=refusal))
