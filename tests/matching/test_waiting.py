"""Who joins the list, in which order they stand, and when they leave it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.contracts import (
    BridgeDue,
    BridgeOffered,
    DecisionOutcome,
    LeaveReason,
    OrderKey,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    ProposalMade,
    ReservationRequested,
    Rung,
    WaitingJoined,
    WaitingLeaveReason,
    WaitingLeft,
    WaitingPassedOver,
)
from tests.matching.statements import (
    COEVORDEN,
    EMMEN,
    advised,
    by_decision,
    decided,
    on_terms,
    place,
    registered,
    started,
    stepped,
)
from tests.matching.support import Region, of_type

DAY = date(2020, 11, 2)
WEEK = timedelta(days=7)


@pytest.fixture
def region() -> Region:
    return Region()


def test_a_granted_decision_puts_somebody_on_the_list_with_all_that_the_order_looks_at(region):
    region.hear(registered("p-1", DAY, school_leaver=True), DAY)
    region.hear(advised("p-1", DAY, requested_on=DAY - WEEK), DAY)
    (joined,) = region.hear(decided("p-1", DAY + WEEK, priority_group="pro-vso"), DAY + WEEK)
    assert joined == WaitingJoined(
        participant="p-1",
        municipality=EMMEN,
        joined_on=DAY + WEEK,
        requested_on=DAY - WEEK,
        advised_on=DAY,
        decided_on=DAY + WEEK,
        priority_group="pro-vso",
        school_leaver=True,
    )


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_decision_waits_for_the_person_and_the_advice_in_whichever_order_they_come(region, last):
    said = [registered("p-1", DAY), advised("p-1", DAY), decided("p-1", DAY)]
    said.append(said.pop(last))
    stated = [data for each in said for data in region.hear(each, DAY)]
    assert [type(data) for data in stated] == [WaitingJoined]
    assert region.stated[0].causation is not None
    assert not region.parked


def test_a_withdrawal_does_not_overtake_the_grant_that_waits_for_its_advice(region):
    region.hear(registered("p-1", DAY), DAY)
    region.hear(decided("p-1", DAY), DAY)
    region.hear(decided("p-1", DAY, DecisionOutcome.WITHDRAWN), DAY)
    assert len(region.parked) == 2
    region.hear(advised("p-1", DAY), DAY)
    (left,) = of_type(region.tick(DAY), WaitingLeft)
    assert left.reason is WaitingLeaveReason.WITHDRAWN


def test_a_decision_of_another_municipality_than_the_one_that_states_it_is_not_taken(region):
    region.hear(registered("p-1", DAY), DAY)
    region.hear(advised("p-1", DAY), DAY)
    assert region.hear(decided("p-1", DAY), DAY, by="gemeente-coevorden") == []
    assert region.letters[0].code == "role.not-allowed"
    assert not list(region.world.waiting)


def test_the_order_goes_by_the_keys_of_the_policy_and_then_by_the_person(region):
    region.hear(
        by_decision(
            DAY, keys=(OrderKey.PRIORITY_GROUP, OrderKey.DECISION_DATE), priority_groups=("pro-vso",)
        ),
        DAY,
    )
    region.join("p-c", DAY)
    region.join("p-b", DAY)
    region.join("p-a", DAY + WEEK)
    region.join("p-d", DAY + 2 * WEEK, priority_group="pro-vso")
    assert region.order(EMMEN, DAY + 2 * WEEK) == ["p-d", "p-b", "p-c", "p-a"]


def test_without_an_order_in_force_nobody_is_proposed_or_passed_over(region):
    region.hear(by_decision(DAY + WEEK), DAY)
    region.hear(place("emco-1", DAY), DAY)
    region.join("p-1", DAY)
    stated = region.tick(DAY)
    assert not of_type(stated, ReservationRequested, WaitingPassedOver)
    assert of_type(region.tick(DAY + WEEK), ReservationRequested)


def test_a_contract_ends_the_wait_on_its_first_day_and_is_said_at_the_next_tick(region):
    region.join("p-1", DAY)
    region.hear(place("emco-1", DAY), DAY)
    assert region.hear(started("p-1", "emco-1", DAY + WEEK), DAY) == []
    (left,) = of_type(region.tick(DAY + timedelta(days=1)), WaitingLeft)
    assert (left.left_on, left.reason) == (DAY + WEEK, WaitingLeaveReason.PLACED)
    assert not list(region.world.waiting)
    assert region.tick(DAY + 2 * WEEK) == []


def test_who_left_the_region_leaves_the_list(region):
    region.join("p-1", DAY)
    region.hear(ParticipantLeft(participant="p-1", left_on=DAY, reason=LeaveReason.OTHER), DAY)
    (left,) = of_type(region.tick(DAY), WaitingLeft)
    assert left.reason is WaitingLeaveReason.LEFT


def test_who_moves_leaves_one_list_and_joins_the_other_once_that_municipality_has_decided(region):
    region.join("p-1", DAY)
    moved = ParticipantMoved(participant="p-1", municipality=COEVORDEN, moved_on=DAY + WEEK)
    region.hear(moved, DAY)
    assert not of_type(region.tick(DAY), WaitingLeft)
    region.hear(decided("p-1", DAY + WEEK, municipality=COEVORDEN), DAY + WEEK)
    stated = of_type(region.tick(DAY + WEEK), WaitingLeft, WaitingJoined)
    assert [(type(data), data.municipality) for data in stated] == [
        (WaitingLeft, EMMEN),
        (WaitingJoined, COEVORDEN),
    ]
    assert [wait.municipality for wait in region.world.waiting] == [COEVORDEN]


def test_a_person_who_was_placed_does_not_come_back_on_the_list_by_the_same_decision(region):
    region.join("p-1", DAY)
    region.hear(decided("p-1", DAY + timedelta(days=1)), DAY + timedelta(days=1))
    region.hear(place("emco-1", DAY), DAY)
    region.hear(started("p-1", "emco-1", DAY + WEEK), DAY + WEEK)
    region.tick(DAY + WEEK)
    region.tick(DAY + 2 * WEEK)
    assert not list(region.world.waiting)


def test_a_bridge_is_owed_once_the_term_is_over_and_said_once(region):
    region.hear(on_terms(DAY, bridge_within_days=28), DAY)
    region.join("p-1", DAY)
    assert not of_type(region.tick(DAY + timedelta(days=27)), BridgeDue)
    (due,) = of_type(region.tick(DAY + timedelta(days=28)), BridgeDue)
    assert (due.since, due.due_on) == (DAY, DAY + timedelta(days=28))
    assert not of_type(region.tick(DAY + timedelta(days=29)), BridgeDue)


def test_without_terms_a_bridge_is_owed_at_the_first_tick(region):
    region.join("p-1", DAY)
    assert of_type(region.tick(DAY), BridgeDue)


def test_a_step_while_waiting_is_the_bridge_and_a_step_before_is_not(region):
    region.join("p-1", DAY)
    assert not of_type(region.tick(DAY + timedelta(days=1)), BridgeOffered)
    region.hear(stepped("p-1", Rung.LEARN_WORK, DAY + WEEK), DAY + WEEK)
    (bridge,) = of_type(region.tick(DAY + WEEK), BridgeOffered)
    assert (bridge.rung, bridge.offered_on) == (Rung.LEARN_WORK, DAY + WEEK)
    region.hear(stepped("p-1", Rung.WORK_WITH_BENEFIT, DAY + 2 * WEEK), DAY + 2 * WEEK)
    assert not of_type(region.tick(DAY + 2 * WEEK), BridgeOffered)


def test_a_tick_without_news_states_nothing(region):
    region.hear(by_decision(DAY), DAY)
    region.hear(place("emco-1", DAY), DAY)
    for person in ("p-1", "p-2"):
        region.join(person, DAY)
    region.grant_all(region.tick(DAY), DAY)
    region.tick(DAY + timedelta(days=1))
    assert region.tick(DAY + timedelta(days=2)) == []


def test_a_partner_cannot_take_somebody_over_by_stating_it(region):
    region.join("p-1", DAY)
    region.hear(registered("p-1", DAY + WEEK, COEVORDEN), DAY, by="buurtsupport")
    left = ParticipantLeft(participant="p-1", left_on=DAY, reason=LeaveReason.OTHER)
    region.hear(left, DAY, by="buurtsupport")
    assert len(region.parked) == 2
    assert not of_type(region.tick(DAY + WEEK), WaitingLeft)


def test_a_hand_over_counts_when_the_partner_that_was_asked_accepts_it(region):
    region.join("p-1", DAY)
    accepted = ParticipantTransferAccepted(transfer="t-1", participant="p-1", accepted_on=DAY)
    region.hear(accepted, DAY, by="buurtsupport")
    region.hear(stepped("p-1", Rung.LEARN_WORK, DAY), DAY, by="buurtsupport")
    offer = ParticipantTransferOffered(transfer="t-1", participant="p-1", to="buurtsupport", offered_on=DAY)
    region.hear(offer, DAY)
    assert not region.parked
    person = region.world.people["p-1"]
    assert (person.guide, person.rung) == ("buurtsupport", Rung.LEARN_WORK)


def test_a_hand_over_offered_to_one_partner_is_not_another_partners_to_accept(region):
    region.join("p-1", DAY)
    offer = ParticipantTransferOffered(transfer="t-1", participant="p-1", to="emco", offered_on=DAY)
    region.hear(offer, DAY)
    accepted = ParticipantTransferAccepted(transfer="t-1", participant="p-1", accepted_on=DAY)
    region.hear(accepted, DAY, by="buurtsupport")
    assert region.letters[0].code == "person.not-yours"
    assert region.world.people["p-1"].guide == "menso"


def test_nothing_is_proposed_to_people_of_a_municipality_that_another_operator_serves(region):
    region.world.serves = frozenset({COEVORDEN})
    region.join("p-1", DAY)
    assert not of_type(region.stated_data(), WaitingJoined, ProposalMade)
