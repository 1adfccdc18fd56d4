"""Order is promised per key and topic and nowhere else, and the ledger needs no more than that.

A story is made of phases, as the scenario's driver makes them: facts of people, then a tick with what
matching states because of it. Between two parts everything comes to rest; within one, topics and keys
interleave as they like, records come twice, and batches are cut anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.quota.rules.reservations import State
from shared.contracts import (
    AnsweredBy,
    ClockTicked,
    ContractKind,
    Data,
    Fund,
    PlacementChanged,
    PlacementChangeReason,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    WaitingLeaveReason,
    WaitingLeft,
)
from shared.messaging.event import Event, encode
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    bridged,
    by_hours,
    ended,
    held_for,
    merged,
    moved,
    number,
    registered,
    started,
    waits,
)
from tests.quota.support import Ledger, at, state_of

Part = list[Event]
"""Events that nothing puts in order but their topic and key."""

_GONE = ProposalWithdrawReason.PLACE_WITHDRAWN
PEOPLE = [f"p-{n}" for n in range(5)]
NEAR = st.integers(-40, 40).map(lambda n: timedelta(days=n))


class Story:
    """Draws a story against a ledger that hears it in order, so that people state what makes sense."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.ledger = Ledger()
        self.parts: list[Part] = []
        self.day = date(2020, 12, 1)
        self.names = 0
        self.placements: list[tuple[str, str]] = []
        self.known: set[str] = set()
        opening = [number(2020, 2), number(2020, 1, Fund.COUNCIL), held_for(10, self.day)]
        self._part([(data, None) for data in opening], at(self.day, 8))

    def phase(self) -> None:
        self._part(self._facts(), at(self.day, 9))
        self.day += timedelta(days=self.draw(st.integers(1, 25)))
        self._part(self._tick(), at(self.day, 6))

    def _part(self, said: list[tuple[Data, str | None]], when: datetime) -> None:
        part = [self.ledger.speaker.event(data, when, by) for data, by in said]
        self.parts.append(part)
        for event in part:
            self.ledger.take(event)

    def _facts(self) -> list[tuple[Data, str | None]]:
        said: list[tuple[Data, str | None]] = [
            (self.draw(st.sampled_from(self._of_council())), None)
            for _ in range(self.draw(st.integers(0, 3)))
        ]
        for person in self.draw(st.lists(st.sampled_from(PEOPLE), unique=True)):
            said += self._of_person(person)
        return said

    def _of_council(self) -> list[Data]:
        places, fund = self.draw(st.integers(0, 3)), self.draw(st.sampled_from(list(Fund)))
        return [
            number(self.day.year, places, fund),
            number(self.day.year + 1, places, fund),
            by_hours(31, self.day),
            held_for(self.draw(st.integers(1, 20)), self.day),
            merged([COEVORDEN], EMMEN, date(2021, 1, 1)),
            # Perhaps of a contract that its host states in this very phase, or never.
            assigned(
                f"pl-{self.draw(st.integers(1, self.names + 2))}",
                self.draw(st.sampled_from([*Fund, None])),
                self.day + self.draw(NEAR),
            ),
        ]

    def _of_person(self, person: str) -> list[tuple[Data, str | None]]:
        kind = self.draw(
            st.sampled_from(["register", "move", "start", "start", "change", "end", "fall", "leave", "wait"])
        )
        if kind == "register":
            guide = self.draw(st.sampled_from(["menso", "buurtsupport"]))
            self.known.add(person)
            return [(registered(person, self.day + self.draw(NEAR)), guide)]
        if kind == "move":
            where = self.draw(st.sampled_from([EMMEN, COEVORDEN]))
            return [(moved(person, self.day + self.draw(NEAR), where), "menso")]
        if kind == "start":
            self.names += 1
            self.placements.append((person, f"pl-{self.names}"))
            begins = self.day + self.draw(NEAR)
            until = self.draw(st.sampled_from([None, begins + timedelta(days=30)]))
            contract = started(person, begins, until=until, placement=f"pl-{self.names}")
            # Registered in the same phase: the contract may come first and wait.
            both: list[tuple[Data, str | None]] = [(contract, None)]
            return both if person in self.known else [*both, (registered(person, self.day), "menso")]
        mine = [placement for whose, placement in self.placements if whose == person]
        if kind in {"change", "end"} and mine:
            placement = self.draw(st.sampled_from(mine))
            since = self.day + self.draw(NEAR)
            if kind == "end":
                return [(ended(placement, person, since), None)]
            change = PlacementChanged(
                placement=placement,
                participant=person,
                changed_on=since,
                hours=Decimal(self.draw(st.sampled_from([10, 30]))),
                contract=ContractKind.PERMANENT,
                reason=PlacementChangeReason.HOURS,
            )
            return [(change, None)]
        granted = [r for r in self._open() if r[1] == person]
        if kind == "fall" and granted:
            fell = ProposalDeclined(**_proposal(*granted[0]), by=AnsweredBy.GUIDE, declined_on=self.day)
            return [(fell, None)]
        if kind == "wait":
            joined = self.day + self.draw(NEAR)
            return [(waits(person, joined), None), (bridged(person, joined + timedelta(days=9)), None)]
        if kind == "leave":
            reason = self.draw(st.sampled_from(list(WaitingLeaveReason)))
            left = WaitingLeft(participant=person, municipality=EMMEN, left_on=self.day, reason=reason)
            return [(left, None)]
        return []

    def _tick(self) -> list[tuple[Data, str | None]]:
        said: list[tuple[Data, str | None]] = [(ClockTicked(at=at(self.day, 6)), None)]
        for reservation, person in self._open():
            if self.draw(st.booleans()):
                said.append((ProposalExpired(**_proposal(reservation, person), expired_on=self.day), None))
        # Said on the very tick on which a month may be reported.
        joined = self.day - timedelta(days=40)
        who = self.draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2))
        said += [(waits(person, joined), None) for person in who]
        for person in self.draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)):
            self.names += 1
            year = self.day.year + self.draw(st.integers(0, 1))
            said.append((asked(person, self.day, reservation=f"res-{self.names}", year=year), None))
            if self.draw(st.booleans()):
                # On another key than the request it rests on: it may come first, and waits.
                fell = _proposal(f"res-{self.names}", person)
                said.append((ProposalWithdrawn(**fell, reason=_GONE, withdrawn_on=self.day), None))
        return said

    def _open(self) -> list[tuple[str, str]]:
        return [
            (r.reservation, r.participant) for r in self.ledger.world.reservations if r.state is State.GRANTED
        ]


