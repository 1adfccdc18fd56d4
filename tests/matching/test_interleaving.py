"""Order is promised per key and topic and nowhere else, and matching needs no more than that.

A story is made of parts, as the scenario's driver makes them: what people state, a tick, and what quota
and people answer to what came of it. Between two parts everything comes to rest; within one, topics
and keys interleave as they like, records come twice, and batches are cut anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.matching.rules.places import Place
from services.matching.rules.proposals import State
from shared.contracts import (
    Answer,
    AnsweredBy,
    ClockTicked,
    Data,
    DecisionOutcome,
    DeviationDecided,
    DeviationReason,
    LeaveReason,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantResumed,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    PlacementEnded,
    PlacementEndReason,
    PlaceWithdrawn,
    ProposalMade,
    ReservationExpired,
    ReservationRequested,
    Rung,
)
from shared.messaging.event import Event, encode
from tests.matching.statements import (
    COEVORDEN,
    EMMEN,
    advised,
    answered,
    by_decision,
    capacity,
    decided,
    granted,
    on_terms,
    place,
    profile,
    refused,
    registered,
    started,
    stepped,
)
from tests.matching.support import Region, at, of_type, record_of, state_of

Part = list[Event]
"""Events that nothing puts in order but their topic and key."""

Said = tuple[Data, str | None]
PEOPLE = [f"p-{n}" for n in range(5)]
PLACES = [f"emco-{n}" for n in range(3)]
BRIDGE = "emco-learn"
"""A place that bridges a wait, in some stories."""


class Story:
    """Draws a story against a region that hears it in order, so that people state what makes sense."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.region = Region()
        self.parts: list[Part] = []
        self.day = date(2020, 11, 2)
        self.number = 0
        both = draw(st.booleans())
        needed = (AnsweredBy.GUIDE, AnsweredBy.HOST) if both else (AnsweredBy.GUIDE,)
        self.part(
            [
                (by_decision(self.day), None),
                (by_decision(self.day, COEVORDEN), None),
                (on_terms(self.day, answer_days=5, answers_needed=needed), None),
            ],
            8,
        )

    def phase(self) -> None:
        """What people state, a tick, and what quota and people say to that."""
        self.part(self.facts(), 9)
        self.day += timedelta(days=self.draw(st.integers(1, 8)))
        stated = self.part([(ClockTicked(at=at(self.day, 6)), None)], 6)
        self.part([*self.of_quota(stated), *self.facts()], 6)
        self.part(self.answers(), 10)

    def part(self, said: Iterable[Said], hour: int) -> list[Data]:
        events = [self.region.speaker.event(data, at(self.day, hour), by) for data, by in said]
        self.parts.append(events)
        return [data for event in events for data in self.region.take(event)]

    def about(self) -> date:
        """A day before or after today, on which something was or will be so."""
        return self.day + timedelta(days=self.draw(st.sampled_from([0, 0, 0, -3, 2, 9])))

    def facts(self) -> list[Said]:
        said: list[Said] = []
        for name in self.draw(st.lists(st.sampled_from([*PLACES, BRIDGE]), unique=True, max_size=2)):
            said += self.of_place(name)
        for person in self.draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)):
            known = self.region.world.people.get(person)
            said += self.of_newcomer(person) if known is None else self.of_person(person, known.guide)
        return said

    def of_place(self, name: str) -> list[Said]:
        known: Place | None = self.region.world.places.get(name)
        if known is not None and known.withdrawn_on is None and self.draw(st.booleans()):
            return [(PlaceWithdrawn(place=name, withdrawn_on=self.about()), None)]
        rung = Rung.LEARN_WORK if name == BRIDGE else Rung.SHELTERED_WORK
        return [(place(name, self.day, seats=self.draw(st.integers(1, 2)), rung=rung), None)]

    def of_newcomer(self, person: str) -> list[Said]:
        """All that leads to a place on the list, in one breath; the topics put it in any order."""
        guide = self.draw(st.sampled_from(["menso", "buurtsupport"]))
        where = self.draw(st.sampled_from([EMMEN, EMMEN, COEVORDEN]))
        said: list[Said] = [
            (registered(person, self.day, where), guide),
            (profile(person, self.day), guide),
            (advised(person, self.day), None),
            (decided(person, self.day, municipality=where), None),
        ]
        if self.draw(st.booleans()):
            said.append((stepped(person, Rung.LEARN_WORK, self.day), guide))
        if self.draw(st.integers(0, 4)) == 0:
            withdrawn = decided(person, self.day, DecisionOutcome.WITHDRAWN, municipality=where)
            said.append((withdrawn, None))
        if self.draw(st.integers(0, 3)) == 0:
            elsewhere = COEVORDEN if where == EMMEN else EMMEN
            moved = ParticipantMoved(participant=person, municipality=elsewhere, moved_on=self.about())
            said += [(moved, guide), (decided(person, self.day, municipality=elsewhere), None)]
        return said

    def of_person(self, person: str, guide: str) -> list[Said]:
        self.number += 1
        bridge = [p for p in self.region.world.proposals if p.participant == person and p.alive and p.bridge]
        drawn = self.draw(st.integers(0, 5))
        if drawn == 0 or (bridge and drawn > 3):
            return self.of_work(person)
        if drawn == 1:
            return self.of_stop(person)
        other = "menso" if guide == "buurtsupport" else "buurtsupport"
        if drawn == 2:
            return (self.hand_over if self.draw(st.booleans()) else self.come_back)(person, guide, other)
        lives_in = self.region.world.people[person].municipality
        elsewhere = COEVORDEN if lives_in == EMMEN else EMMEN
        moved = ParticipantMoved(participant=person, municipality=elsewhere, moved_on=self.about())
        gone = ParticipantLeft(participant=person, left_on=self.about(), reason=LeaveReason.OTHER)
        withdrawn = decided(person, self.day, DecisionOutcome.WITHDRAWN, municipality=lives_in)
        erased = ParticipantErased(participant=person, erased_on=self.day)
        rung = self.draw(st.sampled_from(list(Rung)))
        one_of: list[list[Said]] = [
            [(stepped(person, rung, self.about()), guide)],
            [(ParticipantPaused(participant=person, paused_on=self.about()), guide)],
            [(ParticipantResumed(participant=person, resumed_on=self.about()), guide)],
            [(gone, guide)],
            [(moved, guide), (decided(person, self.day, municipality=elsewhere), None)],
            [(withdrawn, None)],
            [(decided(person, self.day, municipality=lives_in, priority_group="pro-vso"), None)],
            [(self.deviation(person, lives_in), None)],
            [(withdrawn, None), (decided(person, self.day, municipality=lives_in), None)],
            [(erased, guide), (profile(person, self.day), guide)],
            [(profile(person, self.day, max_travel_km=self.number), guide)],
        ]
        return self.draw(st.sampled_from(one_of))

    def deviation(self, person: str, municipality: str) -> DeviationDecided:
        return DeviationDecided(
            deviation=f"dev-{self.number}",
            participant=person,
            municipality=municipality,
            place=self.draw(st.sampled_from(PLACES)),
            decided_by="team-werk-14",
            reason=DeviationReason.URGENT,
            decided_on=self.day,
        )

    def hand_over(self, person: str, guide: str, other: str) -> list[Said]:
        name = f"t-{self.number}"
        offer = ParticipantTransferOffered(transfer=name, participant=person, to=other, offered_on=self.day)
        accepted = ParticipantTransferAccepted(transfer=name, participant=person, accepted_on=self.day)
        return [
            (stepped(person, Rung.TRIAL_PLACEMENT, self.day), guide),
            (offer, guide),
            (accepted, other),
            (stepped(person, Rung.WORK_WITH_BENEFIT, self.day), other),
            (profile(person, self.day, max_travel_km=self.number), other),
        ]

    def come_back(self, person: str, guide: str, other: str) -> list[Said]:
        gone = ParticipantLeft(participant=person, left_on=self.about(), reason=LeaveReason.OTHER)
        where = self.draw(st.sampled_from([EMMEN, COEVORDEN]))
        return [
            (gone, guide),
            (registered(person, self.day, where), other),
            (decided(person, self.day, municipality=where), None),
        ]

    def of_work(self, person: str) -> list[Said]:
        standing = [p for p in self.region.world.proposals if p.participant == person and p.alive]
        named = self.draw(st.booleans())
        name = standing[-1].proposal if standing and named else None
        where = standing[-1].place if standing else self.draw(st.sampled_from([*PLACES, BRIDGE]))
        kinds = [Rung.SHELTERED_WORK, Rung.SHELTERED_WORK, Rung.LEARN_WORK]
        rung = Rung.LEARN_WORK if where == BRIDGE else self.draw(st.sampled_from(kinds))
        more = {"placement": f"pl-{self.number}", "rung": rung}
        # Offered in the same breath: the contract may come first and wait.
        offer: list[Said] = [] if where in self.region.world.places else [(place(where, self.day), None)]
        return [*offer, (started(person, where, self.about(), name, **more), None)]

    def of_stop(self, person: str) -> list[Said]:
        return [
            (
                PlacementEnded(
                    placement=work.placement,
                    participant=person,
                    ended_on=self.about(),
                    reason=self.draw(st.sampled_from([PlacementEndReason.OTHER, PlacementEndReason.STEP_UP])),
                ),
                None,
            )
            for work in self.region.world.placements
            if work.participant == person and work.ended_on is None
        ]

    def of_quota(self, stated: list[Data]) -> list[Said]:
        said: list[Said] = []
        if self.draw(st.booleans()):
            said.append((capacity(self.draw(st.integers(0, 2)), self.day), None))
        for request in of_type(stated, ReservationRequested):
            has_room = self.draw(st.integers(0, 3)) > 0
            said.append(((granted if has_room else refused)(request, self.day), None))
        for proposal in self.region.world.proposals:
            if proposal.reservation is None or proposal.state is not State.OPEN:
                continue
            if self.draw(st.integers(0, 5)) == 0:
                lost = ReservationExpired(
                    reservation=proposal.reservation,
                    municipality=proposal.municipality,
                    participant=proposal.participant,
                    expired_on=self.day,
                )
                said.append((lost, None))
        return said

    def answers(self) -> list[Said]:
        """Answers to what stands: of the guide, of the host, of both or of nobody, at odds or not."""
        said: list[Said] = []
        for made in of_type(self.region.stated_data(), ProposalMade):
            for by, stated_by in ((AnsweredBy.GUIDE, made.guide), (AnsweredBy.HOST, "emco")):
                answer = self.draw(st.sampled_from([None, Answer.ACCEPTED, Answer.ACCEPTED, Answer.DECLINED]))
                if answer is not None and self.region.world.proposals[made.proposal].alive:
                    said.append((answered(made, self.day, answer, by), stated_by))
        return said


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = Story(draw)
    for _ in range(draw(st.integers(1, 5))):
        story.phase()
    return story


