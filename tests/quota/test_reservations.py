"""Reservations: granted, refused, given back, lost and used."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.quota.rules.reservations import State
from shared.contracts import (
    AnsweredBy,
    CapacityChanged,
    ContractKind,
    Fund,
    PlacementChanged,
    PlacementChangeReason,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    ReservationUsed,
    WaitingLeaveReason,
    WaitingLeft,
)
from shared.messaging.registry import Registry
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    by_hours,
    days,
    held_for,
    number,
    registered,
    started,
    these,
)
from tests.quota.support import OPERATOR, REGISTRY, Ledger, at

DAY = date(2021, 3, 1)


def ledger_with(*data: Any, places: int = 1) -> Ledger:
    ledger = Ledger()
    ledger.hear(number(2021, places), date(2021, 1, 1))
    for participant in ("p-1", "p-2", "p-3"):
        ledger.hear(registered(participant), date(2021, 1, 1))
    for each in data:
        ledger.hear(each, date(2021, 1, 2))
    return ledger


def proposal(reservation: str, participant: str = "p-1") -> dict[str, Any]:
    return {
        "proposal": "prop-1",
        "participant": participant,
        "place": "place-1",
        "reservation": reservation,
        "municipality": EMMEN,
    }


def state_of(ledger: Ledger, participant: str = "p-1", on: date = DAY) -> State:
    return ledger.world.reservations[f"res-{participant}-{on}"].state


def test_the_last_place_is_granted_once_and_the_next_in_line_is_told_what_was_free():
    ledger = ledger_with()
    (granted,) = ledger.hear(asked("p-1", DAY), DAY)
    (refused,) = ledger.hear(asked("p-2", DAY, rank=2, waiting_before=1), DAY)
    assert isinstance(granted, ReservationGranted)
    assert (granted.fund, granted.granted_on, granted.expires_on) == (Fund.MINISTRY, DAY, DAY + days(42))
    assert isinstance(refused, ReservationRefused)
    assert (refused.reason, refused.free, refused.waiting_before) == (
        "no-room",
        {Fund.MINISTRY: Decimal(0)},
        1,
    )


def test_the_same_reservation_asked_for_again_gets_no_second_answer():
    ledger = ledger_with()
    ledger.hear(asked("p-1", DAY), DAY)
    assert ledger.hear(asked("p-1", DAY), DAY) == []


def test_terms_in_force_say_how_long_room_is_held():
    ledger = ledger_with(held_for(10, date(2021, 2, 1)))
    (granted,) = ledger.hear(asked("p-1", DAY), DAY)
    assert granted.expires_on == DAY + days(10)


def test_funds_are_filled_in_order_and_the_council_pays_for_what_is_above_the_others():
    ledger = ledger_with(number(2021, 1, Fund.COUNCIL))
    funds = [ledger.hear(asked(p, DAY), DAY)[0].fund for p in ("p-1", "p-2")]
    assert funds == [Fund.MINISTRY, Fund.COUNCIL]


def test_contracts_over_the_number_grant_nothing_and_end_nothing():
    ledger = ledger_with(started("p-1", date(2021, 1, 1)), started("p-2", date(2021, 1, 1)))
    (refused,) = ledger.hear(asked("p-3", DAY), DAY)
    assert refused.free == {Fund.MINISTRY: Decimal(-1)}
    shown = ledger.figures(DAY)
    assert (shown.contracts, shown.over, shown.free, shown.without_reservation) == (
        2,
        Decimal(1),
        Decimal(0),
        2,
    )


def test_a_cut_of_the_number_ends_nothing_and_blocks_what_comes():
    ledger = ledger_with(started("p-1", date(2021, 1, 1)), places=2)
    ledger.hear(number(2021, 0), date(2021, 2, 1))
    (refused,) = ledger.hear(asked("p-2", DAY), DAY)
    assert isinstance(refused, ReservationRefused)
    assert ledger.figures(DAY).contracts == 1


def test_an_ended_contract_makes_room():
    ledger = ledger_with(started("p-1", date(2021, 1, 1), until=date(2021, 2, 28)))
    (granted,) = ledger.hear(asked("p-2", DAY), DAY)
    assert isinstance(granted, ReservationGranted)


def test_room_held_in_the_old_year_is_held_in_the_new_one():
    ledger = ledger_with()
    ledger.hear(asked("p-1", date(2021, 12, 20)), date(2021, 12, 20))
    (refused,) = ledger.hear(asked("p-2", date(2022, 1, 3)), date(2022, 1, 3))
    assert isinstance(refused, ReservationRefused)


def test_by_hours_two_half_jobs_fit_one_place_and_a_third_does_not():
    ledger = ledger_with(by_hours(31, date(2021, 1, 1)))
    answers = [ledger.hear(asked(p, DAY, hours=15), DAY)[0] for p in ("p-1", "p-2", "p-3")]
    assert [type(a) for a in answers] == [ReservationGranted, ReservationGranted, ReservationRefused]
    assert answers[-1].free == {Fund.MINISTRY: Decimal("0.03")}


def test_a_contract_uses_the_persons_reservation_once():
    ledger = ledger_with()
    ledger.hear(asked("p-1", DAY), DAY)
    (used,) = ledger.hear(started("p-1", DAY + days(14)), DAY + days(7))
    assert isinstance(used, ReservationUsed)
    assert (used.reservation, used.used_on) == (f"res-p-1-{DAY}", DAY + days(14))
    assert ledger.hear(started("p-1", DAY + days(14), placement="pl-other"), DAY + days(8)) == []
    assert ledger.figures(DAY + days(14)).without_reservation == 1


def test_of_two_reservations_a_contract_uses_the_one_for_its_place():
    ledger = ledger_with(places=2)
    ledger.hear(asked("p-1", DAY, place="place-9"), DAY)
    ledger.hear(asked("p-1", DAY + days(1), place="place-1"), DAY + days(1))
    (used,) = ledger.hear(started("p-1", DAY + days(14)), DAY + days(7))
    assert used.reservation == f"res-p-1-{DAY + days(1)}"


def test_a_placement_that_becomes_a_contract_uses_the_reservation_then():
    ledger = ledger_with()
    ledger.hear(asked("p-1", DAY), DAY)
    begun = started("p-1", DAY, contract=ContractKind.NONE)
    assert ledger.hear(begun, DAY) == []
    contract = PlacementChanged(
        placement=begun.placement,
        participant="p-1",
        changed_on=DAY + days(10),
        hours=Decimal(28),
        contract=ContractKind.TEMPORARY,
        ends_on=DAY + days(300),
        reason=PlacementChangeReason.EXTENSION,
    )
    (used,) = ledger.hear(contract, DAY + days(10))
    assert (used.placement, used.used_on) == (begun.placement, DAY + days(10))


@pytest.mark.parametrize(
    ("closing", "reason"),
    [
        (
            ProposalDeclined(**proposal(f"res-p-1-{DAY}"), by=AnsweredBy.HOST, declined_on=DAY),
            "proposal-declined",
        ),
        (ProposalExpired(**proposal(f"res-p-1-{DAY}"), expired_on=DAY), "proposal-expired"),
        (
            ProposalWithdrawn(
                **proposal(f"res-p-1-{DAY}"), reason=ProposalWithdrawReason.PLACE_WITHDRAWN, withdrawn_on=DAY
            ),
            "proposal-withdrawn",
        ),
    ],
)
def test_a_proposal_that_falls_gives_its_room_back_once(closing: Any, reason: str):
    ledger = ledger_with()
    ledger.hear(asked("p-1", DAY), DAY)
    (released,) = ledger.hear(closing, DAY + days(1))
    assert isinstance(released, ReservationReleased)
    assert (released.reason, released.released_on) == (reason, DAY + days(1))
    assert ledger.hear(closing, DAY + days(2)) == []
    assert isinstance(ledger.hear(asked("p-2", DAY + days(3)), DAY + days(3))[0], ReservationGranted)


def test_a_proposal_withdrawn_for_a_placement_elsewhere_leaves_the_room_to_that_contract():
    withdrawn = ProposalWithdrawn(
        **proposal(f"res-p-1-{DAY}"), reason=ProposalWithdrawReason.PLACED_ELSEWHERE, withdrawn_on=DAY
    )
    contract = started("p-1", DAY + days(1))
    for events in ([withdrawn, contract], [contract, withdrawn]):
        ledger = ledger_with()
        ledger.hear(asked("p-1", DAY), DAY)
        stated = [data for each in events for data in ledger.hear(each, DAY + days(1))]
        assert [type(data) for data in stated] == [ReservationUsed]


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (WaitingLeaveReason.LEFT, "participant-left"),
        (WaitingLeaveReason.MOVED, "participant-moved"),
        (WaitingLeaveReason.WITHDRAWN, "decision-withdrawn"),
        (WaitingLeaveReason.PLACED, None),
    ],
)
def test_who_no_longer_waits_holds_no_room_unless_placed(left: WaitingLeaveReason, reason: str | None):
    ledger = ledger_with()
    ledger.hear(asked("p-1", DAY), DAY)
    stated = ledger.hear(
        WaitingLeft(participant="p-1", municipality=EMMEN, left_on=DAY, reason=left), DAY + days(1)
    )
    assert [data.reason for data in stated] == ([] if reason is None else [reason])


def test_room_is_held_to_the_end_of_its_last_day_and_lost_on_the_next_tick():
    ledger = ledger_with(held_for(10, date(2021, 1, 1)))
    ledger.hear(asked("p-1", DAY), DAY)
    assert not [d for d in ledger.tick(DAY + days(10)) if isinstance(d, ReservationExpired)]
    (expired,) = [d for d in ledger.tick(DAY + days(11)) if isinstance(d, ReservationExpired)]
    assert expired.expired_on == DAY + days(11)
    assert not [d for d in ledger.tick(DAY + days(12)) if isinstance(d, ReservationExpired)]


def test_a_contract_after_the_last_day_stands_without_reservation_whether_or_not_the_clock_ticked():
    for ticks in (True, False):
        ledger = ledger_with(held_for(10, date(2021, 1, 1)))
        ledger.hear(asked("p-1", DAY), DAY)
        if ticks:
            ledger.tick(DAY + days(11))
        assert ledger.hear(started("p-1", DAY + days(12)), DAY + days(12)) == []
        assert ledger.figures(DAY + days(12)).without_reservation == 1


def test_room_given_back_at_the_moment_of_a_request_is_not_there_for_it_in_either_order():
    tick = at(DAY + days(5), 6)
    given_back = ProposalExpired(**proposal(f"res-p-1-{DAY}"), expired_on=DAY + days(5))
    for order in ((0, 1), (1, 0)):
        ledger = ledger_with()
        ledger.hear(asked("p-1", DAY), DAY)
        pair = (given_back, asked("p-2", DAY + days(5)))
        stated = [data for n in order for data in ledger.hear(pair[n], tick)]
        assert {type(data) for data in stated} == {ReservationReleased, ReservationRefused}
        assert isinstance(ledger.hear(asked("p-3", DAY + days(6)), DAY + days(6))[0], ReservationGranted)


def test_requests_for_a_municipality_that_it_does_not_serve_are_left_to_who_does():
    ledger = ledger_with()
    assert ledger.hear(asked("p-1", DAY, municipality=COEVORDEN), DAY) == []


def test_a_request_waits_while_the_registry_does_not_know_the_operator():
    ledger = ledger_with()
    ledger.world.serves = None
    ledger.registry = Registry.of(p for name, p in REGISTRY.partners.items() if name != OPERATOR)
    assert ledger.hear(asked("p-1", DAY), DAY) == []
    (waiting,) = ledger.parked.values()
    assert waiting.waits_for == (f"partner:{OPERATOR}",)


def test_a_request_for_next_year_is_held_against_the_contracts_of_1_january():
    """One place in both years. The contract ends on 31 December: this year is full, next year has 1 free."""
    ledger = Ledger()
    ledger.hear(number(2021, 1), date(2020, 12, 1))
    ledger.hear(registered("p-1"), date(2021, 1, 1))
    ledger.hear(started("p-1", date(2021, 2, 1), until=date(2021, 12, 31)), date(2021, 1, 20))
    december = date(2021, 12, 6)
    told = [said for said in ledger.tick(december) if isinstance(said, CapacityChanged)]
    assert [these(said.year, said.funds[0].free) for said in told] == [(2021, 0), (2022, 1)]
    (this_year,) = ledger.hear(asked("p-2", december), december)
    (next_year,) = ledger.hear(asked("p-3", december, year=2022), december)
    (again,) = ledger.hear(asked("p-4", december, year=2022), december)
    answers = [type(each) for each in (this_year, next_year, again)]
    assert answers == [ReservationRefused, ReservationGranted, ReservationRefused]
