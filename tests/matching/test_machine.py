"""Whatever people do, matching states what a slow and obvious model of it says.

The model keeps a handful of dictionaries and at each tick tries every way to hand out the free seats. It
knows nothing of batches, rows, rounds or searches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.matching.rules.explaining import Answer as Why
from services.matching.rules.proposals import ALIVE
from shared.contracts import (
    Answer,
    AnsweredBy,
    LeaveReason,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantResumed,
    PassedOverReason,
    PlacementEnded,
    PlacementEndReason,
    PlaceWeighed,
    PlaceWithdrawn,
    ReservationRequested,
)
from tests.matching.statements import EMMEN, answered, by_decision, place, profile, started
from tests.matching.support import Region, at, of_type, state_of, told_why
from tests.matching.test_small_worlds import servable

DAY = date(2020, 11, 2)
KINDS = st.lists(st.sampled_from(["groen", "hout", "montage"]), unique=True, max_size=2).map(tuple)
PEOPLE = st.integers(0, 4).map(lambda n: f"p-{n}")
PLACES = st.sampled_from(["emco-a", "emco-b", "emco-c", "emco-d"])
ANSWER_DAYS = 14


@dataclass
class Model:
    """What anyone could keep on paper."""

    today: date = DAY
    waiting: dict[str, date] = field(default_factory=dict)
    wants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    declined: set[tuple[str, str]] = field(default_factory=set)
    places: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    standing: dict[str, Any] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    works: dict[str, tuple[str, date | None]] = field(default_factory=dict)

    def line(self) -> list[str]:
        return sorted(self.waiting, key=lambda person: (self.waiting[person], person))

    def suits(self, person: str, where: str) -> bool:
        wanted, kinds = self.wants[person], self.places[where][1]
        return not wanted or not kinds or bool(set(wanted) & set(kinds))

    def free(self, where: str) -> int:
        held = {person for person, made in self.standing.items() if made.place == where}
        held |= {
            person
            for person, (there, until) in self.works.items()
            if there == where and (until is None or until >= self.today)
        }
        return max(0, self.places[where][0] - len(held))

    def tick(self, days: int) -> tuple[set[str], dict[str, PassedOverReason]]:
        """Who is to be proposed something on this tick, and what the others are told."""
        self.today += timedelta(days=days)
        for person, made in list(self.standing.items()):
            late = person not in self.accepted and made.expires_on < self.today
            if late:
                self.drop(person)
        for person in list(self.waiting):
            if person in self.works or person in self.left:
                del self.waiting[person]
                self.drop(person)
        for person, made in list(self.standing.items()):
            if person not in self.accepted and (made.place in self.withdrawn or person in self.paused):
                self.drop(person)
        line = [person for person in self.line() if person not in self.standing]
        able = [person for person in line if person not in self.paused]
        on_offer = sorted(where for where in self.places if where not in self.withdrawn)
        world = [
            sum(
                1 << n
                for n, where in enumerate(on_offer)
                if self.suits(person, where) and (person, where) not in self.declined
            )
            for person in able
        ]
        ways = servable(tuple(world), [self.free(where) for where in on_offer])
        best = max(ways, key=lambda way: tuple(n in way for n in range(len(able))))
        served = {able[n] for n in best}
        return served, {person: self.why(person, on_offer) for person in line if person not in served}

    def why(self, person: str, on_offer: list[str]) -> PassedOverReason:
        if person in self.paused:
            return PassedOverReason.PAUSED
        suit = {where for where in on_offer if self.suits(person, where)}
        if {where for where in suit if (person, where) not in self.declined}:
            return PassedOverReason.EARLIER_IN_LINE
        return PassedOverReason.DECLINED_BEFORE if suit else PassedOverReason.NO_FIT

    def drop(self, person: str) -> None:
        self.standing.pop(person, None)
        self.accepted.discard(person)


class Machine(RuleBasedStateMachine):
    """People of Emmen and hosts do what they like; the clock ticks now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.region = Region()
        self.why: dict[tuple[str, str, Any], Why] = {}
        self.region.hear(by_decision(DAY), DAY)

    def say(self, data: Any, by: str | None = None) -> list[Any]:
        return self.region.hear(data, at(self.model.today, 12), by)

    @initialize(wants=st.lists(KINDS, min_size=4, max_size=4), kinds=st.lists(KINDS, min_size=2, max_size=3))
    def begin(self, wants: list[tuple[str, ...]], kinds: list[tuple[str, ...]]) -> None:
        for n, each in enumerate(wants):
            self.join(f"p-{n}", each)
        for name, each in zip("abc", kinds, strict=False):
            self.offer(f"emco-{name}", 1, each[:1])

    @rule(person=PEOPLE, wants=KINDS)
    def join(self, person: str, wants: tuple[str, ...]) -> None:
        if person in self.model.wants:
            return
        self.region.join(person, self.model.today)
        self.say(profile(person, self.model.today, kinds=wants))
        self.model.waiting[person] = self.model.today
        self.model.wants[person] = wants

    @rule(where=PLACES, seats=st.integers(1, 2), kinds=KINDS)
    def offer(self, where: str, seats: int, kinds: tuple[str, ...]) -> None:
        self.say(place(where, self.model.today, seats=seats, kinds=kinds))
        self.model.places[where] = (seats, kinds)
        self.model.withdrawn.discard(where)

    @rule(where=PLACES)
    def withdraw(self, where: str) -> None:
        if where in self.model.places and where not in self.model.withdrawn:
            self.say(PlaceWithdrawn(place=where, withdrawn_on=self.model.today))
            self.model.withdrawn.add(where)

    @rule(person=PEOPLE)
    def pause_or_resume(self, person: str) -> None:
        if person not in self.model.wants:
            return
        today = self.model.today
        if person in self.model.paused:
            self.say(ParticipantResumed(participant=person, resumed_on=today))
        else:
            self.say(ParticipantPaused(participant=person, paused_on=today))
        self.model.paused ^= {person}

    @rule(person=PEOPLE)
    def leave(self, person: str) -> None:
        if person in self.model.waiting and person not in self.model.left:
            left = ParticipantLeft(participant=person, left_on=self.model.today, reason=LeaveReason.DECEASED)
            self.say(left)
            self.model.left.add(person)

    @precondition(lambda self: self.model.standing)
    @rule(data=st.data(), yes=st.booleans(), by=st.sampled_from([AnsweredBy.GUIDE, AnsweredBy.PARTICIPANT]))
    def answer(self, data: st.DataObject, yes: bool, by: AnsweredBy) -> None:  # noqa: FBT001
        person = data.draw(st.sampled_from(sorted(self.model.standing)))
        made = self.model.standing[person]
        if made.expires_on < self.model.today:
            return
        order = self.region.order(EMMEN, self.model.today)
        self.say(answered(made, self.model.today, Answer.ACCEPTED if yes else Answer.DECLINED, by))
        assert self.region.order(EMMEN, self.model.today) == order, "an answer moves nobody in line"
        if not yes:
            self.model.declined.add((person, made.place))
            self.model.drop(person)
        elif by is AnsweredBy.GUIDE:
            self.model.accepted.add(person)

    @precondition(lambda self: self.model.accepted)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.model.accepted)))
        made = self.model.standing[person]
        self.say(started(person, made.place, self.model.today, made.proposal))
        self.model.works[person] = (made.place, None)

    @precondition(lambda self: any(until is None for _, until in self.model.works.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        still = [person for person, (_, until) in self.model.works.items() if until is None]
        person = data.draw(st.sampled_from(sorted(still)))
        if person in self.model.waiting:
            return  # the wait is over first; that is said on a tick
        ended = PlacementEnded(
            placement=f"pl-{person}",
            participant=person,
            ended_on=self.model.today,
            reason=PlacementEndReason.OWN_WISH,
        )
        self.say(ended)
        self.model.works[person] = (self.model.works[person][0], self.model.today)

    @rule(days=st.sampled_from([1, 1, 2, 6, 14, 15]))
    def tick(self, days: int) -> None:
        served, others = self.model.tick(days)
        stated = self.region.tick(self.model.today)
        requests = of_type(stated, ReservationRequested)
        assert {request.participant for request in requests} == served
        for made in self.region.grant_all(stated, self.model.today):
            self.model.standing[made.participant] = made
        assert {wait.participant for wait in self.region.world.waiting} == set(self.model.waiting)
        self.note_why(of_type(stated, PlaceWeighed), served)
        told = {w.participant: w.passed_over for w in self.region.world.waiting if w.participant in others}
        assert told == others

    @rule(person=PEOPLE, wants=KINDS)
    def want_something_else(self, person: str, wants: tuple[str, ...]) -> None:
        if person in self.model.waiting:
            self.say(profile(person, self.model.today, kinds=wants))
            self.model.wants[person] = wants

    def note_why(self, weighed: list[Any], served: set[str]) -> None:
        """What the model says of each place that was weighed and each person on the list."""
        for each in weighed:
            got = {p for p in served if self.model.standing[p].place == each.place}
            for person in self.model.waiting:
                moment = at(self.model.today, 6)
                self.why[person, each.place, moment] = self.answer_of(person, each.place, got)

    def answer_of(self, person: str, where: str, got: set[str]) -> Why:
        if person in got:
            return Why.PROPOSED
        if person in self.model.standing:
            return Why.ELSEWHERE
        if person in self.model.paused:
            return Why.RESTED
        if not self.model.suits(person, where):
            return Why.REQUIREMENT
        return Why.DECLINED if (person, where) in self.model.declined else Why.BEFORE

    def told_why(self) -> dict[tuple[str, str, Any], Why]:
        """What is told at the end of all rounds to everyone who still waits."""
        found = told_why(self.region)
        for each in found.values():
            assert all(each.rank is not None and s.rank < each.rank for s in each.before)
            assert each.answer is not Why.BEFORE or each.before
        return {key: each.answer for key, each in found.items()}

    @invariant()
    def the_list_is_in_order(self) -> None:
        assert self.region.order(EMMEN, self.model.today) == self.model.line()

    @invariant()
    def nobody_has_two_proposals_and_no_seat_is_given_twice(self) -> None:
        alive = [p for p in self.region.world.proposals if p.state in ALIVE]
        assert len({p.participant for p in alive}) == len(alive)
        for where in self.region.world.places:
            held = {p.participant for p in alive if p.place == where.place}
            assert len(held) <= 2

    def teardown(self) -> None:
        told = self.told_why()
        assert {key: told[key] for key in self.why if key in told} == {
            key: answer for key, answer in self.why.items() if key in told
        }
        again = Region(replaying=True)
        again.take(*self.region.heard, *self.region.stated)
        assert again.stated == []
        assert state_of(again.world) == state_of(self.region.world)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
