"""Figures of a day, as they were known on a day: two times, kept apart.

A contract of December that is stated in January changes the figure of 31 December, and not what was
known of it in the old year. Both can be asked for, and both give the same answer for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from services.quota.rules.contracts import Placement, Statement, terms
from services.quota.rules.domicile import Domicile, stays
from services.quota.rules.numbers import Target, numbers
from services.quota.rules.policies import NOTHING, Policy, Tally, counting
from services.quota.rules.reservations import Reservation
from services.quota.rules.room import FundRoom, Room, room
from services.quota.rules.stock import Period, periods
from shared.contracts import Amount, CalendarDate, Count, Fund, Municipality, Part, Unit, Year

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_NONE: Final = Decimal(0)


class _Known(Protocol):
    @property
    def known_at(self) -> datetime: ...


K = TypeVar("K", bound=_Known)


@dataclass(frozen=True, slots=True)
class Basis:
    """All that the ledger knows of a municipality."""

    municipality: str
    targets: Sequence[Target]
    policies: Sequence[Policy]
    domiciles: Sequence[Domicile]
    placements: Sequence[Placement]
    statements: Sequence[Statement]
    reservations: Sequence[Reservation]


class FundFigures(Part):
    """One fund's part of the number."""

    fund: Fund
    """Who pays."""
    target: Amount
    """The number."""
    provisional: bool
    """Whether it could still change, or was carried over from an earlier year."""
    set_for: Year
    """The year it was set for; earlier than the year asked for when it was carried over."""
    published_on: CalendarDate
    """Day of publication."""
    source: str
    """Where it was published."""
    in_use: Amount
    """Contracts in force or agreed to start."""
    reserved: Amount
    """What is held for proposals."""
    free: Amount
    """What could be reserved; below zero when over the number."""


class Figures(Part):
    """A municipality's ledger on a day, as known on a day."""

    municipality: Municipality
    """Whose."""
    on: CalendarDate
    """The day the figures are about."""
    known_on: CalendarDate | None
    """Only what was known at the end of this day was looked at; null for all that is known."""
    year: Year
    """The year whose number applies."""
    unit: Unit
    """In what is counted."""
    target: Amount
    """All funds together."""
    provisional: bool
    """Whether any part of the number could still change; true when there is none."""
    contracts: Count
    """Employment contracts in force on the day."""
    hours: Amount
    """Their hours a week."""
    starting: Count
    """Contracts agreed by that day that start later."""
    reserved: Count
    """Reservations held at the end of the day."""
    free: Amount
    """Room left under the number, none when it is reached or passed."""
    over: Amount
    """How far contracts in force and agreed to start are over the number; nobody's job ends because of it."""
    without_reservation: Count
    """Contracts in force that no room was reserved for; they are facts and count."""
    funds: tuple[FundFigures, ...]
    """The number and what fills it, in the order in which funds are filled."""


def figures(basis: Basis, on: date, known_on: date | None = None) -> Figures:
    """The figures of the end of a day.

    Args:
        known_on: look only at what was stated by the end of this day; None for all there is.
    """
    known = None if known_on is None else end_of(known_on)
    # What is agreed or held on a day is so because it was known by then, whatever came to light later.
    moment = end_of(on) if known is None else min(end_of(on), known)
    year_numbers = numbers(_by(basis.targets, known), on.year)
    measure = counting(_by(basis.policies, known), year_numbers, on)

    in_force = {placement: period for placement, period in _contracts(basis, known) if period.covers(on)}
    agreed = [
        period
        for placement, period in _contracts(basis, moment)
        if period.first and period.from_on > on and placement not in in_force
    ]
    held = [r for r in basis.reservations if _held(r, moment) and r.placement not in in_force]
    current = _total(in_force.values())
    left = room(year_numbers, measure, current + _total(agreed), sum((r.tally for r in held), NOTHING))
    by_reservation = {r.placement for r in basis.reservations if known is None or _used(r, known)}
    return Figures(
        municipality=basis.municipality,
        on=on,
        known_on=known_on,
        year=on.year,
        unit=measure.unit,
        target=sum((fund.number.places for fund in left.funds), _NONE),
        provisional=not left.funds or any(fund.number.provisional for fund in left.funds),
        contracts=current.contracts,
        hours=current.hours,
        starting=len(agreed),
        reserved=len(held),
        free=max(sum((left.free_places(fund) for fund in left.funds), _NONE), _NONE),
        over=max(sum((_over(left, fund) for fund in left.funds), _NONE), _NONE),
        without_reservation=len(in_force.keys() - by_reservation),
        funds=tuple(_shown(left, fund) for fund in left.funds),
    )


def end_of(day: date) -> datetime:
    """The moment at which a day is over in the Netherlands."""
    return datetime.combine(day + timedelta(days=1), time(), _AMSTERDAM)


def _shown(left: Room, fund: FundRoom) -> FundFigures:
    version = fund.number.version
    return FundFigures(
        fund=fund.number.fund,
        target=fund.number.places,
        provisional=fund.number.provisional,
        set_for=version.year,
        published_on=version.published_on,
        source=version.source,
        in_use=left.counting.places(fund.in_use),
        reserved=left.counting.places(fund.reserved),
        free=left.free_places(fund),
    )


def _over(left: Room, fund: FundRoom) -> Decimal:
    return left.counting.places(fund.in_use) - fund.number.places


def _held(reservation: Reservation, moment: datetime) -> bool:
    closed_at = reservation.closed_at
    granted = reservation.expires_on is not None and reservation.requested_at < moment
    return granted and (closed_at is None or closed_at >= moment)


def _used(reservation: Reservation, known: datetime) -> bool:
    return reservation.closed_at is not None and reservation.closed_at < known


def _total(counted: Iterable[Period]) -> Tally:
    return sum((period.tally for period in counted), NOTHING)


def _by(rows: Iterable[K], known: datetime | None) -> list[K]:
    return [row for row in rows if known is None or row.known_at < known]


def _contracts(basis: Basis, known: datetime | None) -> list[tuple[str, Period]]:
    """Every placement's periods in the municipality, as far as known."""
    said: dict[str, list[Statement]] = defaultdict(list)
    for statement in _by(basis.statements, known):
        said[statement.placement].append(statement)
    lived: dict[str, list[Domicile]] = defaultdict(list)
    for domicile in _by(basis.domiciles, known):
        lived[domicile.participant].append(domicile)
    return [
        (placement.placement, period)
        for placement in basis.placements
        for period in periods(
            terms(placement.rung, said[placement.placement]), stays(lived[placement.participant])
        )
        if period.municipality == basis.municipality
    ]