def shuffled(part: Part, random: Random) -> Part:
    """The part in another order, each key of each topic in its own, with some records twice."""
    queues: dict[tuple[str, bytes | None], list[Event]] = defaultdict(list)
    for event in part:
        record = record_of(event)
        queues[record.topic, record.key].append(event)
    order: Part = []
    while queues:
        line = random.choice(sorted(queues))
        event = queues[line].pop(0)
        if not queues[line]:
            del queues[line]
        order.append(event)
        if random.random() < 0.2:
            order.append(random.choice(order))
    return order


def hear(region: Region, order: Part, random: Random) -> None:
    """Let the region hear it in batches cut anywhere."""
    while order:
        size = random.randint(1, len(order))
        region.take(*order[:size])
        order = order[size:]


def said_by(region: Region) -> list[bytes]:
    return sorted(encode(event) for event in region.stated)


def rows_of(region: Region) -> dict[str, list[Any]]:
    return state_of(region.world)


SOME = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
"""Without shrinking: a story is long, and making it shorter takes minutes of two shared cores."""


@SOME
@given(stories(), st.randoms(use_true_random=False))
def test_any_interleaving_ends_in_the_same_state_and_the_same_statements(story, random):
    region = Region()
    for part in story.parts:
        hear(region, shuffled(part, random), random)
    assert said_by(region) == said_by(story.region)
    assert rows_of(region) == rows_of(story.region)
    assert sorted(region.parked) == sorted(story.region.parked)


