"""What the ledger tells the region of a year: the number, what is in use, held and free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from msgspec import Struct

from services.quota.rules.numbers import Target
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.room import Room
from shared.contracts import CapacityChanged, FundCapacity

NEXT_YEAR_FROM_MONTH: Final = 10
"""From October on the next year is told of also without a number of its own: places are offered and
contracts are agreed across 1 January, and who does not know what is free then asks in vain."""


class Stated(Struct, frozen=True):
    """The capacity of a year as it was last stated, without its day."""

    municipality: str
    year: int
    said: dict[str, Any]


def days(targets: Iterable[Target], today: date) -> list[tuple[int, date]]:
    """The years that are told about, each with the day it is looked at.

    This year always, also while it runs on last year's number or on none; next year as it will stand on
    1 January, once it has a number of its own, and in the last quarter in any case.
    """
    this_year = [(today.year, today)]
    has_its_own = any(target.year == today.year + 1 and target.counts for target in targets)
    if has_its_own or today.month >= NEXT_YEAR_FROM_MONTH:
        return [*this_year, (today.year + 1, date(today.year + 1, 1, 1))]
    return this_year


def held_before(reservations: Iterable[Reservation], tick: datetime, today: date) -> Tally:
    """What is held as far as it was asked for before the tick, and does not expire with it.

    On the same tick matching asks for room and gives room back. Whether that is known already when
    the tick is processed is chance, so it counts from the next tick on.
    """
    return sum(
        (
            r.tally
            for r in reservations
            if r.holds(tick)
            and r.requested_at < tick
            and not r.overdue(today)
            and r.state is not State.EXPIRED
        ),
        NOTHING,
    )


def capacity(municipality: str, year: int, as_of: date, room: Room) -> CapacityChanged:
    """How full the year's number is; without any number there is no fund, and so nothing free."""
    return CapacityChanged(
        municipality=municipality,
        year=year,
        as_of=as_of,
        unit=room.counting.unit,
        provisional=not room.funds or any(fund.number.provisional for fund in room.funds),
        funds=tuple(
            FundCapacity(
                fund=fund.number.fund,
                target=fund.number.places,
                in_use=room.counting.places(fund.in_use),
                reserved=room.counting.places(fund.reserved),
                free=room.free_places(fund),
            )
            for fund in room.funds
        ),
    )


def stated(data: CapacityChanged) -> Stated:
    """The statement as it is compared with the next one: its day alone is no news."""
    return Stated(data.municipality, data.year, data.model_dump(mode="json", exclude={"as_of"}))
