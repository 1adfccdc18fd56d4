"""One batch in memory: every event in its order, parked ones when their turn comes. No I/O."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts.base import Data
from shared.messaging.dead_letters import HELD, DeadLetter, Hold
from shared.messaging.event import Event, Unreadable, derive, passed_on
from shared.messaging.identity import Cause
from shared.messaging.refusal import Refusal, Refused
from shared.messaging.registry import Registry
from shared.messaging.service import Draft, Emit, Outcome, PassOn, Record, Service, Status

log = logging.getLogger(__name__)

W = TypeVar("W")

_HOLDING = frozenset({"schema.invalid", "size.too-large"})
"""Refusals after which the key's order is in doubt. Others were never their sender's to state."""


class Arrival(Struct, frozen=True):
    """A record on its way through a batch.

    Attributes:
        settled: what became of it at the door already, if anything.
        parked: number in the table of parked events, when it comes from there.
    """

    record: Record
    event: Event | None = None
    settled: Outcome | None = None
    waits_for: tuple[str, ...] = ()
    parked: int | None = None


@dataclass(slots=True)
class Result:
    """What a batch leaves to be written."""

    by_record: dict[int, Outcome] = field(default_factory=dict)
    stated: list[Event] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    parked: dict[int, Arrival] = field(default_factory=dict)
    unparked: list[int] = field(default_factory=list)
    forgotten: list[Event] = field(default_factory=list)
    """What became a dead letter: it takes effect when it is redriven."""
    refused: list[tuple[Event, Record]] = field(default_factory=list)
    """Each with the record that it came as, which may have been parked until now."""
    later: list[Outcome] = field(default_factory=list)
    """What became at last of events that earlier batches parked; nobody waits for these answers."""

    def settle(self, outcome: Outcome) -> None:
        """Note what became of a record; what came later in the batch counts."""
        self.by_record[id(outcome.record)] = outcome

    def outcomes(self, records: Sequence[Record]) -> list[Outcome]:
        """What became of these records, in their order."""
        return [self.by_record[id(record)] for record in records]


class Batch(Generic[W]):
    """Decides and evolves event by event; what it was given is never half applied.

    Args:
        operator: the partner in whose name the service states its own events.
        replaying: evolve alone; nothing is decided and nothing stated, since the log has it already.
    """

    def __init__(
        self, service: Service[W], registry: Registry, operator: str, world: W, *, replaying: bool = False
    ) -> None:
        self._replaying = replaying
        self._service = service
        self._registry = registry
        self._operator = operator
        self._world = world
        self._waiting = _Waiting()
        self._held: dict[tuple[str, bytes | None], list[Hold]] = defaultdict(list)
        self.result = Result()

    def run(self, arrivals: Iterable[Arrival], parked: Sequence[Arrival], news: Iterable[str] = ()) -> Result:
        """Take the arrivals in order.

        Args:
            parked: events of earlier batches that may be waiting for something in this one.
            news: names that became known outside the service, such as a partner that registered.
        """
        for arrival in parked:
            self._waiting.add(arrival)
        self._release(set(news))
        for arrival in arrivals:
            if arrival.settled is not None:
                self._settle(arrival.settled)
            elif self._is_held(arrival.record):
                self._hold(arrival)
            else:
                self._take(arrival)
        return self.result

    def _take(self, arrival: Arrival) -> None:
        event = arrival.event
        assert event is not None  # noqa: S101 - an arrival without an event is settled at the door
        try:
            missing = arrival.waits_for or tuple(self._service.missing(self._world, event))
            drafts = () if missing or self._replaying else self._service.decide(self._world, event)
        except Refused as refused:
            self._refuse(arrival, refused.refusal)
            return
        except Exception as error:  # noqa: BLE001 - whatever a rule throws, the partition must move on
            self._poison(arrival, error)
            return
        if not missing and self._unsourced(drafts):
            missing = (f"partner:{self._operator}",)
        if missing:
            self._park(arrival, missing)
            return
        self._service.evolve(self._world, event)
        for ordinal, draft in enumerate(drafts):
            own = self._state(event, ordinal, draft)
            self._service.evolve(self._world, own)
            self.result.stated.append(own)
        if arrival.parked is None:
            self.result.settle(Outcome(arrival.record, Status.ACCEPTED, event))
        else:
            self.result.unparked.append(arrival.parked)
            self.result.later.append(Outcome(arrival.record, Status.ACCEPTED, event))
        if self._waiting:
            self._release(set(self._service.provides(event)))

    def _release(self, names: set[str]) -> None:
        """Give parked events another try, oldest first, when what they wait for has come."""
        for arrival in self._waiting.take(names):
            self.result.parked.pop(id(arrival.record), None)
            settled = arrival.settled
            if settled is not None and settled.status is Status.REFUSED and settled.refusal is not None:
                self._refuse(arrival, settled.refusal)
                continue
            if arrival.event is None:
                continue  # a version that does not want its type leaves it parked
            if self._is_held(arrival.record):
                self._hold(arrival)
                continue
            self._take(replace(arrival, waits_for=self._still_unknown(arrival, names)))

    def _still_unknown(self, arrival: Arrival, names: set[str]) -> tuple[str, ...]:
        # A partner is known to the registry and not to the service, which is asked about the rest.
        return tuple(n for n in arrival.waits_for if n.startswith("partner:") and n not in names)

    def _park(self, arrival: Arrival, missing: Sequence[str]) -> None:
        waiting = replace(arrival, waits_for=tuple(missing))
        self._waiting.add(waiting)
        self.result.parked[id(waiting.record)] = waiting
        if arrival.parked is None:
            self.result.settle(
                Outcome(arrival.record, Status.PARKED, arrival.event, waits_for=waiting.waits_for)
            )

    def _refuse(self, arrival: Arrival, refusal: Refusal) -> None:
        outcome = Outcome(arrival.record, Status.REFUSED, arrival.event, refusal)
        if arrival.parked is not None:
            self.result.unparked.append(arrival.parked)
            self.result.later.append(outcome)
        self._settle(outcome)

    def _settle(self, outcome: Outcome) -> None:
        self.result.settle(outcome)
        if outcome.status is not Status.REFUSED or outcome.refusal is None:
            return
        if outcome.event is not None:
            self.result.refused.append((outcome.event, outcome.record))
        if self._replaying:
            return
        answer = self._service.refused(outcome.record, outcome.event, outcome.refusal)
        if answer is None:
            holds = outcome.refusal.code in _HOLDING and outcome.record.key is not None
            self._bury(DeadLetter.of(outcome.record, outcome.refusal, holds=holds))
            return
        for ordinal, draft in enumerate(answer):
            # What was refused may come again, and be refused for another reason: that is another answer.
            also = (draft.data.kafka_key,)
            self.result.stated.append(self._state(_cause_of(outcome), ordinal, draft, also))

    def _poison(self, arrival: Arrival, error: Exception) -> None:
        log.error("%s cannot be processed", arrival.record.topic, exc_info=error)
        letter = DeadLetter(arrival.record, type(error).__name__, str(error), holds=True)
        self._set_aside(arrival, letter)

    def _hold(self, arrival: Arrival) -> None:
        self._set_aside(
            arrival,
            DeadLetter(arrival.record, HELD, "waits behind another dead letter of its key", holds=True),
        )

    def _set_aside(self, arrival: Arrival, letter: DeadLetter) -> None:
        outcome = Outcome(arrival.record, Status.DEAD, arrival.event)
        if arrival.parked is not None:
            self.result.unparked.append(arrival.parked)
            self.result.later.append(outcome)
        self.result.settle(outcome)
        if arrival.event is not None:
            self.result.forgotten.append(arrival.event)
        self._bury(letter)

    def _bury(self, letter: DeadLetter) -> None:
        self.result.letters.append(letter)
        if letter.hold is not None:
            self.hold([letter.hold])

    def _is_held(self, record: Record) -> bool:
        return bool(self._held) and any(
            hold.holds(record) for hold in self._held.get((record.topic, record.key), ())
        )

    def hold(self, holds: Iterable[Hold]) -> None:
        """Let what follows there wait, as earlier batches left it."""
        for hold in holds:
            self._held[hold.topic, hold.key].append(hold)

    def _unsourced(self, drafts: Sequence[Draft]) -> bool:
        """True while the service would speak for an operator that the registry does not know yet."""
        return self._operator not in self._registry.partners and any(isinstance(d, Data) for d in drafts)

    def _state(self, cause: Cause, ordinal: int, draft: Draft, also: Iterable[str] = ()) -> Event:
        if isinstance(draft, PassOn):
            event = draft.event
            return passed_on(event, stream=event.data.STREAM, dataref=self._service.dataref(event))
        data, partner = (draft.data, draft.partner) if isinstance(draft, Emit) else (draft, None)
        operator = partner or self._operator
        source = self._registry.source_of(operator, self._service.name)
        if source is None:
            raise LookupError(f"{operator} is not in the registry, so nothing can be stated in its name")
        own = derive(cause, ordinal, data, partner=operator, source=source, also=also)
        dataref = self._service.dataref(own)
        return own if dataref is None else replace(own, dataref=dataref)


class _Waiting:
    """Parked events by what they wait for; a search through all would cost their square."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[int, Arrival]] = defaultdict(dict)
        self._turn: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Whether anybody ever waited; most batches have nobody."""
        return bool(self._turn)

    def add(self, arrival: Arrival) -> None:
        """Remember; one that was here before keeps its turn."""
        number = id(arrival.record)
        self._turn.setdefault(number, len(self._turn))
        for name in arrival.waits_for:
            self._by_name[name][number] = arrival

    def take(self, names: Iterable[str]) -> list[Arrival]:
        """Those that wait for any of these names, oldest first; they wait no longer."""
        ready: dict[int, Arrival] = {}
        for name in names:
            ready |= self._by_name.pop(name, {})
        for number, arrival in ready.items():
            for name in arrival.waits_for:
                self._by_name[name].pop(number, None)
        return [ready[number] for number in sorted(ready, key=self._turn.__getitem__)]


def _cause_of(outcome: Outcome) -> Cause:
    """What a refusal is caused by, also when the record could not be read as an event."""
    record = outcome.record
    return outcome.event or Unreadable.of(record.value or b"", record.timestamp_ms)
