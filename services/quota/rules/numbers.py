"""The number that a year runs on, per fund (Pw art. 10b(4) and (5))."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.quota.rules.mergers import Whole
from shared.contracts import Fund, TargetSet, Unit

FUND_ORDER: Final = (Fund.MINISTRY, Fund.REDISTRIBUTION, Fund.COUNCIL)
"""Others' money first: the council adds to what the ministry pays for, not the other way (Pw art. 10b(5))."""

_LONGEST: Final = 500
"""Characters of a source, as the contract has it."""


class Target(Struct, frozen=True):
    """One published version of a number; a later version replaces it and does not erase it.

    Attributes:
        version: 1 for the first that was stated for the year and fund.
        number: places.
        counts: False for a figure of another source, kept to be compared: no year runs on it.
        reason: why it differs from what was stated before, if said.
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
    counts: bool
    reason: str | None
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


@dataclass(frozen=True, slots=True)
class Difference:
    """Another source has another number than the one that the year runs on (press: 36, annex: 35)."""

    runs_on: Target
    other: Target


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
        counts=data.counts,
        reason=data.reason,
        known_at=known_at,
    )


def numbers(targets: Sequence[Target], year: int, whole: Whole | None = None) -> tuple[Number, ...]:
    """Each fund's number for the year, in the order in which funds are filled.

    The ministry's regulation lapses on 31 December and the next one may come weeks later, with effect
    from 1 January. Until then the year runs on the last number there is, marked provisional; a fund
    that stops is stated as 0. A municipality that has merged runs on its own number once there is one
    from the year of the merger on, and until then on the sum of all that merged, marked provisional.

    Args:
        whole: what the municipality is made of, where codes merged.
    """
    found = []
    for fund in FUND_ORDER:
        counted = [t for t in targets if t.fund is fund and t.year <= year and t.counts]
        if whole is not None and whole.since is not None:
            own = [t for t in counted if t.municipality == whole.municipality and t.year >= whole.since]
            parts = [_last(own, year)] if own else _parts(counted, year)
            found += [_sum(parts)] if parts else []
        elif counted:
            found.append(_last(counted, year))
    return tuple(found)


def differences(targets: Sequence[Target]) -> list[Difference]:
    """Where the last figure of another source is not the number that the year runs on."""
    found = []
    for municipality, year, fund in sorted({(t.municipality, t.year, t.fund) for t in targets}):
        versions = [t for t in targets if (t.municipality, t.year, t.fund) == (municipality, year, fund)]
        counted = [t for t in versions if t.counts]
        if not counted:
            continue
        runs_on = max(counted, key=lambda t: t.version)
        last_of = {t.source: t for t in sorted(versions, key=lambda t: t.version) if not t.counts}
        found += [
            Difference(runs_on, other)
            for _, other in sorted(last_of.items())
            if (other.number, other.unit) != (runs_on.number, runs_on.unit)
        ]
    return found


def _last(versions: Sequence[Target], year: int) -> Number:
    last = max(versions, key=lambda target: (target.year, target.version))
    return Number(last.fund, last.number, last.provisional or last.year < year, last)


def _parts(versions: Sequence[Target], year: int) -> list[Number]:
    codes = sorted({target.municipality for target in versions})
    return [_last([t for t in versions if t.municipality == code], year) for code in codes]


def _sum(parts: Sequence[Number]) -> Number:
    if len(parts) == 1:
        return parts[0]
    newest = max((part.version for part in parts), key=lambda t: (t.year, t.known_at, t.municipality))
    places = sum((part.places for part in parts), Decimal(0))
    sources = " + ".join(
        f"{part.version.municipality}: {part.places} ({part.version.source})" for part in parts
    )
    shown = sources if len(sources) <= _LONGEST else sources[: _LONGEST - 1] + "…"
    return Number(newest.fund, places, True, replace(newest, number=places, source=shown))  # noqa: FBT003
