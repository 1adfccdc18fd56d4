"""What a service is: load what a batch touches, decide, evolve, save. The runner does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar

from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from shared.contracts.base import CATALOGUE, Data, ServiceName, Stream
from shared.messaging.event import Event
from shared.messaging.refusal import Refusal
from shared.messaging.registry import Registry
from shared.messaging.transaction import Together

Connection: TypeAlias = "PoolConnectionProxy[Any]"
"""A pool's connection, inside the batch's transaction."""


EVERYTHING = "*"
"""A lock name: this event touches the whole of the service's state (a tick, a change of policy)."""


class Record(Struct, frozen=True):
    """A record as it came, from Kafka or from the HTTP door (which then has no offset)."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = -1
    offset: int = -1
    timestamp_ms: int = 0
    trusted: Event | None = None
    """The event itself, where the process made it (a tick of the wall clock) and no check is due."""

    @property
    def over_http(self) -> bool:
        """True when a caller is waiting for the answer."""
        return self.offset < 0


class Emit(Struct, frozen=True):
    """An event to state. `partner` is whose topic it goes to, when not the operator's own."""

    data: Data
    partner: str | None = None


class PassOn(Struct, frozen=True):
    """A partner's own event, to be put on that partner's stream with its id and source kept."""

    event: Event


Draft = Data | Emit | PassOn
"""What `decide` returns: bare data is stated by the operator on its own topic."""


class Status(StrEnum):
    """What became of a record."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    REFUSED = "refused"
    DEAD = "dead"
    SKIPPED = "skipped"


class Outcome(Struct, frozen=True):
    """What became of one record of a batch; for the door it is the receipt.

    Attributes:
        waits_for: for a parked event, what it builds on and is not known yet.
    """

    record: Record
    status: Status
    event: Event | None = None
    refusal: Refusal | None = None
    waits_for: tuple[str, ...] = ()


_STATED_ON: Final = {
    name: frozenset(model.STREAM for model in CATALOGUE.values() if model.SERVICE is name)
    for name in ServiceName
}
"""Intake also passes on what partners state; that is the streams of their own."""

W = TypeVar("W")
"""A service's world: the part of its state that a batch touches, in memory."""


class Service(ABC, Generic[W]):
    """The four verbs of a service, and what the runner must know to call them.

    `decide` and `evolve` are pure: no I/O, no clock, no randomness. State changes in `evolve` only,
    for others' facts and for the service's own events alike, so that a replay rebuilds it. Facts and
    own events change different fields, so that they may interleave in any way.
    """

    name: ClassVar[ServiceName]
    streams: ClassVar[frozenset[Stream]]
    """Streams of other partners (and services) that it subscribes to, besides the registry."""
    types: frozenset[str]
    """CloudEvents types it wants; others are passed over unread."""
    pace_s: ClassVar[float] = 0.020
    """From the beginning of one batch to that of the next at least, in seconds. A batch of one asks as many
    questions as one of 500, so batches that chase each other are small, many and slow."""
    tables: ClassVar[tuple[str, ...]]
    """Tables that a replay must rebuild exactly; not receipts, jobs and other things of the moment."""

    @abstractmethod
    def touches(self, event: Event) -> Iterable[str]:
        """Names of what the event may change; held as locks, so that two instances never race."""

    @abstractmethod
    def provides(self, event: Event) -> Iterable[str]:
        """Names that parked events may be waiting for, for example `participant:p-1`."""

    @abstractmethod
    def missing(self, world: W, event: Event) -> Sequence[str]:
        """Names that this event builds on and that are not known yet; it is parked until they are."""

    @abstractmethod
    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> W:
        """Read what the events touch, set-based, in as few statements as can be."""

    @abstractmethod
    def decide(self, world: W, event: Event) -> Sequence[Draft]:
        """What the service states because of this event, before it has taken effect.

        Raises:
            Refused: the event must not take effect.
        """

    @abstractmethod
    def evolve(self, world: W, event: Event) -> None:
        """Let the event, someone's fact or the service's own, take effect in the world."""

    @abstractmethod
    async def save(self, connection: Together, world: W) -> None:
        """Write what changed, set-based."""

    def own_streams(self) -> frozenset[Stream]:
        """Streams on which it states; a replay reads them."""
        return _STATED_ON[self.name]

    def states_on(self, stream: Stream) -> bool:
        """True for the streams that this service writes for those it works for."""
        return stream in _STATED_ON[self.name]

    def objection(self, event: Event, record: Record, now: datetime) -> Refusal | None:  # noqa: ARG002
        """A reason of the service's own to refuse an event unread by its rules."""
        return None

    def dataref(self, event: Event) -> str | None:  # noqa: ARG002 - a hook
        """Where the personal data belonging to an own event may be asked for."""
        return None

    def refused(self, record: Record, event: Event | None, refusal: Refusal) -> Sequence[Emit] | None:  # noqa: ARG002
        """Answer a refused record with events; None leaves it to the dead letters."""
        return None

    async def jobs(self, connection: Connection) -> int:  # noqa: ARG002
        """Work of the service's own that is under way outside the log, such as messages to be sent."""
        return 0

    async def record_outcomes(self, connection: Together, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of the batch (receipts), in the same transaction."""
