"""The number that a year runs on, per fund (Pw art. 10b(4) and (5))."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from shared.contracts import Fund, TargetSet, Unit

FUND_ORDER: Final = (Fund.MINISTRY, Fund.REDISTRIBUTION, Fund.COUNCIL)
"""Others' money first: the council adds to what the ministry pays for, not the other way (Pw art. 10b(5))."""


@dataclass(frozen=True, slots=True)
class Target:
    """One published version of a number; a later version replaces it and does not erase it.

    Attributes:
        version: 1 for the first that was stated for the year and fund.
        number: places.
        known_at: when it was stated, which may be long after it took effect.
    """

    municipality: str
    year: int
    fund: Fund
    version: int
    number: Decimal
    unit: Unit
    hours_per_unit: Decimal | None
    provisional: bool
    published_on: date
    source: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """What a fund's number is for a year.

    Attributes:
        provisional: it can still change, or it is last year's.
        version: the statement it comes from; its year says whether it was carried over.
    """

    fund: Fund
    places: Decimal
    provisional: bool
    version: Target


def recorded(data: TargetSet, known_at: datetime, before: Iterable[Target]) -> Target:
    """The statement as the next version for its year and fund."""
    earlier = sum(1 for target in before if (target.year, target.fund) == (data.year, data.fund))
    return Target(
        municipality=data.municipality,
        year=data.year,
        fund=data.fund,
        version=earlier + 1,
        number=data.number,
        unit=data.unit,
        hours_per_unit=data.hours_per_unit,
        provisional=data.provisional,
        published_on=data.published_on,
        source=data.source,
        known_at=known_at,
    )


def numbers(targets: Sequence[Target], year: int) -> tuple[Number, ...]:
    """Each fund's number for the year, in the order in which funds are filled.

    The ministry's regulation lapses on 31 December and the next one may come weeks later, with effect
    from 1 January. Until then the year runs on the last number there is, marked provisional; a fund
    that stops is stated as 0.
    """
    found = []
    for fund in FUND_ORDER:
        versions = [target for target in targets if target.fund is fund and target.year <= year]
        if not versions:
            continue
        last = max(versions, key=lambda target: (target.year, target.version))
        found.append(Number(fund, last.number, last.provisional or last.year < year, last))
    return tuple(found)
