"""The last phase of a tick: the round, from what is known to requests for room and to reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from services.matching.deviating import deviate, pending
from services.matching.lining_up import Candidate, Table, candidates, tables
from services.matching.rules import fit, order, passing, proposals, weighing
from services.matching.rules.places import Place
from services.matching.rules.round import Outcome, Seeker, hold
from services.matching.rules.suiting import InLine, Suiting
from services.matching.rules.wishes import Wishes, wishes
from services.matching.ticking import Tick
from services.matching.world import World
from shared.contracts import (
    Alternative,
    AnsweredBy,
    Data,
    PassedOverReason,
    ProposalDraft,
    Reason,
    ReservationRequested,
    Rung,
)

_ALTERNATIVES: Final = 5
"""Other places shown with a proposal: enough to see what was weighed."""

_LEAST: Final = Decimal(1)
"""Hours a week by which somebody whom no place fits is held against the room."""

Why = tuple[PassedOverReason, dict[str, int]]


def propose(world: World, tick: Tick) -> Iterator[Data]:
    """Hold the round: ask for room in order of rank, and tell who was passed over and why."""
    line = candidates(world, tick)
    why: dict[str, list[Why]] = {candidate.wait.participant: [] for candidate in line}
    seekers = []
    for candidate in line:
        name = candidate.wait.participant
        rests = passing.rests(world.people.get(name), candidate.profile, tick.today)
        if rests is None:
            seekers.append(candidate)
        else:
            why[name].append((rests, {}))
    on_offer = tables(world, tick)
    before = {place: seats for table in on_offer for place, seats in table.free.items()}
    resting = frozenset(name for name, reasons in why.items() if reasons)
    for told, granted in deviate(pending(world, tick), line, resting, on_offer, tick):
        yield told
        if granted is not None:
            table, candidate, deviation = granted
            why.pop(candidate.wait.participant)
            yield _request(tick, table, candidate, deviation.place, deviation.why())
    suiting = Suiting([InLine(c.wait.municipality, c.profile) for c in seekers])
    for table in on_offer:
        yield from _round(world, tick, table, suiting, seekers, why, before)
    yield from _passed_over(line, why, tick)


def _round(
    world: World,
    tick: Tick,
    table: Table,
    suiting: Suiting,
    seekers: Sequence[Candidate],
    why: dict[str, list[Why]],
    before: Mapping[str, int],
) -> Iterator[Data]:
    found = wishes(suiting, table.places, table.free)
    taking = [(n, c) for n, c in enumerate(seekers) if c.wait.participant in why]
    sought = [seeker(table, c, found, n) for n, c in taking if n in found.places]
    outcome = hold(sought, table.free, table.room)
    for _, candidate in taking:
        given = outcome.given.get(candidate.wait.participant)
        if given is not None:
            why.pop(candidate.wait.participant)
            yield _request(tick, table, candidate, given)
    for n, candidate in taking:
        if candidate.wait.participant in why:
            why[candidate.wait.participant].append(_why(table, candidate, outcome, found, n))
    yield from weighed(world, tick, table, outcome, before)


def weighed(
    world: World, tick: Tick, table: Table, outcome: Outcome, before: Mapping[str, int]
) -> Iterator[Data]:
    """Places with a free seat, each when there is something new to tell of it.

    Args:
        before: free seats before the round, deviations included.
    """
    given = Counter(outcome.given.values())
    for place in table.places:
        if before[place.place] <= 0:
            continue
        claimant = outcome.blocks.get(place.place)
        block = None if claimant is None else "block-" + tick.named(_block_of(place), claimant)
        left = table.free[place.place] - given[place.place]
        told = weighing.stated(place, before[place.place], left, block, tick.today)
        last = world.weighed.get(place.place)
        if last is None or not last.tells(told):
            yield told


def _block_of(place: Place) -> str:
    """Places for sheltered work and for bridges are never one block: they are given out apart."""
    return "block" if place.rung is Rung.SHELTERED_WORK else "bridge-block"


def _passed_over(line: Sequence[Candidate], why: dict[str, list[Why]], tick: Tick) -> Iterator[Data]:
    for candidate in line:
        if candidate.wait.participant in why:
            weightiest = min(why[candidate.wait.participant], key=_weight)
            told = passing.stated(
                candidate.wait,
                candidate.rank,
                candidate.policy.policy,
                weightiest,
                candidate.profile,
                tick.today,
            )
            if told is not None:
                yield told


def seeker(table: Table, candidate: Candidate, found: Wishes, position: int) -> Seeker:
    """Somebody who takes part, with the places that fit and were not declined before."""
    wait = candidate.wait
    places, dislikes = found.places[position], found.dislikes[position]
    if wait.declined:
        kept = [pair for pair in zip(places, dislikes, strict=True) if pair[0] not in wait.declined]
        places, dislikes = tuple(place for place, _ in kept), tuple(dislike for _, dislike in kept)
    cost = _cost(table, candidate, found, position)
    return Seeker(wait.participant, wait.municipality, places, cost, dislikes)


def _cost(table: Table, candidate: Candidate, found: Wishes, position: int) -> Decimal:
    """Room that the person would take: by most hours of all places that fit, since any may be given."""
    municipality = candidate.wait.municipality
    if not table.counts_hours(municipality):
        return table.cost(municipality, _LEAST, candidate.hours_per_unit)
    hours = Decimal(int(found.hours_max[position])) / 100 or _LEAST
    if candidate.profile is not None and found.fitting[position]:
        hours = min(hours, candidate.profile.hours_max)
    return table.cost(municipality, hours, candidate.hours_per_unit)


def _why(table: Table, candidate: Candidate, outcome: Outcome, found: Wishes, position: int) -> Why:
    wait, fitting, declined = candidate.wait, int(found.fitting[position]), 0
    serving = table.serving(wait.municipality)
    if wait.declined:
        declined = sum(p.place in wait.declined and fit.fits(candidate.profile, p) for p in serving)
    counts = {"places": len(serving), "fitting": fitting, "declined": declined}
    no_room = outcome.short(wait.municipality, _cost(table, candidate, found, position))
    return passing.after_round(no_room=no_room, fitting=fitting - declined, declined=declined), counts


def _weight(why: Why) -> int:
    reason, _ = why
    return passing.WEIGHTIEST.index(reason) if reason in passing.WEIGHTIEST else 0


def _request(
    tick: Tick, table: Table, candidate: Candidate, given: str, *first: Reason
) -> ReservationRequested:
    wait = candidate.wait
    place = table.place(given)
    reservation = proposals.reservation_named(tick.named("reservation", wait.participant))
    return ReservationRequested(
        reservation=reservation,
        municipality=wait.municipality,
        participant=wait.participant,
        place=place.place,
        year=table.year,
        hours=fit.job_hours(candidate.profile, place),
        rank=candidate.rank,
        waiting_before=candidate.rank - 1,
        requested_on=tick.today,
        draft=ProposalDraft(
            proposal=proposals.proposal_of(reservation),
            host=place.host,
            guide=candidate.guide,
            answer_days=candidate.terms.answer_days,
            answers_needed=tuple(by for by in AnsweredBy if by in candidate.terms.answers_needed),
            policy=candidate.policy.policy,
            reasons=(
                *first,
                order.why_here(wait, candidate.rank, candidate.policy),
                *fit.reasons(candidate.profile, place),
            ),
            alternatives=alternatives(table, candidate, place),
        ),
    )


def alternatives(table: Table, candidate: Candidate, given: Place) -> tuple[Alternative, ...]:
    """What else was looked at."""
    others = [p for p in table.serving(candidate.wait.municipality)[: _ALTERNATIVES + 1] if p is not given]
    return tuple(
        Alternative(place=place.place, why_not=_why_not(table, candidate, place))
        for place in others[:_ALTERNATIVES]
    )


def _why_not(table: Table, candidate: Candidate, place: Place) -> tuple[Reason, ...]:
    stood_in_the_way = fit.obstacles(candidate.profile, place)
    if stood_in_the_way:
        return stood_in_the_way
    if place.place in candidate.wait.declined:
        return (Reason(rule="answers", code="declined-before"),)
    if table.free[place.place] == 0:
        return (Reason(rule="seats", code="none-free", params={"seats": str(place.seats)}),)
    return (Reason(rule="round", code="also-fits"),)
