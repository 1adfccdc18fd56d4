"""Which fund pays for which contract, where the municipality decided that for one contract.

The law knows a number per municipality and no fund per person (Pw art. 10b(4) and (5)), so contracts
fill the funds in their order. A municipality that answers for the council's money apart says of a
contract that the council pays it, from a day on; that is a move between funds, and a fact of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from msgspec import Struct

from shared.contracts import Fund, FundAssigned


class Earmark(Struct, frozen=True):
    """A statement of a municipality on who pays for a contract; all are kept.

    Attributes:
        number: 1 for the first of this municipality about this placement.
        fund: None when it is to fill the funds in their order again.
        known_at: when it was stated.
    """

    placement: str
    municipality: str
    number: int
    fund: Fund | None
    from_on: date
    reason: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays from a day to a day, both inclusive; None is without bound, and for the fund the order."""

    fund: Fund | None
    from_on: date | None
    until_on: date | None


def recorded(data: FundAssigned, known_at: datetime, before: Iterable[Earmark]) -> Earmark:
    """The statement as the next of its municipality about the placement."""
    number = sum(1 for earmark in before if earmark.municipality == data.municipality) + 1
    return Earmark(data.placement, data.municipality, number, data.fund, data.from_on, data.reason, known_at)


def payers(earmarks: Iterable[Earmark], municipality: str) -> list[Payer]:
    """Who pays for the contract while it counts for this municipality, in order of day.

    Of two statements from the same day the later one holds; one from a later day, said earlier, stays.
    """
    by_day: dict[date, Fund | None] = {}
    for earmark in sorted(earmarks, key=lambda e: e.number):
        if earmark.municipality == municipality:
            by_day[earmark.from_on] = earmark.fund
    found = [Payer(None, None, None)]
    for day in sorted(by_day):
        if by_day[day] is not found[-1].fund:
            last = found[-1]
            found[-1] = Payer(last.fund, last.from_on, day - timedelta(days=1))
            found.append(Payer(by_day[day], day, None))
    return found
