"""What a batch must have in hand for its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from services.quota.rules.reported import month_before
from services.quota.rules.reservations import looked_at
from services.quota.rules.stock import Day
from shared.contracts import (
    BridgeEnded,
    BridgeOffered,
    CapacityChanged,
    ClockTicked,
    FiguresReported,
    FundAssigned,
    MunicipalitiesMerged,
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
    WaitingJoined,
    WaitingLeft,
)
from shared.messaging.event import Event
from shared.messaging.registry import amsterdam_date


@dataclass(slots=True)
class Touched:
    """What the events of a batch name.

    Attributes:
        ledgers: municipalities whose number is looked at or changed.
        merging: a predecessor and who goes on, of each merger in the batch.
        asked: municipality and day for which the stock must be known.
        since: room given back from this moment on still counts; None when none is looked at.
        ticks: each reservation that holds room is looked at, and not only what they hold together.
        participants: whose contracts may count otherwise.
        waiting: people of whose wait something is told.
        holders: people for whom room may be held, and taken or given back.
        reported: municipality and day for which a report may be due.
    """

    ledgers: set[str] = field(default_factory=set)
    merging: set[tuple[str, str]] = field(default_factory=set)
    asked: set[Day] = field(default_factory=set)
    since: datetime | None = None
    ticks: bool = False
    participants: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    holders: set[str] = field(default_factory=set)
    placements: set[str] = field(default_factory=set)
    reservations: set[str] = field(default_factory=set)
    capacities: set[str] = field(default_factory=set)
    reported: set[Day] = field(default_factory=set)

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
        case ClockTicked():
            _touch_all(touched, event, serves)
        case ParticipantRegistered() | ParticipantMoved() as data:
            touched.participants.add(data.participant)
        case WaitingJoined() | BridgeOffered() | BridgeEnded() as data:
            touched.waiting.add(data.participant)
        case WaitingLeft() as data:
            touched.waiting.add(data.participant)
            touched.holders.add(data.participant)
        case PlacementStarted() | PlacementChanged() | PlacementEnded() as data:
            touched.participants.add(data.participant)
            touched.holders.add(data.participant)
            touched.placements.add(data.placement)
        case FundAssigned() as data:
            touched.placements.add(data.placement)
        case ReservationRequested() as data:
            touched.reservations.add(data.reservation)
            day = looked_at(data.year, amsterdam_date(event.time))
            touched.ask(data.municipality, day, event.time)
        case ProposalDeclined() | ProposalExpired() | ProposalWithdrawn() as data:
            touched.reservations.update([data.reservation] if data.reservation else [])
        case (
            ReservationGranted() | ReservationRefused() | ReservationReleased() | ReservationExpired()
        ) as data:
            touched.reservations.add(data.reservation)
        case ReservationUsed() as data:
            touched.reservations.add(data.reservation)
            touched.participants.add(data.participant)
        case _:
            _touch_municipality(touched, event)


def _touch_municipality(touched: Touched, event: Event) -> None:
    match event.data:
        case TargetSet() | PolicyAdopted() as data:
            touched.ledgers.add(data.municipality)
        case MunicipalitiesMerged() as data:
            touched.merging.update((code, data.municipality) for code in data.predecessors)
        case CapacityChanged() as data:
            touched.capacities.add(data.municipality)
        case FiguresReported() as data:
            touched.reported.add((data.municipality, data.on))


def _touch_all(touched: Touched, event: Event, serves: frozenset[str]) -> None:
    today = amsterdam_date(event.time)
    touched.ticks = True
    for municipality in serves:
        touched.capacities.add(municipality)
        touched.ask(municipality, today, event.time)
        touched.ask(municipality, date(today.year + 1, 1, 1), event.time)
        touched.ask(municipality, month_before(today), event.time)
        touched.reported.add((municipality, month_before(today)))
