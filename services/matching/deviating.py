"""Before the round: deviations from the order that a named person decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from services.matching.lining_up import Candidate, Table
from services.matching.rules import deviations, fit
from services.matching.rules.deviations import Deviation
from services.matching.ticking import Tick
from services.matching.world import World
from shared.contracts import DeviationOutcome, DeviationReported

Granted = tuple[Table, Candidate, Deviation]


def pending(world: World, tick: Tick) -> list[Deviation]:
    """Deviations to be tried, the one decided first going first."""
    found = [d for d in world.deviations if d.pending(tick.today) and d.municipality in (world.serves or ())]
    return sorted(found, key=lambda d: (d.decided_on, d.deviation))


def deviate(
    todo: Sequence[Deviation],
    line: Sequence[Candidate],
    resting: frozenset[str],
    tables: Sequence[Table],
    tick: Tick,
) -> Iterator[tuple[DeviationReported, Granted | None]]:
    """Try each deviation: what is reported of it, and what is given by it.

    Seats and room that are given are taken off the tables, so that the round goes on with what is left.
    """
    by_name = {(c.wait.participant, c.wait.municipality): c for c in line}
    gone: set[str] = set()
    for each in todo:
        candidate = by_name.get((each.participant, each.municipality))
        if candidate is None:
            yield deviations.report(each, DeviationOutcome.NOT_IN_LINE, tick.today), None
            continue
        table = next((t for t in tables if any(p.place == each.place for p in t.places)), None)
        outcome = _outcome(each, candidate, resting | gone, table)
        before = [
            c
            for c in line
            if c.wait.municipality == each.municipality
            and c.rank < candidate.rank
            and c.wait.participant not in resting | gone
            and each.place not in c.wait.declined
            and table is not None
            and fit.fits(c.profile, table.place(each.place))
        ]
        told = deviations.report(
            each,
            outcome,
            tick.today,
            rank=candidate.rank,
            policy=candidate.policy.policy,
            passed=len(before) if outcome is DeviationOutcome.PROPOSED else 0,
        )
        if outcome is not DeviationOutcome.PROPOSED or table is None:
            yield told, None
            continue
        gone.add(each.participant)
        table.free[each.place] -= 1
        if each.municipality in table.room:
            table.room[each.municipality] -= _cost(candidate, table, each)
        yield told, (table, candidate, each)


def _outcome(
    deviation: Deviation, candidate: Candidate, away: frozenset[str] | set[str], table: Table | None
) -> DeviationOutcome:
    if deviation.participant in away:
        return DeviationOutcome.NOT_AVAILABLE
    if table is None or table.free.get(deviation.place, 0) <= 0:
        return DeviationOutcome.NO_SEAT
    place = table.place(deviation.place)
    if deviation.municipality not in place.municipalities or not fit.fits(candidate.profile, place):
        return DeviationOutcome.NO_FIT
    left = table.room.get(deviation.municipality)
    if left is not None and _cost(candidate, table, deviation) > left:
        return DeviationOutcome.NO_ROOM
    return DeviationOutcome.PROPOSED


def _cost(candidate: Candidate, table: Table, deviation: Deviation) -> Decimal:
    hours = fit.job_hours(candidate.profile, table.place(deviation.place))
    return table.cost(candidate.wait.municipality, hours, candidate.hours_per_unit)
