"""The stock of contracts by day: a level, not an inflow.

The number is a level at the end of the year (the regulation's annex says "ultimo"), so contracts count
on over 1 January, and an ended one makes room. Kept as changes a day and not as a list of contracts:
the sum up to a day costs the same for ten contracts and for a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.quota.rules.contracts import Term
from services.quota.rules.domicile import Stay
from services.quota.rules.earmarks import Earmark, payers
from services.quota.rules.policies import NOTHING, Tally
from shared.contracts import Fund

Day = tuple[str, date]
"""A municipality and a day."""

IN_ORDER: Final = ""
"""In place of a fund: of contracts that nobody assigned, which fill the funds in their order."""

Line = tuple[str, date, str]
"""A municipality, a day, and the fund that pays or `IN_ORDER`."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which one contract counts for one municipality, both inclusive; no end is None.

    Attributes:
        ends_on: last day as it was planned.
        first: no earlier period of this contract counts for this municipality.
        fund: who pays, where that was decided for this contract; else it fills the funds in their order.
    """

    municipality: str
    from_on: date
    until_on: date | None
    ends_on: date | None
    hours: Decimal
    first: bool
    fund: Fund | None

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


NO_CHANGE: Final = Change()

Levels = Mapping[Day, Mapping[str, Change]]
"""By municipality and day, and in it by fund: what is in force, and what is agreed to start."""


def periods(terms: Sequence[Term], stays: Sequence[Stay], earmarks: Sequence[Earmark] = ()) -> list[Period]:
    """Where and when a contract counts, and who pays: for the municipality where the person lives on the day.

    The municipality of a person who moves "decides and pays from that day" (`participants.moved`).
    """
    found: list[Period] = []
    seen: set[str] = set()
    for term in terms:
        for stay in stays:
            for payer in payers(earmarks, stay.municipality):
                from_on = max(term.from_on, stay.from_on or date.min, payer.from_on or date.min)
                until_on = min(*(day or date.max for day in (term.until_on, stay.until_on, payer.until_on)))
                if from_on > until_on:
                    continue
                found.append(
                    Period(
                        stay.municipality,
                        from_on,
                        None if until_on == date.max else until_on,
                        term.ends_on,
                        term.hours,
                        stay.municipality not in seen,
                        payer.fund,
                    )
                )
                seen.add(stay.municipality)
    return found


def changes(periods: Iterable[Period]) -> Iterator[tuple[Line, Change]]:
    """What the periods change, by municipality, day and fund."""
    for period in periods:
        tally, fund = period.tally, period.fund or IN_ORDER
        starting = tally if period.first else NOTHING
        yield (period.municipality, period.from_on, fund), Change(tally, starting)
        if period.until_on is not None:
            after = period.until_on + timedelta(days=1)
            yield (period.municipality, after, fund), Change(NOTHING - tally)


class Stock:
    """The levels that a batch looks at, and what the batch changes.

    A level that was asked for is kept and brought up to date when it is asked for again: so a request
    costs what happened since the one before it, and not what happened in the batch.

    Args:
        levels: for every municipality and day that will be asked for; None when `changed` is the whole
            book, as in a test without a database.
    """

    def __init__(self, levels: Levels | None = None) -> None:
        self._levels = levels
        self.changed: dict[Line, Change] = {}
        self._log: list[tuple[Line, Change]] = []
        self._asked: dict[Day, tuple[int, dict[str, Change]]] = {}

    def level(self, municipality: str, day: date) -> Mapping[str, Change]:
        """What is in force on the day and what is agreed to start later, by fund.

        Raises:
            KeyError: the day was not loaded. Never read that as an empty ledger: it would grant places.
        """
        asked = municipality, day
        if asked in self._asked:
            upto, found = self._asked[asked]
        else:
            upto, found = 0, {} if self._levels is None else dict(self._levels[asked])
        for (whose, changed_on, fund), change in self._log[upto:]:
            if whose == municipality:
                in_force = changed_on <= day
                now = Change(change.in_force, NOTHING) if in_force else Change(NOTHING, change.starting)
                found[fund] = found.get(fund, NO_CHANGE) + now
        self._asked[asked] = len(self._log), found
        return found

    def replace(self, before: Sequence[Period], after: Sequence[Period]) -> None:
        """Take the periods as they were out of the book, and put them in as they are."""
        if before == after:
            return
        for line, change in changes(before):
            self._enter(line, NO_CHANGE - change)
        for line, change in changes(after):
            self._enter(line, change)

    def _enter(self, line: Line, change: Change) -> None:
        self._log.append((line, change))
        known = self.changed.get(line)
        total = change if known is None else known + change
        if total == NO_CHANGE:
            self.changed.pop(line, None)
        else:
            self.changed[line] = total