def _proposal(reservation: str, participant: str) -> dict[str, Any]:
    return {
        "proposal": f"prop-{reservation}",
        "participant": participant,
        "place": "place-1",
        "reservation": reservation,
        "municipality": EMMEN,
    }


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = Story(draw)
    for _ in range(draw(st.integers(1, 6))):
        story.phase()
    return story


def interleaved(events: list[Event], random: Random) -> list[Event]:
    """The events with every topic's keys in their own order and nothing else in any, some of them twice."""
    lanes: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        lanes[event.partner, event.stream, event.key].append(event)
    for lane in lanes.values():
        again = random.randrange(len(lane) + 1)
        # A consumer that comes back goes on from an earlier offset: what it read is read again, in order.
        lane[again:again] = lane[random.randrange(again + 1) : again]
    mixed = []
    while lanes:
        name = random.choice(sorted(lanes))
        mixed.append(lanes[name].pop(0))
        if not lanes[name]:
            del lanes[name]
    return mixed


def told(ledger: Ledger, events: list[Event], random: Random) -> None:
    """Tell the ledger these events in batches that are cut anywhere."""
    while events:
        size = random.randrange(1, len(events) + 1)
        ledger.take(*events[:size])
        events = events[size:]


@settings(max_examples=80, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_however_topics_interleave_the_ledger_ends_the_same_and_states_the_same_bytes(
    story: Story, random: Random
):
    other = Ledger()
    for part in story.parts:
        told(other, interleaved(part, random), random)
    assert state_of(other.world) == state_of(story.ledger.world)
    assert {encode(e) for e in other.stated} == {encode(e) for e in story.ledger.stated}
    assert len(other.stated) == len(story.ledger.stated)
    assert sorted(other.parked) == sorted(story.ledger.parked)


@settings(max_examples=80, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_a_replay_of_the_log_in_any_order_of_topics_gives_the_same_ledger_and_states_nothing(
    story: Story, random: Random
):
    everything = [event for part in story.parts for event in part] + story.ledger.stated
    rebuilt = Ledger(replaying=True)
    told(rebuilt, interleaved(everything, random), random)
    assert state_of(rebuilt.world) == state_of(story.ledger.world)
    assert rebuilt.stated == []
