"""Contracts in two times: when it was so, and when that was known.

A spell says that a contract counts for a municipality from a day to a day, with these hours and this
fund, and that the ledger said so from a moment to a moment. What comes to light later ends the spell's
knowledge and begins another; it overwrites nothing. So the figure of any day, as it was known on any
day, is a sum over the spells that cover both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from services.quota.rules.contracts import Placement, Statement, terms
from services.quota.rules.domicile import Domicile, stays
from services.quota.rules.earmarks import Earmark
from services.quota.rules.stock import Period, periods
from shared.contracts import Fund


class Known(Protocol):
    """What became known at a moment."""

    @property
    def known_at(self) -> datetime:
        """When it was stated."""


K = TypeVar("K", bound=Known)


class Spell(Struct, frozen=True):
    """A period in which a contract counts, and the time in which the ledger knew it so.

    Attributes:
        from_on, until_on: both inclusive; no end is None.
        ends_on: last day as it was planned.
        first: no earlier period of this contract counts for this municipality.
        took_at: when the contract took the room that was held for it; None when none was.
        known_from: known after this moment.
        known_until: known up to this moment; None when it still is what is known.
    """

    placement: str
    participant: str
    municipality: str
    from_on: date
    until_on: date | None
    ends_on: date | None
    hours: Decimal
    first: bool
    fund: Fund | None
    took_at: datetime | None
    known_from: datetime
    known_until: datetime | None

    @property
    def period(self) -> Period:
        """Where and when it counts."""
        return Period(
            self.municipality,
            self.from_on,
            self.until_on,
            self.ends_on,
            self.hours,
            self.first,
            self.fund,
        )


def by(rows: Iterable[K], known: datetime | None) -> list[K]:
    """What was stated before a moment; everything for None."""
    return [row for row in rows if known is None or row.known_at < known]


def spells(
    placement: Placement,
    statements: Sequence[Statement],
    domiciles: Sequence[Domicile],
    earmarks: Sequence[Earmark],
    took_at: datetime | None = None,
) -> list[Spell]:
    """All that was ever known of where and when a contract counts.

    Made of the facts alone, whatever order they came in: a fact that tells of a moment before others
    takes its place between them.

    Args:
        took_at: when the contract took its reservation, which the ledger decides and which is no part of
            what was known: each figure compares it with its own moment.
    """
    facts: list[Known] = [*statements, *domiciles, *earmarks]
    # Before anything was said of the contract there is none.
    first = min((statement.known_at for statement in statements), default=None)
    moments = sorted({fact.known_at for fact in facts if first is not None and fact.known_at >= first})
    found: list[Spell] = []
    open_: dict[date, Spell] = {}
    for moment in moments:
        now = periods(
            terms(s for s in statements if s.known_at <= moment),
            stays(d for d in domiciles if d.known_at <= moment),
            [e for e in earmarks if e.known_at <= moment],
        )
        by_day = {period.from_on: period for period in now}
        for day, spell in list(open_.items()):
            if by_day.get(day) == spell.period:
                del by_day[day]
            else:
                found.append(replace(open_.pop(day), known_until=moment))
        for day, period in by_day.items():
            open_[day] = _known(placement, period, took_at, moment)
    return sorted([*found, *open_.values()], key=lambda s: (s.from_on, s.known_from))


def current(known: Iterable[Spell]) -> list[Period]:
    """What is known now."""
    return [spell.period for spell in known if spell.known_until is None]


def _known(placement: Placement, period: Period, took_at: datetime | None, moment: datetime) -> Spell:
    return Spell(
        placement.placement,
        placement.participant,
        period.municipality,
        period.from_on,
        period.until_on,
        period.ends_on,
        period.hours,
        period.first,
        period.fund,
        took_at,
        moment,
        None,
    )
