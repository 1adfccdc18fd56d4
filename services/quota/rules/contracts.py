"""Contracts and their history: what a host stated, and what is true of a day because of it.

Only employment contracts in sheltered work count for the number (Pw art. 10b(1)); placements without
one, and all other rungs, are known but not counted. Contracts are facts: they count over the number
too, and nothing here ends one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from shared.contracts import ContractKind, PlacementChanged, PlacementEnded, PlacementStarted, Rung


class Said(StrEnum):
    """What a statement said of the placement."""

    STARTED = "started"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Placement:
    """A placement and whose it is.

    Attributes:
        host: the partner that stated it; nobody else's word about it counts.
    """

    placement: str
    participant: str
    place: str
    rung: Rung
    host: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about a placement; all are kept, so that any day can be seen as it was known then.

    Attributes:
        number: 1 for the first about this placement.
        from_on: first day of what it says: of the placement, of the new terms, or without it.
        ends_on: last day planned, if any.
        hours: a week.
        known_at: when it was stated.
    """

    placement: str
    number: int
    said: Said
    from_on: date
    ends_on: date | None
    hours: Decimal
    contract: ContractKind
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Term:
    """Days on which a contract stands with the same hours, both inclusive; no end is None."""

    from_on: date
    until_on: date | None
    hours: Decimal


Fact = PlacementStarted | PlacementChanged | PlacementEnded


def placed(data: PlacementStarted, host: str) -> Placement:
    """The placement that a host states to have started."""
    return Placement(data.placement, data.participant, data.place, data.rung, host)


def stated(data: Fact, number: int, known_at: datetime) -> Statement:
    """A host's statement as a row."""
    if isinstance(data, PlacementEnded):
        first_without = data.ended_on + timedelta(days=1)
        return Statement(
            data.placement, number, Said.ENDED, first_without, None, Decimal(0), ContractKind.NONE, known_at
        )
    said, from_on = (
        (Said.STARTED, data.starts_on)
        if isinstance(data, PlacementStarted)
        else (Said.CHANGED, data.changed_on)
    )
    return Statement(data.placement, number, said, from_on, data.ends_on, data.hours, data.contract, known_at)


def contradicts(data: Fact, host: str, known: Placement | None) -> bool:
    """True when the placement is another host's or another person's: then this is not theirs to state."""
    return known is not None and (known.host, known.participant) != (host, data.participant)


def terms(rung: Rung, statements: Iterable[Statement]) -> list[Term]:
    """The days on which the contract counts.

    New terms hold from their day on until the day of the next terms, whichever was stated first; of
    two for the same day the later statement holds. An end takes away all terms that were planned
    after it; terms stated later for a later day make the contract stand again from that day. A planned
    last day that passes without an extension is an end.
    """
    if rung is not Rung.SHELTERED_WORK:
        return []
    by_day: dict[date, Statement] = {}
    for statement in sorted(statements, key=lambda s: s.number):
        if statement.said is Said.STARTED:
            by_day = {statement.from_on: statement}
        elif statement.said is Said.CHANGED:
            by_day[max(statement.from_on, min(by_day, default=statement.from_on))] = statement
        else:
            by_day = {day: s for day, s in by_day.items() if day < statement.from_on}
            by_day[statement.from_on] = statement
    days = sorted(by_day)
    found = []
    for day, following in zip(days, [*days, None][1:], strict=True):
        statement = by_day[day]
        last_days = [following - timedelta(days=1)] if following is not None else []
        last_days += [statement.ends_on] if statement.ends_on is not None else []
        until_on = min(last_days, default=None)
        if statement.contract is not ContractKind.NONE and (until_on is None or until_on >= day):
            found.append(Term(day, until_on, statement.hours))
    return found
