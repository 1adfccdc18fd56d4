"""Contracts and their history: what a host stated, and what is true of a day because of it.

Only employment contracts in sheltered work count for the number (Pw art. 10b(1)); placements without
one, all other rungs, and jobs under the old Wsw are known but not counted. Contracts are facts: they
count over the number too, and nothing here ends one. Illness, leave and secondment end no contract, so
they change nothing here: only hours, an extension, a permanent contract, a correction and an end do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import (
    ContractKind,
    PlacementChanged,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    Rung,
    Scheme,
)

PARTICIPATIEWET_FROM: Final = date(2015, 1, 1)
"""Sheltered work came with the Participatiewet; an older job at the same employer is one under the Wsw."""


class Said(StrEnum):
    """What a statement said of the placement."""

    STARTED = "started"
    CHANGED = "changed"
    ENDED = "ended"


class Placement(Struct, frozen=True):
    """A placement and whose it is.

    Attributes:
        host: the partner that stated it; nobody else's word about it counts.
    """

    placement: str
    participant: str
    host: str


class Statement(Struct, frozen=True):
    """One statement about a placement; all are kept, so that any day can be seen as it was known then.

    Attributes:
        number: 1 for the first about this placement.
        from_on: first day of what it says: of the placement, of the new terms, or without it.
        ends_on: last day planned, if any.
        hours: a week.
        place, rung, scheme: where, which rung and under which law; said at the start only.
        end_reason: why it ended; said at the end only.
        known_at: when it was stated.
    """

    placement: str
    number: int
    said: Said
    from_on: date
    ends_on: date | None
    hours: Decimal
    contract: ContractKind
    place: str | None
    rung: Rung | None
    scheme: Scheme | None
    end_reason: PlacementEndReason | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Term:
    """Days on which a contract stands with the same hours, both inclusive; no end is None.

    Attributes:
        ends_on: last day as it was planned, which the contract may not have reached or have passed.
    """

    from_on: date
    until_on: date | None
    hours: Decimal
    ends_on: date | None = None


Fact = PlacementStarted | PlacementChanged | PlacementEnded


def placed(data: PlacementStarted, host: str) -> Placement:
    """The placement that a host states to have started."""
    return Placement(data.placement, data.participant, host)


def stated(data: Fact, number: int, known_at: datetime) -> Statement:
    """A host's statement as a row."""
    match data:
        case PlacementStarted():
            return Statement(
                placement=data.placement,
                number=number,
                said=Said.STARTED,
                from_on=data.starts_on,
                ends_on=data.ends_on,
                hours=data.hours,
                contract=data.contract,
                place=data.place,
                rung=data.rung,
                scheme=data.scheme,
                end_reason=None,
                known_at=known_at,
            )
        case PlacementChanged():
            return _later(data.placement, number, Said.CHANGED, data.changed_on, known_at, data)
        case PlacementEnded():
            # The first day without it: then nothing is to be told apart between an end and new terms.
            first_without = data.ended_on + timedelta(days=1)
            return _later(data.placement, number, Said.ENDED, first_without, known_at, None, data.reason)


def _later(
    placement: str,
    number: int,
    said: Said,
    from_on: date,
    known_at: datetime,
    new: PlacementChanged | None,
    end_reason: PlacementEndReason | None = None,
) -> Statement:
    return Statement(
        placement=placement,
        number=number,
        said=said,
        from_on=from_on,
        ends_on=new.ends_on if new else None,
        hours=new.hours if new else Decimal(0),
        contract=new.contract if new else ContractKind.NONE,
        place=None,
        rung=None,
        scheme=None,
        end_reason=end_reason,
        known_at=known_at,
    )


def contradicts(data: Fact, host: str, known: Placement | None) -> bool:
    """True when the placement is another host's or another person's: then this is not theirs to state."""
    return known is not None and (known.host, known.participant) != (host, data.participant)


def start_of(statements: Iterable[Statement]) -> Statement | None:
    """The statement that says what the placement is: the last start, for that corrects the first."""
    starts = [statement for statement in statements if statement.said is Said.STARTED]
    return max(starts, key=lambda statement: statement.number, default=None)


def counts(start: Statement | None) -> bool:
    """True for a placement whose contracts count: sheltered work under the Participatiewet (art. 10b).

    A job from before that law is one under the Wsw, whatever its host states it under: since 2015 nobody
    comes into the Wsw, and before it there was no sheltered work.
    """
    return (
        start is not None
        and start.rung is Rung.SHELTERED_WORK
        and start.scheme is Scheme.PARTICIPATIEWET
        and start.from_on >= PARTICIPATIEWET_FROM
    )


def history(statements: Iterable[Statement]) -> list[tuple[Statement, date | None]]:
    """The statements in force, in order of day, each with its last day.

    New terms hold from their day on until the day of the next terms, whichever was stated first; of
    two for the same day the later statement holds. An end takes away all terms that were planned
    after it; terms stated later for a later day make the contract stand again from that day. A planned
    last day that passes without an extension is an end.
    """
    by_day: dict[date, Statement] = {}
    for statement in sorted(statements, key=lambda s: s.number):
        if statement.said is Said.STARTED:
            by_day = {statement.from_on: statement}
        elif statement.said is Said.CHANGED:
            by_day[max(statement.from_on, min(by_day, default=statement.from_on))] = statement
        else:
            by_day = {day: s for day, s in by_day.items() if day < statement.from_on}
            by_day[statement.from_on] = statement
    found = []
    days = sorted(by_day)
    for day, following in zip(days, [*days, None][1:], strict=True):
        statement = by_day[day]
        last_days = [following - timedelta(days=1)] if following is not None else []
        last_days += [statement.ends_on] if statement.ends_on is not None else []
        found.append((statement, day, min(last_days, default=None)))
    return [
        (statement if statement.from_on == day else _from(statement, day), until_on)
        for statement, day, until_on in found
    ]


def terms(statements: Iterable[Statement]) -> list[Term]:
    """The days on which the contract counts; see `history` and `counts`."""
    said = list(statements)
    if not counts(start_of(said)):
        return []
    return [
        Term(statement.from_on, until_on, statement.hours, statement.ends_on)
        for statement, until_on in history(said)
        if statement.contract is not ContractKind.NONE and (until_on is None or until_on >= statement.from_on)
    ]


def _from(statement: Statement, day: date) -> Statement:
    # Terms from before the start hold from the start.
    return replace(statement, from_on=day)
