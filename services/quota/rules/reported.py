"""The figures of a month that is over, reported once: what comes to light later changes no report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from services.quota.rules.numbers import Number
from services.quota.rules.policies import NOTHING, Counting, Tally
from services.quota.rules.room import room
from shared.contracts import FiguresReported, ReportedFund, Unit


class Report(Struct, frozen=True):
    """What was reported of a municipality's day, as it was said."""

    municipality: str
    day: date
    said: dict[str, Any]


def month_before(today: date) -> date:
    """The last day of the month that is over."""
    return today.replace(day=1) - timedelta(days=1)


def report(
    municipality: str,
    on: date,
    today: date,
    numbers: Sequence[Number],
    counting: Counting,
    in_force: Mapping[str, Tally],
    listed: tuple[int, int],
) -> FiguresReported:
    """The figures of that day as they are known.

    Args:
        in_force: contracts in force, by the fund they were assigned to or in their order.
        listed: people who wait, and how many of them have a bridge.
    """
    left = room(numbers, counting, in_force, NOTHING)
    total = sum(in_force.values(), NOTHING)
    waiting, bridged = listed
    return FiguresReported(
        municipality=municipality,
        on=on,
        reported_on=today,
        year=on.year,
        unit=counting.unit,
        hours_per_unit=counting.hours_per_unit if counting.unit is Unit.HOURS else None,
        target=sum((fund.number.places for fund in left.funds), Decimal(0)),
        provisional=not left.funds or any(fund.number.provisional for fund in left.funds),
        contracts=total.contracts,
        hours=total.hours,
        realised=counting.places(counting.size(total)),
        waiting=waiting,
        bridged=bridged,
        funds=tuple(
            ReportedFund(
                fund=fund.number.fund,
                target=fund.number.places,
                realised=counting.places(fund.in_use),
                provisional=fund.number.provisional,
                set_for=fund.number.version.year,
                source=fund.number.version.source,
            )
            for fund in left.funds
        ),
    )


def kept(data: FiguresReported) -> Report:
    """The report as it is kept."""
    return Report(data.municipality, data.on, data.model_dump(mode="json"))
