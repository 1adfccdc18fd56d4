"""The stock of contracts by day: a level, not an inflow.

The number is a level at the end of the year (the regulation's annex says "ultimo"), so contracts count
on over 1 January, and an ended one makes room. Kept as changes a day and not as a list of contracts:
the sum up to a day costs the same for ten contracts and for a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.quota.rules.contracts import Term
from services.quota.rules.domicile import Stay
from services.quota.rules.policies import NOTHING, Tally

Day = tuple[str, date]
"""A municipality and a day."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which one contract counts for one municipality, both inclusive; no end is None.

    Attributes:
        first: no earlier period of this contract counts for this municipality.
    """

    municipality: str
    from_on: date
    until_on: date | None
    hours: Decimal
    first: bool

    def covers(self, day: date) -> bool:
        """True when the contract counts on that day."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)

    @property
    def tally(self) -> Tally:
        """One contract and its hours."""
        return Tally(1, self.hours)


@dataclass(frozen=True, slots=True)
class Change:
    """What changes on a day.

    Attributes:
        in_force: contracts in force from this day, or no longer.
        starting: of those the ones that begin to count; until this day they are agreed and not in force.
    """

    in_force: Tally = NOTHING
    starting: Tally = NOTHING

    def __add__(self, other: Change) -> Change:
        return Change(self.in_force + other.in_force, self.starting + other.starting)

    def __sub__(self, other: Change) -> Change:
        return Change(self.in_force - other.in_force, self.starting - other.starting)


def periods(terms: Sequence[Term], stays: Sequence[Stay]) -> list[Period]:
    """Where and when a contract counts: for the municipality where the person lives on the day.

    The municipality of a person who moves "decides and pays from that day" (`participants.moved`).
    """
    found: list[Period] = []
    seen: set[str] = set()
    for term in terms:
        for stay in stays:
            from_on = max(term.from_on, stay.from_on or date.min)
            until_on = min(term.until_on or date.max, stay.until_on or date.max)
            if from_on > until_on:
                continue
            end = None if until_on == date.max else until_on
            found.append(Period(stay.municipality, from_on, end, term.hours, stay.municipality not in seen))
            seen.add(stay.municipality)
    return found


def changes(contracts: Iterable[Period]) -> dict[Day, Change]:
    """What the periods change, by municipality and day."""
    found: dict[Day, Change] = {}
    for period in contracts:
        starting = period.tally if period.first else NOTHING
        _add(found, (period.municipality, period.from_on), Change(period.tally, starting))
        if period.until_on is not None:
            after = period.until_on + timedelta(days=1)
            _add(found, (period.municipality, after), Change(NOTHING - period.tally))
    return found


class Stock:
    """The levels that a batch looks at, and what the batch changes.

    Args:
        levels: contracts in force or agreed to start, for every municipality and day that will be
            asked for; None when `changed` is the whole book, as in a test without a database.
    """

    def __init__(self, levels: Mapping[Day, Tally] | None = None) -> None:
        self._levels = levels
        self.changed: dict[Day, Change] = {}

    def occupied(self, municipality: str, day: date) -> Tally:
        """Contracts in force on the day or starting later: what an open place must not be promised to.

        Raises:
            KeyError: the day was not loaded. Never read that as an empty ledger: it would grant places.
        """
        level = NOTHING if self._levels is None else self._levels[municipality, day]
        for (whose, changed_on), change in self.changed.items():
            if whose != municipality:
                continue
            if changed_on <= day:
                level += change.in_force
            else:
                level += change.starting
        return level

    def replace(self, before: Iterable[Period], after: Iterable[Period]) -> None:
        """Take the periods as they were out of the book, and put them in as they are."""
        for day, change in changes(before).items():
            _add(self.changed, day, Change() - change)
        for day, change in changes(after).items():
            _add(self.changed, day, change)


def _add(book: dict[Day, Change], day: Day, change: Change) -> None:
    total = book.get(day, Change()) + change
    if total == Change():
        book.pop(day, None)
    else:
        book[day] = total
