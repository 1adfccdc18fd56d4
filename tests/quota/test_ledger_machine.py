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
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import State
from shared.contracts import (
    AnsweredBy,
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
from tests.quota.support import (
    COEVORDEN,
    EMMEN,
    Ledger,
    asked,
    at,
    by_hours,
    ended,
    held_for,
    moved,
    number,
    registered,
    started,
)

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

    def now(self) -> datetime:
        self.minutes += 1
        return at(self.day, 0) + timedelta(minutes=self.minutes)

    def hear(self, data: Any) -> list[Any]:
        return self.ledger.hear(data, self.now())

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
        self.ledger.tick(self.now())
        assert self.ledger.tick(self.now()) == []

    # What must hold.

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
                occupied = self.ledger.world.stock.occupied(municipality, day)
                assert occupied == self.naive(day, starting=True, municipality=municipality)

    @invariant()
    def new_year_changes_only_what_starts_and_ends_on_it(self) -> None:
        eve = date(self.day.year, 12, 31)
        new_year = eve + timedelta(days=1)
        every = [p for person in self.everyone() for p in self.ledger.world.periods_of(person)]
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

    def everyone(self) -> set[str]:
        return {domicile.participant for domicile in self.ledger.world.domiciles}

    def naive(self, day: date, *, starting: bool, municipality: str = EMMEN) -> Tally:
        total = NOTHING
        for person in self.everyone():
            for period in self.ledger.world.periods_of(person):
                later = starting and period.first and period.from_on > day
                if period.municipality == municipality and (period.covers(day) or later):
                    total += period.tally
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
