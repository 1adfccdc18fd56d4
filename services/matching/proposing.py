"""The last phase of a tick: the round, from what is known to requests for room and to reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from services.matching.rules import fit, order, passing, proposals, room
from services.matching.rules.fit import Profile
from services.matching.rules.places import Place, seats_free
from services.matching.rules.policies import DEFAULT_TERMS, Policy, Terms, in_force, terms
from services.matching.rules.round import Outcome, Seeker, hold
from services.matching.rules.waiting import Wait
from services.matching.ticking import Tick, alive, working
from services.matching.world import World
from shared.contracts import (
    Alternative,
    AnsweredBy,
    Data,
    PassedOverReason,
    PolicyKind,
    ProposalDraft,
    Reason,
    ReservationRequested,
    Rung,
)

_ALTERNATIVES: Final = 5
"""Other places shown with a proposal: enough to see what was weighed."""

_LEAST: Final = Decimal(1)
"""Hours a week by which somebody whom no place fits is held against the room."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Somebody in line for whom nothing stands yet."""

    wait: Wait
    rank: int
    policy: Policy
    terms: Terms
    hours_per_unit: Decimal | None
    profile: Profile | None
    guide: str


@dataclass(slots=True)
class _Table:
    """The places of one year, their free seats, and which of them fit whom."""

    year: int
    places: list[Place]
    free: dict[str, int]
    _serving: dict[str, list[Place]] = field(default_factory=dict)
    _kinds: dict[str, dict[str, list[Place]]] = field(default_factory=dict)
    _fitting: dict[tuple[str, Profile | None], list[Place]] = field(default_factory=dict)

    def serving(self, municipality: str) -> list[Place]:
        """Places for residents of the municipality, in order of name."""
        if municipality not in self._serving:
            self._serving[municipality] = [p for p in self.places if municipality in p.municipalities]
        return self._serving[municipality]

    def fitting(self, municipality: str, profile: Profile | None) -> list[Place]:
        """Places that fit, the most fitting first; people with the same profile share the answer."""
        key = (municipality, replace(profile, participant="", partner="") if profile else None)
        if key not in self._fitting:
            found = [place for place in self._of_kind(municipality, profile) if fit.fits(profile, place)]
            self._fitting[key] = sorted(found, key=lambda place: fit.liking(profile, place))
        return self._fitting[key]

    def _of_kind(self, municipality: str, profile: Profile | None) -> Iterable[Place]:
        """Places of the work that was asked for: most people want little of all there is."""
        if profile is None or not profile.kinds:
            return self.serving(municipality)
        if municipality not in self._kinds:
            by_kind: dict[str, list[Place]] = defaultdict(list)
            for place in self.serving(municipality):
                for kind in place.kinds or ("",):
                    by_kind[kind].append(place)
            self._kinds[municipality] = by_kind
        by_kind = self._kinds[municipality]
        return {p.place: p for kind in ("", *profile.kinds) for p in by_kind.get(kind, ())}.values()


_Why = tuple[PassedOverReason, dict[str, int]]


def propose(world: World, tick: Tick) -> Iterator[Data]:
    """Hold the round: ask for room in order of rank, and tell who was passed over and why."""
    line = _in_line(world, tick)
    why: dict[str, list[_Why]] = {candidate.wait.participant: [] for candidate in line}
    seekers = []
    for candidate in line:
        name = candidate.wait.participant
        rests = passing.rests(world.people.get(name), candidate.profile, tick.today)
        if rests is None:
            seekers.append(candidate)
        else:
            why[name].append((rests, {}))
    for table in _tables(world, tick):
        outcome = hold([_seeker(world, table, c) for c in seekers], table.free, _room(world, table, tick))
        for candidate in seekers:
            given = outcome.given.get(candidate.wait.participant)
            if given is not None:
                why.pop(candidate.wait.participant)
                yield _request(tick, table, candidate, given)
        seekers = [c for c in seekers if c.wait.participant in why]
        for candidate in seekers:
            why[candidate.wait.participant].append(_why(table, candidate, outcome))
    for candidate in line:
        if candidate.wait.participant in why:
            reason, counts = min(why[candidate.wait.participant], key=_weight)
            told = passing.stated(
                candidate.wait, candidate.rank, candidate.policy.policy, reason, counts, tick.today
            )
            if told is not None:
                yield told


def _in_line(world: World, tick: Tick) -> list[_Candidate]:
    """Who can be proposed something, in the order of the round.

    Each municipality has its own order. Where two of them share places, the first in line of each go
    before the second of any, and of these who was granted it first.
    """
    standing = {proposal.participant for proposal in alive(world)}
    line = []
    for municipality in sorted(world.serves or ()):
        policy = in_force(world.policies, municipality, PolicyKind.ORDER, tick.today)
        if policy is None:
            continue
        adopted = terms(world.policies, municipality, tick.today)
        counting = in_force(world.policies, municipality, PolicyKind.COUNTING, tick.today)
        hours_per_unit = counting.hours_per_unit if counting else None
        waits = [wait for wait in world.waiting if wait.municipality == municipality]
        for rank, wait in enumerate(order.ranked(waits, policy), 1):
            person = world.people.get(wait.participant)
            if wait.participant not in standing and person is not None:
                profile = world.profile_of(wait.participant)
                line.append(_Candidate(wait, rank, policy, adopted, hours_per_unit, profile, person.guide))
    return sorted(line, key=lambda c: (c.rank, c.wait.decided_on, c.wait.municipality))


