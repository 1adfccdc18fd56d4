"""What a batch has in hand of the ledger, and what it must have in hand for its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeAlias, TypeVar

from services.quota.rules.capacity import Stated
from services.quota.rules.contracts import Placement, Statement, terms
from services.quota.rules.domicile import Domicile, stays
from services.quota.rules.numbers import Target
from services.quota.rules.policies import Policy
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.stock import Day, Period, Stock, periods
from shared.contracts import (
    CapacityChanged,
    ClockTicked,
    ParticipantMoved,
    ParticipantRegistered,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    PolicyAdopted,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    ReservationRequested,
    ReservationUsed,
    TargetSet,
    WaitingLeft,
)
from shared.messaging.event import Event
from shared.messaging.registry import amsterdam_date
from shared.messaging.rows import Key, Rows, Table

R = TypeVar("R")

TARGETS: Final = Table("targets", Target, "municipality", "year", "fund", "version")
POLICIES: Final = Table("policies", Policy, "municipality", "kind", "version")
DOMICILES: Final = Table("domiciles", Domicile, "participant", "fact")
PLACEMENTS: Final = Table("placements", Placement, "placement")
STATEMENTS: Final = Table("statements", Statement, "placement", "number")
RESERVATIONS: Final = Table("reservations", Reservation, "reservation")
CAPACITIES: Final = Table("capacities", Stated, "municipality", "year")


Groups: TypeAlias = Mapping[str, Callable[[Any], str | None]]
"""What a row belongs to, by name; None keeps it out."""

BY_MUNICIPALITY: Final[Groups] = {"municipality": lambda row: row.municipality}
BY_PARTICIPANT: Final[Groups] = {"participant": lambda row: row.participant}
BY_PLACEMENT: Final[Groups] = {"placement": lambda row: row.placement}
BY_WHAT_THEY_HOLD: Final[Groups] = {
    "holding": lambda row: row.municipality if row.expires_on is not None else None,
    "granted": lambda row: row.participant if row.state is State.GRANTED else None,
}


class Book(Rows[R]):
    """Rows that can also be had by something they belong to, in the order in which they came."""

    def __init__(self, table: Table[R], groups: Groups, rows: Iterable[R] = ()) -> None:
        super().__init__(table)
        self._key_of = table.key_of
        self._groups = groups
        self._of: dict[tuple[str, str | None], dict[Key, R]] = {}
        for row in rows:
            self._rows[self._key_of(row)] = row
            self._enter(row)

    def put(self, row: R) -> None:
        """Add the row, or put it in place of the one with the same key."""
        key = self._key_of(row)
        old = self.get(key)
        if old is not None:
            for name, group_of in self._groups.items():
                if group_of(old) != group_of(row):
                    self._of[name, group_of(old)].pop(key)
        super().put(row)
        self._enter(row)

    def of(self, group: str, value: str) -> list[R]:
        """The rows that belong to `value`."""
        return list(self._of.get((group, value), {}).values())

    def _enter(self, row: R) -> None:
        key = self._key_of(row)
        for name, group_of in self._groups.items():
            self._of.setdefault((name, group_of(row)), {})[key] = row


@dataclass(slots=True)
class World:
    """The part of the ledger that a batch touches; all of it, when made without arguments.

    Attributes:
        serves: municipalities whose ledger this is; None while the registry does not know the operator.
    """

    serves: frozenset[str] | None = None
    targets: Book[Target] = field(default_factory=lambda: Book(TARGETS, BY_MUNICIPALITY))
    policies: Book[Policy] = field(default_factory=lambda: Book(POLICIES, BY_MUNICIPALITY))
    domiciles: Book[Domicile] = field(default_factory=lambda: Book(DOMICILES, BY_PARTICIPANT))
    placements: Book[Placement] = field(default_factory=lambda: Book(PLACEMENTS, BY_PARTICIPANT))
    statements: Book[Statement] = field(default_factory=lambda: Book(STATEMENTS, BY_PLACEMENT))
    reservations: Book[Reservation] = field(default_factory=lambda: Book(RESERVATIONS, BY_WHAT_THEY_HOLD))
    capacities: Rows[Stated] = field(default_factory=lambda: Rows(CAPACITIES))
    stock: Stock = field(default_factory=Stock)

    def periods_of(self, participant: str) -> list[Period]:
        """Where and when the person's contracts count."""
        lived = stays(self.domiciles.of("participant", participant))
        return [
            period
            for placement in self.placements.of("participant", participant)
            for period in periods(
                terms(placement.rung, self.statements.of("placement", placement.placement)), lived
            )
        ]


@dataclass(slots=True)
class Touched:
    """What the events of a batch name.

    Attributes:
        ledgers: municipalities whose number is looked at or changed.
        asked: municipality and day for which the stock must be known.
        since: room given back from this moment on still counts; None when none is looked at.
    """

    ledgers: set[str] = field(default_factory=set)
    asked: set[Day] = field(default_factory=set)
    since: datetime | None = None
    participants: set[str] = field(default_factory=set)
    placements: set[str] = field(default_factory=set)
    reservations: set[str] = field(default_factory=set)
    capacities: set[str] = field(default_factory=set)

    def ask(self, municipality: str, day: date, at: datetime) -> None:
        """The room of this municipality on this day will be looked at."""
        self.ledgers.add(municipality)
        self.asked.add((municipality, day))
        self.since = at if self.since is None else min(self.since, at)


def touch(touched: Touched, event: Event, serves: frozenset[str]) -> None:
    """Add what the event names.

    Args:
        serves: municipalities of this ledger; a tick looks at them all.
    """
    match event.data:
        case TargetSet() | PolicyAdopted() as data:
            touched.ledgers.add(data.municipality)
        case ParticipantRegistered() | ParticipantMoved() | WaitingLeft() as data:
            touched.participants.add(data.participant)
        case PlacementStarted() | PlacementChanged() | PlacementEnded() as data:
            touched.participants.add(data.participant)
            touched.placements.add(data.placement)
        case ReservationRequested() as data:
            touched.reservations.add(data.reservation)
            touched.ask(data.municipality, amsterdam_date(event.time), event.time)
        case ProposalDeclined() | ProposalExpired() | ProposalWithdrawn() as data:
            touched.reservations.update([data.reservation] if data.reservation else [])
        case (
            ReservationGranted()
            | ReservationRefused()
            | ReservationReleased()
            | ReservationExpired()
            | ReservationUsed()
        ) as data:
            touched.reservations.add(data.reservation)
        case CapacityChanged() as data:
            touched.capacities.add(data.municipality)
        case ClockTicked():
            today = amsterdam_date(event.time)
            for municipality in serves:
                touched.capacities.add(municipality)
                touched.ask(municipality, today, event.time)
                touched.ask(municipality, date(today.year + 1, 1, 1), event.time)
