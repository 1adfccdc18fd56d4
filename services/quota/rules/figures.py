"""Figures of a day, as they were known on a day: two times, kept apart.

A contract of December that is stated in January changes the figure of 31 December, and not what was
known of it in the old year. Both can be asked for, and both give the same answer for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer

from services.quota.rules.mergers import Merger, whole
from services.quota.rules.numbers import Number, Target, numbers
from services.quota.rules.policies import NOTHING, Counting, Policy, Tally, counting
from services.quota.rules.room import FundRoom, Room, room
from services.quota.rules.spells import by
from shared.contracts import Amount, CalendarDate, Count, Fund, Hours, Municipality, Part, Unit, Year

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Question:
    """Which day, and as known when.

    Attributes:
        on: the day that the figure is about, at its end.
        known: only what was stated before this moment; None for all that is known.
        agreed: only what was agreed or held before this moment is so on that day, whatever came later.
    """

    on: date
    known: datetime | None
    agreed: datetime

    @classmethod
    def of(cls, on: date, known_on: date | None = None) -> Question:
        """The end of a day, as known at the end of a day."""
        known = None if known_on is None else end_of(known_on)
        return cls(on, known, end_of(on) if known is None else min(end_of(on), known))


@dataclass(frozen=True, slots=True)
class Basis:
    """What a municipality laid down, all versions of it: few rows, whatever the number of people."""

    municipality: str
    targets: Sequence[Target] = ()
    policies: Sequence[Policy] = ()
    mergers: Sequence[Merger] = ()

    def measure(self, question: Question) -> tuple[tuple[Number, ...], Counting]:
        """The year's numbers and how contracts are held against them, as known."""
        year_numbers = self.numbers_of(question.on, question.known)
        return year_numbers, counting(by(self.policies, question.known), year_numbers, question.on)

    def numbers_of(self, on: date, known: datetime | None) -> tuple[Number, ...]:
        """The numbers of the day's year."""
        made_of = whole(by(self.mergers, known), self.municipality, on)
        targets = [t for t in by(self.targets, known) if t.municipality in made_of.codes]
        return numbers(targets, on.year, made_of)

    def codes(self, question: Question) -> tuple[str, ...]:
        """The codes that make up the municipality on the day, as known."""
        return whole(by(self.mergers, question.known), self.municipality, question.on).codes


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted for a question.

    Attributes:
        in_force: contracts in force, by the fund they were assigned to or `IN_ORDER`.
        agreed: contracts agreed by then that start later, likewise.
        held: room held for proposals, and in how many reservations.
        without_reservation: contracts in force that no room was reserved for.
        waiting, bridged: people on the list, and how many of them have something to do meanwhile.
    """

    in_force: Mapping[str, Tally]
    agreed: Mapping[str, Tally]
    held: Tally
    without_reservation: int
    waiting: int
    bridged: int


Total = Annotated[
    Decimal,
    PlainSerializer(lambda value: int(value) if value == int(value) else float(value), when_used="json"),
]
"""Hours of all contracts together, in JSON a number."""


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


class Measures(Part):
    """The contracts in force, counted both ways; which of the two holds, `unit` says."""

    contracts: Amount
    """Each contract as one (Pw art. 10b(4) speaks of employment contracts)."""
    hours: Amount
    """Hours a week over the hours of one place."""
    hours_per_unit: Hours
    """The hours of one place."""


class Figures(Part):
    """A municipality's ledger on a day, as known on a day."""

    municipality: Municipality
    """Whose."""
    as_of: CalendarDate
    """The day the figures are about."""
    as_known_on: CalendarDate | None
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
    hours: Total
    """Their hours a week."""
    realised: Amount
    """Their places, as is counted."""
    both_ways: Measures
    """Their places by each of the two methods."""
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
    waiting: Count
    """People on the waiting list at the end of the day."""
    bridged: Count
    """How many of them have something to do meanwhile."""
    funds: tuple[FundFigures, ...]
    """The number and what fills it, in the order in which funds are filled."""


HOURS_OF_A_PLACE: Final = Decimal(31)
"""To show hours as places where no policy says how many make one: an example, and in no law."""


def figures(basis: Basis, counts: Counts, on: date, known_on: date | None = None) -> Figures:
    """The figures of the end of a day.

    Args:
        known_on: look only at what was stated by the end of this day; None for all there is.
    """
    year_numbers, measure = basis.measure(Question.of(on, known_on))
    current = sum(counts.in_force.values(), NOTHING)
    agreed = sum(counts.agreed.values(), NOTHING)
    occupied = {
        fund: counts.in_force.get(fund, NOTHING) + counts.agreed.get(fund, NOTHING)
        for fund in counts.in_force.keys() | counts.agreed.keys()
    }
    left = room(year_numbers, measure, occupied, counts.held)
    return Figures(
        municipality=basis.municipality,
        as_of=on,
        as_known_on=known_on,
        year=on.year,
        unit=measure.unit,
        target=sum((fund.number.places for fund in left.funds), _NONE),
        provisional=not left.funds or any(fund.number.provisional for fund in left.funds),
        contracts=current.contracts,
        hours=current.hours,
        realised=measure.places(measure.size(current)),
        both_ways=_both_ways(current, measure),
        starting=agreed.contracts,
        reserved=counts.held.contracts,
        free=max(sum((left.free_places(fund) for fund in left.funds), _NONE), _NONE),
        over=max(sum((_over(left, fund) for fund in left.funds), _NONE), _NONE),
        without_reservation=counts.without_reservation,
        waiting=counts.waiting,
        bridged=counts.bridged,
        funds=tuple(_shown(left, fund) for fund in left.funds),
    )


def end_of(day: date) -> datetime:
    """The moment at which a day is over in the Netherlands."""
    return datetime.combine(day + timedelta(days=1), time(), _AMSTERDAM)


def _both_ways(current: Tally, measure: Counting) -> Measures:
    per_unit = measure.hours_per_unit if measure.unit is Unit.HOURS else HOURS_OF_A_PLACE
    by_hours = Counting(Unit.HOURS, per_unit)
    return Measures(
        contracts=Decimal(current.contracts),
        hours=by_hours.places(current.hours),
        hours_per_unit=per_unit,
    )


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
