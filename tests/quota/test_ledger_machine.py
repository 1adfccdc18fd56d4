"""Whatever people state, in any order: the ledger keeps its promises."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from services.quota.rules import numbers, policies
from services.quota.rules.figures import Counts, Question
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import State
from services.quota.rules.room import room
from services.quota.rules.spells import current
from services.quota.rules.stock import IN_ORDER
from shared.contracts import (
    AnsweredBy,
    ClockTicked,
    ContractKind,
    Fund,
    PlacementChanged,
    PlacementChangeReason,
    ProposalDeclined,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    ReservationUsed,
    WaitingLeaveReason,
    WaitingLeft,
)
from shared.messaging.event import Event
from tests.quota import model
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    bridged,
    by_hours,
    ended,
    held_for,
    moved,
    number,
    registered,
    started,
    waits,
)
from tests.quota.support import Ledger, at, counted_by_spells, state_of

CLOSINGS = (ReservationReleased, ReservationExpired, ReservationUsed)
NEAR = st.integers(-60, 60).map(lambda n: timedelta(days=n))
HOURS = st.sampled_from([0, 8, 14, 20, 28, 32, 36])


class LedgerMachine(RuleBasedStateMachine):
    """Partners state what they like; the naive sums below are done anew each time, from all rows."""

    people: Bundle[str] = Bundle("people")
    contracts: Bundle[tuple[str, str]] = Bundle("contracts")
    held: Bundle[tuple[str, str]] = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.day = date(2019, 11, 1)
        self.minutes = 0
        self.said = 0
        self.facts = 0
        self.told: dict[Question, Counts] = {}
        self.overshot: list[str] = []
        self.log: list[Event] = []

    def now(self) -> datetime:
        self.minutes += 1
        return at(self.day, 0) + timedelta(minutes=self.minutes)

    def hear(self, data: Any) -> list[Any]:
        event = self.ledger.speaker.event(data, self.now())
        stated = self.ledger.take(event)
        self.log += [event, *self.ledger.stated[len(self.ledger.stated) - len(stated) :]]
        return stated

    # What people state.

    @rule(target=people)
    def register(self) -> str:
        self.said += 1
        participant = f"p-{self.said}"
        self.hear(registered(participant, self.day))
        return participant

    @rule(
        fund=st.sampled_from(list(Fund)),
        places=st.integers(0, 3),
        year=st.integers(-1, 1),
        provisional=st.booleans(),
    )
    def set_number(self, fund: Fund, places: int, year: int, *, provisional: bool) -> None:
        self.hear(number(self.day.year + year, places, fund, provisional=provisional))

    @rule(hours=st.sampled_from([31, 36]), since=NEAR)
    def count_hours(self, hours: int, since: timedelta) -> None:
        self.hear(by_hours(hours, self.day + since))

    @rule(length=st.integers(1, 30))
    def adopt_terms(self, length: int) -> None:
        self.hear(held_for(length, self.day))

    @rule(target=held, participant=people, hours=HOURS)
    def ask(self, participant: str, hours: int) -> Any:
        self.said += 1
        reservation = f"res-{self.said}"
        before = self.left(self.day)
        (answer,) = self.hear(asked(participant, self.day, hours=hours, reservation=reservation))
        measure, room = before
        fits = room is not None and measure.size(Tally(1, Decimal(hours))) <= room
        assert isinstance(answer, ReservationGranted if fits else ReservationRefused)
        if fits and (self.left(self.day)[1] or 0) < 0:
            self.overshot.append(reservation)
        return (participant, reservation) if fits else multiple()

    @rule(reservation=held, again=st.booleans())
    def decline(self, reservation: tuple[str, str], *, again: bool) -> None:
        participant, name = reservation
        data = ProposalDeclined(
            proposal=f"prop-{name}",
            participant=participant,
            place="place-1",
            reservation=name,
            municipality=EMMEN,
            by=AnsweredBy.HOST,
            declined_on=self.day,
        )
        for _ in range(1 + again):
            self.hear(data)

    @rule(participant=people, reason=st.sampled_from(list(WaitingLeaveReason)))
    def leave_the_list(self, participant: str, reason: WaitingLeaveReason) -> None:
        self.hear(WaitingLeft(participant=participant, municipality=EMMEN, left_on=self.day, reason=reason))

    @rule(target=contracts, participant=people, since=NEAR, length=st.integers(0, 400), hours=HOURS)
    def start(self, participant: str, since: timedelta, length: int, hours: int) -> tuple[str, str]:
        self.said += 1
        placement = f"pl-{self.said}"
        begins = self.day + since
        until = begins + timedelta(days=length) if length % 2 else None
        self.hear(started(participant, begins, until=until, hours=hours, placement=placement))
        self.facts += 1
        return participant, placement

    @rule(contract=contracts, since=NEAR, hours=HOURS, kind=st.sampled_from(list(ContractKind)))
    def change(self, contract: tuple[str, str], since: timedelta, hours: int, kind: ContractKind) -> None:
        participant, placement = contract
        begins = self.day + since
        until = begins + timedelta(days=90) if kind is ContractKind.TEMPORARY else None
        self.hear(
            PlacementChanged(
                placement=placement,
                participant=participant,
                changed_on=begins,
                hours=Decimal(hours),
                ends_on=until,
                contract=kind,
                reason=PlacementChangeReason.CORRECTION,
            )
        )

    @rule(contract=consumes(contracts), since=NEAR)
    def end(self, contract: tuple[str, str], since: timedelta) -> None:
        participant, placement = contract
        self.hear(ended(placement, participant, self.day + since))

    @rule(participant=people, municipality=st.sampled_from([EMMEN, COEVORDEN]), since=NEAR)
    def move(self, participant: str, municipality: str, since: timedelta) -> None:
        self.hear(moved(participant, self.day + since, municipality))

    @rule(passed=st.integers(1, 40))
    def tick(self, passed: int) -> None:
        self.day += timedelta(days=passed)
        self.minutes = 0
        self.hear(ClockTicked(at=self.now()))
        assert self.hear(ClockTicked(at=self.now())) == []

    @rule(contract=contracts, fund=st.sampled_from([*Fund, None]), since=NEAR)
    def assign(self, contract: tuple[str, str], fund: Fund | None, since: timedelta) -> None:
        _, placement = contract
        self.hear(assigned(placement, fund, self.day + since))

    @rule(participant=people, since=st.integers(0, 60), bridge=st.booleans(), leaves=st.booleans())
    def wait(self, participant: str, since: int, *, bridge: bool, leaves: bool) -> None:
        joined = self.day - timedelta(days=since)
        self.hear(waits(participant, joined))
        if bridge:
            self.hear(bridged(participant, joined + timedelta(days=10)))
        if leaves:
            placed = WaitingLeaveReason.PLACED
            left = WaitingLeft(participant=participant, municipality=EMMEN, left_on=self.day, reason=placed)
            self.hear(left)

    @rule(since=NEAR)
    def report(self, since: timedelta) -> None:
        """The council is told a figure; it must be the same whenever it is looked up again."""
        known_on = self.day - timedelta(days=1)
        question = Question.of(self.day + since, known_on)
        self.told[question] = counted_by_spells(self.ledger.world, EMMEN, question)

    def moments(self) -> list[datetime]:
        """Now and before: also of what is asked again later the sum must be right."""
        return [
            at(self.day, 0) + timedelta(minutes=n)
            for n in (-60 * 24 * 30, 0, self.minutes // 2, self.minutes)
        ]

    def teardown(self) -> None:
        """A replay, which decides nothing, ends in the same rows and the same sums."""
        again = Ledger(replaying=True)
        again.take(*self.log)
        assert again.stated == []
        assert state_of(again.world) == state_of(self.ledger.world)
        for moment in self.moments():
            assert again.world.held.at([EMMEN], moment) == model.held(self.ledger.world, [EMMEN], moment)

    # What must hold.

    @invariant()
    def what_is_held_is_the_sum_over_all_reservations(self) -> None:
        for moment in self.moments():
            for codes in ([EMMEN], [COEVORDEN], [COEVORDEN, EMMEN]):
                assert self.ledger.world.held.at(codes, moment) == model.held(
                    self.ledger.world, codes, moment
                )

    @invariant()
    def the_room_that_is_kept_up_is_the_room_made_anew(self) -> None:
        world = self.ledger.world
        for year in (self.day.year, self.day.year + 1):
            day = max(self.day, date(year, 1, 1))
            found = numbers.numbers([t for t in world.targets if t.municipality == EMMEN], year)
            kept = world.adopted(EMMEN, year, day)
            assert kept.numbers == found
            assert kept.counting == policies.counting(list(world.policies), found, day)
            moment = self.moments()[-1]
            occupied = {IN_ORDER: self.naive(day, starting=True)}
            anew = room(found, kept.counting, occupied, model.held(world, [EMMEN], moment))
            assert world.room(kept, day, world.held.at([EMMEN], moment)).free == anew.free

    @invariant()
    def what_was_told_is_told_again_exactly(self) -> None:
        for question, counts in self.told.items():
            assert counted_by_spells(self.ledger.world, EMMEN, question) == counts

    @invariant()
    def the_spells_say_of_any_day_and_any_moment_what_the_facts_say(self) -> None:
        for on, known_on in (
            (self.day, None),
            (self.day - timedelta(days=40), self.day - timedelta(days=20)),
            (self.day + timedelta(days=40), self.day - timedelta(days=1)),
        ):
            question = Question.of(on, known_on)
            for municipality in (EMMEN, COEVORDEN):
                by_facts = model.count(self.ledger.world, [municipality], question)
                assert counted_by_spells(self.ledger.world, municipality, question) == by_facts

    @invariant()
    def never_more_is_granted_than_there_is_room_for(self) -> None:
        """Whatever is over the number is a contract, which is a fact; never a granted reservation."""
        assert not self.overshot

    @invariant()
    def every_contract_is_counted_whatever_the_number(self) -> None:
        assert not self.ledger.parked
        assert not self.ledger.letters
        assert len(self.ledger.world.placements) == self.facts
        for day in (self.day - timedelta(days=50), self.day, self.day + timedelta(days=50)):
            shown = self.ledger.figures(day)
            in_force = self.naive(day, starting=False)
            assert (shown.contracts, shown.hours) == (in_force.contracts, in_force.hours)
            funded = sum((fund.in_use for fund in shown.funds), Decimal(0))
            assert shown.over >= 0
            assert shown.target - funded == sum((f.free + f.reserved for f in shown.funds), Decimal(0))

    @invariant()
    def the_stock_by_day_is_what_a_count_of_all_contracts_gives(self) -> None:
        for day in (self.day, date(self.day.year, 12, 31), date(self.day.year + 1, 1, 1)):
            for municipality in (EMMEN, COEVORDEN):
                occupied = self.ledger.occupied(municipality, day)
                assert occupied == self.naive(day, starting=True, municipality=municipality)

    @invariant()
    def new_year_changes_only_what_starts_and_ends_on_it(self) -> None:
        eve = date(self.day.year, 12, 31)
        new_year = eve + timedelta(days=1)
        every = current(self.ledger.world.spells)
        ours = [p for p in every if p.municipality == EMMEN]
        starts = sum(1 for p in ours if p.from_on == new_year)
        ends = sum(1 for p in ours if p.until_on == eve)
        change = self.ledger.figures(new_year).contracts - self.ledger.figures(eve).contracts
        assert change == starts - ends

    @invariant()
    def each_request_is_answered_once_and_each_grant_closed_at_most_once(self) -> None:
        answers = Counter(
            event.data.reservation
            for event in self.ledger.stated
            if isinstance(event.data, ReservationGranted | ReservationRefused)
        )
        closings = Counter(
            event.data.reservation for event in self.ledger.stated if isinstance(event.data, CLOSINGS)
        )
        assert set(answers.values()) <= {1}
        assert set(closings.values()) <= {1}
        for reservation in self.ledger.world.reservations:
            closed = reservation.state in {State.RELEASED, State.EXPIRED, State.USED}
            assert closed == (reservation.reservation in closings)
            assert (reservation.closed_at is None) == (reservation.state is State.GRANTED)

    # Naive sums.

    def naive(self, day: date, *, starting: bool, municipality: str = EMMEN) -> Tally:
        total = NOTHING
        for p in self.ledger.world.placements:
            now = model.standing(self.ledger.world, p.placement, p.participant, municipality, day, None)
            first = model.first_day(self.ledger.world, p.placement, p.participant, municipality, None)
            if now is not None:
                total += Tally(1, now.hours)
            if starting and first is not None and first[0] > day:
                total += Tally(1, first[1].hours)
        return total

    def left(self, day: date) -> tuple[policies.Counting, Decimal | None]:
        """What fits before the number is reached, in the unit that counts; None without a number."""
        world = self.ledger.world
        found = numbers.numbers(list(world.targets), day.year)
        measure = policies.counting(list(world.policies), found, day)
        if not found:
            return measure, None
        granted = sum((r.tally for r in world.reservations if r.state is State.GRANTED), NOTHING)
        taken = measure.size(self.naive(day, starting=True) + granted)
        return measure, sum((measure.capacity(n.places) for n in found), Decimal(0)) - taken


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
