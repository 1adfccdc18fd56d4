"""Room under a municipality's number, as far as quota has told of it.

Matching asks for no more than it knows to be free; quota decides. What is not known is no limit, for
a request that is refused does no harm, and one that is never made leaves a place empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import CapacityChanged, ReservationRefused, Unit

RETRY_DAYS: Final = 7
"""After a refusal nothing is asked until quota tells something new, or this many days have passed."""

SILENCE_DAYS: Final = 42
"""So long after a request, quota's silence means that what it told last still holds."""

NOTHING: Final = Decimal(0)


class Capacity(Struct, frozen=True):
    """What quota told about one year, all of it facts.

    Two statements are kept: on one tick matching asks and quota tells, and which comes first is
    chance. So a tick goes by what was told before its own moment.
    """

    municipality: str
    year: int
    free: Decimal | None = None
    by_hours: bool = False
    told_at: datetime | None = None
    free_before: Decimal | None = None
    told_before: datetime | None = None
    refused_at: datetime | None = None
    refused_on: date | None = None


def told(known: Capacity | None, data: CapacityChanged, at: datetime) -> Capacity:
    """What is free now; over all funds together, for one fund's excess takes another's room."""
    row = known or Capacity(data.municipality, data.year)
    if row.told_at is not None and row.told_at < at:
        row = replace(row, free_before=row.free, told_before=row.told_at)
    return replace(
        row,
        free=sum((fund.free for fund in data.funds), NOTHING),
        by_hours=data.unit is Unit.HOURS,
        told_at=at,
    )


def refused(known: Capacity | None, data: ReservationRefused, at: datetime) -> Capacity:
    """There was no room at that moment."""
    row = known or Capacity(data.municipality, data.year)
    if row.refused_at is not None and row.refused_at > at:
        return row
    return replace(row, refused_at=at, refused_on=data.refused_on)


@dataclass(frozen=True, slots=True)
class Asked:
    """Room that was asked for and not given back."""

    at: datetime
    on: date
    cost: Decimal


def limit(known: Capacity | None, asked: Iterable[Asked], now: datetime, today: date) -> Decimal | None:
    """How many places can be asked for at a tick; None when no limit is known.

    What quota tells at a moment counts what was asked before it. What was asked since is taken off
    here, until quota tells anew.
    """
    if known is None:
        return None
    current = known.told_at is not None and known.told_at < now
    free, told_at = (known.free, known.told_at) if current else (known.free_before, known.told_before)
    if (
        known.refused_at is not None
        and known.refused_on is not None
        and (told_at is None or known.refused_at >= told_at)
        and today < known.refused_on + timedelta(days=RETRY_DAYS)
    ):
        return NOTHING
    if free is None or told_at is None:
        return None
    since = (a.cost for a in asked if a.at >= told_at and today < a.on + timedelta(days=SILENCE_DAYS))
    return max(free - sum(since, NOTHING), NOTHING)


def cost(known: Capacity | None, hours: Decimal, hours_per_unit: Decimal | None) -> Decimal:
    """What a job takes of it, in places."""
    if known is None or not known.by_hours or not hours_per_unit:
        return Decimal(1)
    return hours / hours_per_unit