@SOME
@given(stories(), st.randoms(use_true_random=False))
def test_a_replay_rebuilds_every_row_wherever_own_events_come_between_the_facts(story, random):
    facts = [event for part in story.parts for event in shuffled(part, random)]
    own = shuffled(story.region.stated, random)
    order = []
    while facts or own:
        line = random.choice([line for line in (facts, own) if line])
        order.append(line.pop(0))
    region = Region(replaying=True)
    hear(region, order, random)
    assert region.stated == []
    assert rows_of(region) == rows_of(story.region)


@SOME
@given(stories())
def test_nobody_waits_on_two_lists_or_holds_two_seats_by_proposal(story):
    waiting: dict[str, str] = {}
    standing: dict[tuple[str, bool], str] = {}
    bridged: set[str] = set()
    for event in story.region.stated:
        kind, data = event.type.removeprefix("nl.werkbedrijf.").removesuffix(".v1"), event.data.model_dump()
        if kind == "waiting.joined":
            assert data["participant"] not in waiting
            waiting[data["participant"]] = data["municipality"]
        elif kind == "waiting.left":
            assert waiting.pop(data["participant"]) == data["municipality"]
            standing.pop((data["participant"], False), None)
            assert (data["participant"], True) not in standing, "a bridge falls when the wait is over"
            bridged.discard(data["participant"])
        elif kind == "proposals.made":
            name = data["participant"], data["rung"] != Rung.SHELTERED_WORK
            assert name not in standing
            assert not (name[1] and data["participant"] in bridged)
            standing[name] = data["proposal"]
        elif kind in {"proposals.declined", "proposals.expired", "proposals.withdrawn"}:
            standing.pop((data["participant"], data["rung"] != Rung.SHELTERED_WORK), None)
        elif kind == "bridges.offered":
            bridged.add(data["participant"])
            assert standing.pop((data["participant"], True), None) == data["proposal"]
        elif kind == "bridges.ended":
            bridged.discard(data["participant"])


@SOME
@given(stories())
def test_a_second_tick_on_the_same_day_states_nothing_while_nothing_is_answered(story):
    region = story.region
    region.tick(at(story.day, 20))
    again = region.tick(at(story.day, 21))
    assert again == []


@SOME
@given(stories(), st.data())
def test_refusing_an_offer_never_changes_anybodys_rank(story, data):
    region = story.region
    standing = [p for p in region.world.proposals if p.state is State.OPEN]
    if not standing:
        return
    proposal = data.draw(st.sampled_from(standing))
    before = {m: region.order(m, story.day) for m in (EMMEN, COEVORDEN)}
    no = answered(proposal, story.day, Answer.DECLINED)
    region.hear(no, at(story.day, 12), by=proposal.guide)
    assert region.world.proposals[proposal.proposal].state is State.DECLINED
    assert {m: region.order(m, story.day) for m in (EMMEN, COEVORDEN)} == before