def _tables(world: World, tick: Tick) -> list[_Table]:
    """Open places by the year in which somebody can start, the nearest year first.

    A year of its own, for each has its own number. Without any place there is still a round, so that
    people are told.
    """
    known = [terms(world.policies, municipality, tick.today) for municipality in sorted(world.serves or ())]
    ahead = max((each.reservation_days for each in known), default=DEFAULT_TERMS.reservation_days)
    offered = sorted(
        (p for p in world.places if p.rung is Rung.SHELTERED_WORK and p.open(tick.today, ahead)),
        key=lambda place: place.place,
    )
    free = seats_free(
        offered,
        ((p.place, p.participant) for p in working(world, tick.today)),
        ((p.place, p.participant) for p in alive(world)),
    )
    years = {place.place: max(place.from_on, tick.today).year for place in offered}
    return [
        _Table(year, [place for place in offered if years[place.place] == year], free)
        for year in sorted({tick.today.year, *years.values()})
    ]


def _seeker(world: World, table: _Table, candidate: _Candidate) -> Seeker:
    wait, profile = candidate.wait, candidate.profile
    fitting = table.fitting(wait.municipality, profile)
    capacity = world.capacities.get((wait.municipality, table.year))
    hours = max((fit.job_hours(profile, place) for place in fitting), default=_LEAST)
    return Seeker(
        wait.participant,
        wait.municipality,
        tuple(place.place for place in fitting if place.place not in wait.declined),
        room.cost(capacity, hours, candidate.hours_per_unit),
    )


def _room(world: World, table: _Table, tick: Tick) -> dict[str, Decimal]:
    asked = [p for p in alive(world) if p.year == table.year]
    limits: dict[str, Decimal | None] = {}
    for municipality in sorted(world.serves or ()):
        known = world.capacities.get((municipality, table.year))
        counting = in_force(world.policies, municipality, PolicyKind.COUNTING, tick.today)
        per_unit = counting.hours_per_unit if counting else None
        since = [
            room.Asked(p.requested_at, p.requested_on, room.cost(known, p.hours, per_unit))
            for p in asked
            if p.municipality == municipality and p.requested_at is not None and p.requested_on is not None
        ]
        limits[municipality] = room.limit(known, since, tick.now, tick.today)
    return {municipality: limit for municipality, limit in limits.items() if limit is not None}


def _why(table: _Table, candidate: _Candidate, outcome: Outcome) -> _Why:
    wait = candidate.wait
    fitting = {place.place for place in table.fitting(wait.municipality, candidate.profile)}
    declined = len(fitting.intersection(wait.declined))
    counts = {"places": len(table.serving(wait.municipality)), "fitting": len(fitting), "declined": declined}
    reason = passing.after_round(
        no_room=wait.participant in outcome.no_room, fitting=len(fitting) - declined, declined=declined
    )
    return reason, counts


def _weight(why: _Why) -> int:
    reason, _ = why
    return passing.WEIGHTIEST.index(reason) if reason in passing.WEIGHTIEST else 0


def _request(tick: Tick, table: _Table, candidate: _Candidate, given: str) -> ReservationRequested:
    wait = candidate.wait
    place = next(p for p in table.fitting(wait.municipality, candidate.profile) if p.place == given)
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
                order.why_here(wait, candidate.rank, candidate.policy),
                *fit.reasons(candidate.profile, place),
            ),
            alternatives=_alternatives(table, candidate, place),
        ),
    )


def _alternatives(table: _Table, candidate: _Candidate, given: Place) -> tuple[Alternative, ...]:
    others = [p for p in table.serving(candidate.wait.municipality)[: _ALTERNATIVES + 1] if p is not given]
    return tuple(
        Alternative(place=place.place, why_not=_why_not(table, candidate, place))
        for place in others[:_ALTERNATIVES]
    )


def _why_not(table: _Table, candidate: _Candidate, place: Place) -> tuple[Reason, ...]:
    stood_in_the_way = fit.obstacles(candidate.profile, place)
    if stood_in_the_way:
        return stood_in_the_way
    if place.place in candidate.wait.declined:
        return (Reason(rule="answers", code="declined-before"),)
    if table.free[place.place] == 0:
        return (Reason(rule="seats", code="none-free", params={"seats": str(place.seats)}),)
    return (Reason(rule="round", code="also-fits"),)
