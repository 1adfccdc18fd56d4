"""A slow and obvious ledger: day by day, from the facts as they were stated, with nothing kept.

It says the same as the service in other words, so that both are wrong in the same way by bad luck only.
No spell, no stock, no period: for one day and one moment it asks of each contract whether it counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.quota.rules.contracts import Said, Statement
from services.quota.rules.figures import Counts, Question
from services.quota.rules.policies import NOTHING, Tally
from services.quota.world import World
from shared.contracts import ContractKind, Rung, Scheme


@dataclass(frozen=True)
class Standing:
    """A contract on a day."""

    hours: Decimal
    fund: str


def known_of(rows: Iterable[Any], moment: datetime | None) -> list[Any]:
    return [row for row in rows if moment is None or row.known_at < moment]


def home(world: World, participant: str, day: date, moment: datetime | None) -> str | None:
    """Where the person lives: the fact from the last day before it; before the first day, the first."""
    facts = [d for d in known_of(world.domiciles, moment) if d.participant == participant]
    facts.sort(key=lambda d: (d.from_on, d.known_at, d.fact))
    before = [d for d in facts if d.from_on <= day]
    if before:
        return str(before[-1].municipality)
    earliest = [d for d in facts if d.from_on == facts[0].from_on]
    return str(earliest[-1].municipality) if earliest else None


def terms_on(said: list[Statement], day: date) -> Statement | None:
    """The statement that holds on a day, by playing the statements one after the other on that day."""
    holds: tuple[date, Statement] | None = None
    start: date | None = None
    planned: list[tuple[date, Statement]] = []
    for statement in sorted(said, key=lambda s: s.number):
        if statement.said is Said.STARTED:
            planned, start = [(statement.from_on, statement)], statement.from_on
        elif statement.said is Said.CHANGED:
            first = min((on for on, _ in planned), default=None)
            on = statement.from_on if first is None else max(statement.from_on, first)
            planned = [(d, s) for d, s in planned if d != on] + [(on, statement)]
        else:
            planned = [(d, s) for d, s in planned if d < statement.from_on] + [(statement.from_on, statement)]
    for on, statement in planned:
        if on <= day and (holds is None or on > holds[0]):
            holds = (on, statement)
    if holds is None or start is None or holds[1].contract is ContractKind.NONE:
        return None
    return None if holds[1].ends_on is not None and holds[1].ends_on < day else holds[1]


def standing(
    world: World, placement: str, participant: str, municipality: str, day: date, moment: datetime | None
) -> Standing | None:
    """The contract as it counts for this municipality on the day."""
    said = [s for s in known_of(world.statements, moment) if s.placement == placement]
    starts = sorted((s for s in said if s.said is Said.STARTED), key=lambda s: s.number)
    if not starts or (starts[-1].rung, starts[-1].scheme) != (Rung.SHELTERED_WORK, Scheme.PARTICIPATIEWET):
        return None
    holds = terms_on(said, day)
    if starts[-1].from_on.year < 2015 or holds is None:
        return None
    if home(world, participant, day, moment) != municipality:
        return None
    marks = [
        e
        for e in known_of(world.earmarks, moment)
        if (e.placement, e.municipality) == (placement, municipality) and e.from_on <= day
    ]
    marks.sort(key=lambda e: (e.from_on, e.number))
    fund = marks[-1].fund if marks else None
    return Standing(holds.hours, fund.value if fund else "")


def days_of(world: World) -> list[date]:
    """Every day on which anything can begin to be so."""
    found = {d.from_on for d in world.domiciles} | {s.from_on for s in world.statements}
    found |= {e.from_on for e in world.earmarks}
    return sorted(found)


def first_day(
    world: World, placement: str, participant: str, municipality: str, moment: datetime | None
) -> tuple[date, Standing] | None:
    """The first day on which the contract counts for the municipality."""
    starts = {s.from_on for s in world.statements if s.placement == placement}
    for day in sorted({*days_of(world), *starts}):
        found = standing(world, placement, participant, municipality, day, moment)
        if found is not None:
            return day, found
    return None


def count(world: World, codes: Iterable[str], question: Question) -> Counts:
    """Count, contract by contract."""
    in_force: dict[str, Tally] = {}
    agreed: dict[str, Tally] = {}
    there = set()
    whose = sorted(codes)
    for municipality in whose:
        for p in world.placements:
            now = standing(world, p.placement, p.participant, municipality, question.on, question.known)
            if now is not None:
                there.add(p.placement)
                in_force[now.fund] = in_force.get(now.fund, NOTHING) + Tally(1, now.hours)
    for municipality in whose:
        for p in world.placements:
            first = first_day(world, p.placement, p.participant, municipality, question.agreed)
            if first is not None and first[0] > question.on and p.placement not in there:
                fund, hours = first[1].fund, first[1].hours
                agreed[fund] = agreed.get(fund, NOTHING) + Tally(1, hours)
    held = [
        r
        for r in world.reservations
        if r.municipality in whose
        and r.expires_on is not None
        and r.requested_at < question.agreed
        and (r.closed_at is None or r.closed_at >= question.agreed)
        and r.placement not in there
    ]
    took = {
        r.placement
        for r in world.reservations
        if r.placement and r.closed_at and (question.known is None or r.closed_at < question.known)
    }
    waiting, bridged = on_list(world, whose, question)
    return Counts(
        in_force=in_force,
        agreed=agreed,
        held=sum((r.tally for r in held), NOTHING),
        without_reservation=len(there - took),
        waiting=waiting,
        bridged=bridged,
    )


def held(world: World, codes: Iterable[str], moment: datetime) -> Tally:
    """What is held against what is decided at a moment, reservation by reservation."""
    whose = set(codes)
    return sum((r.tally for r in world.reservations if r.municipality in whose and r.holds(moment)), NOTHING)


def on_list(world: World, codes: list[str], question: Question) -> tuple[int, int]:
    """Who waits, person by person, looking back from the day."""
    waiting = bridged = 0
    for person in sorted({w.participant for w in world.waits}):
        said = [w for w in known_of(world.waits, question.known) if w.participant == person]
        said = [w for w in sorted(said, key=lambda w: w.number) if w.from_on <= question.on]
        ins = [n for n, w in enumerate(said) if w.said == "joined"]
        if not ins or any(w.said == "left" for w in said[ins[-1] :]):
            continue
        if said[ins[-1]].municipality in codes:
            waiting += 1
            bridged += any(w.said == "bridged" for w in said[ins[-1] :])
    return waiting, bridged
