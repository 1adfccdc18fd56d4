"""The pitfalls of this domain that concern the list, the round and the proposals, each by its number.

(5 is both services': quota holds the funds. 8 on deviations is in test_explained.)
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.matching.rules.ladder import Direction, Step, StepKind, history
from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    BridgeDue,
    BridgeEnded,
    BridgeOffered,
    DecisionOutcome,
    LeaveReason,
    Need,
    OrderKey,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantResumed,
    PassedOverReason,
    PlacementEnded,
    PlacementEndReason,
    ProposalExpired,
    ProposalMade,
    ReservationRequested,
    Rung,
    WaitingChanged,
    WaitingJoined,
    WaitingLeaveReason,
    WaitingLeft,
    WaitingPassedOver,
)
from shared.messaging.event import encode
from tests.matching.conftest import DAY, NEXT, WEEK
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
    registered,
    started,
    stepped,
)
from tests.matching.support import Region, at, of_type


def placed(region: Region, person: str = "p-1", on: date = DAY) -> None:
    """The first in line gets a contract by a proposal."""
    region.hear(place("emco-1", on), on)
    (made,) = region.grant_all(region.tick(on), on)
    assert made.participant == person
    region.hear(answered(made, on), on)
    region.hear(started(person, "emco-1", on, made.proposal), on)
    region.tick(on + timedelta(days=1))


def stopped(person: str, on: date, reason: PlacementEndReason) -> PlacementEnded:
    return PlacementEnded(placement=f"pl-{person}", participant=person, ended_on=on, reason=reason)


def test_pitfall_6_when_the_number_is_reached_status_and_place_in_line_remain_and_a_bridge_is_owed(region):
    region.hear(on_terms(DAY, bridge_within_days=7), DAY)
    region.hear(capacity(0, DAY), at(DAY, 1))
    region.hear(place("emco-1", DAY, seats=3), DAY)
    stated = region.tick(DAY + WEEK)
    assert not of_type(stated, ReservationRequested)
    assert {t.reason for t in of_type(stated, WaitingPassedOver)} == {PassedOverReason.NO_ROOM}
    assert {b.participant for b in of_type(stated, BridgeDue)} == {"p-1", "p-2", "p-3"}
    assert region.order(EMMEN, DAY + WEEK) == ["p-1", "p-2", "p-3"]
    region.hear(capacity(1, DAY + WEEK), at(DAY + WEEK, 8))
    (request,) = of_type(region.tick(DAY + 2 * WEEK), ReservationRequested)
    assert request.participant == "p-1"


def test_pitfall_7_the_advice_of_uwv_is_not_the_decision_of_the_municipality(region):
    negative = advised("p-7", DAY).model_copy(update={"outcome": AdviceOutcome.NEGATIVE})
    region.hear(registered("p-7", DAY), DAY)
    assert region.hear(negative, DAY) == []
    (joined,) = region.hear(decided("p-7", NEXT), NEXT)
    assert (joined.advised_on, joined.decided_on) == (DAY, NEXT)
    region.hear(registered("p-8", DAY), DAY)
    assert region.hear(advised("p-8", DAY), DAY) == []
    assert not of_type(region.tick(NEXT), WaitingJoined)


def test_pitfall_8_people_of_the_same_day_stand_in_a_fixed_order_and_none_by_what_suits_them_best():
    """p-a and p-b were granted it on one day. p-b lives next door and wants that work; p-a goes first."""
    region = Region()
    region.hear(by_decision(DAY), DAY)
    for person in ("p-b", "p-a"):
        region.join(person, DAY)
    region.hear(profile("p-a", DAY, postcode4="9711", max_travel_km=60), DAY)
    region.hear(profile("p-b", DAY, postcode4="7821", kinds=("groen",)), DAY)
    region.hear(place("emco-1", DAY, kinds=("groen",)), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    assert request.participant == "p-a"


def test_pitfall_8_nobody_is_proposed_anything_that_no_person_has_answered(region):
    region.hear(place("emco-1", DAY), DAY)
    (made,) = region.grant_all(region.tick(DAY), DAY)
    last = made.expires_on + timedelta(days=1)
    assert of_type(region.tick(last), ProposalExpired)
    assert region.order(EMMEN, last) == ["p-1", "p-2", "p-3"]


@pytest.mark.parametrize("by", list(AnsweredBy))
def test_pitfall_9_a_no_of_anyone_is_told_apart_and_costs_no_rank(region, by):
    region.hear(place("emco-1", DAY), DAY)
    (made,) = region.grant_all(region.tick(DAY), DAY)
    region.hear(answered(made, NEXT, Answer.DECLINED, by), NEXT, by="emco" if by is AnsweredBy.HOST else None)
    region.tick(NEXT)
    (proposal,) = [p for p in region.world.proposals if p.participant == "p-1"]
    assert proposal.declined_by is by
    assert region.world.waiting["p-1"].refusals == (0 if by is AnsweredBy.HOST else 1)
    assert region.order(EMMEN, NEXT) == ["p-1", "p-2", "p-3"]


def test_pitfall_9_being_ill_on_the_day_costs_no_rank(region):
    region.hear(place("emco-1", DAY), DAY)
    region.grant_all(region.tick(DAY), DAY)
    region.hear(ParticipantPaused(participant="p-1", paused_on=NEXT), NEXT)
    stated = region.tick(NEXT)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]
    region.hear(ParticipantResumed(participant="p-1", resumed_on=NEXT + WEEK), NEXT + WEEK)
    assert region.order(EMMEN, NEXT + WEEK) == ["p-1", "p-2", "p-3"]
    region.hear(place("emco-2", NEXT + WEEK), NEXT + WEEK)
    (request,) = of_type(region.tick(NEXT + WEEK), ReservationRequested)
    assert (request.participant, request.place) == ("p-1", "emco-2")


def test_pitfall_9_refusing_costs_a_rank_only_where_the_council_made_it_a_key(region):
    """One refusal; under `offers_declined, decision_date` p-1 stands after the two who refused none."""
    keys = (OrderKey.OFFERS_DECLINED, OrderKey.DECISION_DATE)
    region.hear(by_decision(NEXT, keys=keys), DAY)
    region.hear(place("emco-1", DAY), DAY)
    (made,) = region.grant_all(region.tick(DAY), DAY)
    region.hear(answered(made, DAY, Answer.DECLINED, AnsweredBy.PARTICIPANT), DAY)
    assert region.order(EMMEN, DAY) == ["p-1", "p-2", "p-3"]
    assert region.order(EMMEN, NEXT) == ["p-2", "p-3", "p-1"]


def test_pitfall_12_who_moves_is_on_the_list_of_where_they_live_and_on_no_other(region):
    region.hear(ParticipantMoved(participant="p-1", municipality=COEVORDEN, moved_on=NEXT), DAY)
    region.hear(decided("p-1", NEXT, municipality=COEVORDEN), NEXT)
    stated = of_type(region.tick(NEXT), WaitingLeft, WaitingJoined)
    assert [data.municipality for data in stated] == [EMMEN, COEVORDEN]
    assert [w.municipality for w in region.world.waiting if w.participant == "p-1"] == [COEVORDEN]


def test_pitfall_16_falling_back_is_normal_and_the_history_has_no_word_for_failure():
    """Up to a learn-work place, to sheltered work, to a regular job; and back to day activities."""
    way = [
        (StepKind.REGISTERED, Rung.DAY_ACTIVITY, 1, "buurtsupport"),
        (StepKind.STEPPED, Rung.LEARN_WORK, 2, "menso"),
        (StepKind.STARTED, Rung.SHELTERED_WORK, 3, "emco"),
        (StepKind.ENDED, Rung.SHELTERED_WORK, 5, "emco"),
        (StepKind.STEPPED, Rung.REGULAR_WORK, 5, "menso"),
        (StepKind.STEPPED, Rung.DAY_ACTIVITY, 9, "buurtsupport"),
    ]
    steps = [Step("p-1", f"s-{n}", kind, rung, date(2020, n, 1), by) for kind, rung, n, by in way]
    told = history(reversed(steps))
    assert [(t.step.rung, t.direction) for t in told] == [
        (Rung.DAY_ACTIVITY, Direction.FIRST),
        (Rung.LEARN_WORK, Direction.UP),
        (Rung.SHELTERED_WORK, Direction.UP),
        (Rung.SHELTERED_WORK, Direction.ENDED),
        (Rung.REGULAR_WORK, Direction.UP),
        (Rung.DAY_ACTIVITY, Direction.DOWN),
    ]
    assert not any(word in f"{list(Direction)}{list(StepKind)}".lower() for word in ("fail", "drop", "bad"))


def test_pitfall_16_the_history_is_one_over_all_partners_and_a_step_back_is_a_step(region):
    placed(region)
    region.hear(stopped("p-1", NEXT + WEEK, PlacementEndReason.STEP_UP), NEXT + WEEK)
    region.hear(stepped("p-1", Rung.REGULAR_WORK, NEXT + WEEK), NEXT + WEEK)
    region.hear(stepped("p-1", Rung.DAY_ACTIVITY, NEXT + 3 * WEEK), NEXT + 3 * WEEK)
    told = history(step for step in region.world.steps if step.participant == "p-1")
    assert [(t.step.partner, t.direction) for t in told] == [
        ("menso", Direction.FIRST),
        ("emco", Direction.UP),
        ("emco", Direction.ENDED),
        ("menso", Direction.UP),
        ("menso", Direction.DOWN),
    ]


def test_pitfall_16_trying_a_job_does_not_burn_the_way_back_to_the_list(region):
    """Simpel Switchen: sheltered work, a try at a regular job, a step back; the old dates, the old rank."""
    placed(region)
    region.hear(stopped("p-1", NEXT + WEEK, PlacementEndReason.STEP_UP), NEXT + WEEK)
    region.hear(stepped("p-1", Rung.REGULAR_WORK, NEXT + WEEK), NEXT + WEEK)
    assert not of_type(region.tick(NEXT + 2 * WEEK), WaitingJoined)
    region.hear(stepped("p-1", Rung.WORK_WITH_BENEFIT, NEXT + 3 * WEEK), NEXT + 3 * WEEK)
    (joined,) = of_type(region.tick(NEXT + 3 * WEEK), WaitingJoined)
    assert (joined.joined_on, joined.decided_on) == (NEXT + 3 * WEEK, DAY - timedelta(days=2))
    assert joined.back_from == "pl-p-1"
    assert region.order(EMMEN, NEXT + 3 * WEEK)[0] == "p-1"
    assert not of_type(region.tick(NEXT + 4 * WEEK), WaitingJoined)


def test_pitfall_16_a_grant_repeated_while_waiting_takes_no_date_from_the_way_back(region):
    """Found by the long fault campaign: back in line with the date of the repeated grant, behind others."""
    region.hear(decided("p-1", DAY), DAY)
    region.tick(DAY)
    placed(region)
    region.hear(stopped("p-1", NEXT + WEEK, PlacementEndReason.STEP_UP), NEXT + WEEK)
    region.hear(stepped("p-1", Rung.WORK_WITH_BENEFIT, NEXT + 3 * WEEK), NEXT + 3 * WEEK)
    (joined,) = of_type(region.tick(NEXT + 3 * WEEK), WaitingJoined)
    assert (joined.decided_on, joined.back_from) == (DAY - timedelta(days=2), "pl-p-1")
    assert region.order(EMMEN, NEXT + 3 * WEEK)[0] == "p-1"


@pytest.mark.parametrize("reason", [r for r in PlacementEndReason if r is not PlacementEndReason.STEP_UP])
def test_who_left_sheltered_work_for_good_comes_back_only_by_a_new_decision(region, reason):
    placed(region)
    region.hear(stopped("p-1", NEXT + WEEK, reason), NEXT + WEEK)
    region.hear(stepped("p-1", Rung.DAY_ACTIVITY, NEXT + 3 * WEEK), NEXT + 3 * WEEK)
    assert not of_type(region.tick(NEXT + 3 * WEEK), WaitingJoined)
    region.hear(decided("p-1", NEXT + 4 * WEEK), NEXT + 4 * WEEK)
    assert region.order(EMMEN, NEXT + 4 * WEEK)[-1] == "p-1"


def test_a_try_at_a_regular_job_while_waiting_costs_neither_the_place_nor_the_bridge(region):
    region.hear(stepped("p-2", Rung.LEARN_WORK, DAY), DAY)
    region.tick(DAY)
    region.hear(stepped("p-2", Rung.REGULAR_WORK, NEXT), NEXT)
    region.hear(stepped("p-2", Rung.DAY_ACTIVITY, NEXT + WEEK), NEXT + WEEK)
    assert not of_type(region.tick(NEXT + WEEK), WaitingLeft, BridgeEnded, WaitingJoined)
    assert region.order(EMMEN, NEXT + WEEK) == ["p-1", "p-2", "p-3"]


def test_pitfalls_17_and_18_nothing_that_matching_states_tells_what_somebody_needs(region):
    for n in (1, 2, 3):
        region.hear(profile(f"p-{n}", DAY, needs=(Need.WHEELCHAIR_ACCESS,), max_travel_km=17), DAY)
    region.hear(place("emco-1", DAY), DAY)
    region.hear(place("emco-2", DAY, offers=(Need.QUIET_PLACE,)), DAY)
    region.grant_all(region.tick(DAY), DAY)
    wire = b"".join(encode(event) for event in region.stated)
    assert b"places.weighed" in wire
    assert Need.WHEELCHAIR_ACCESS.encode() not in wire


def test_pitfall_21_a_seat_is_kept_while_a_proposal_stands_whatever_comes_twice(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    event = region.speaker.event(granted(request, DAY), at(DAY, 7))
    assert [type(data) for data in region.take(event, event)] == [ProposalMade]
    for day in range(1, 5):
        assert not of_type(region.tick(DAY + timedelta(days=day)), ReservationRequested)


def test_two_answers_at_once_of_guide_and_host_come_to_one_outcome_in_either_order(region):
    region.hear(on_terms(DAY, answers_needed=(AnsweredBy.GUIDE, AnsweredBy.HOST)), DAY)
    region.hear(place("emco-1", DAY), DAY)
    (made,) = region.grant_all(region.tick(DAY), DAY)
    speaker = region.speaker
    yes = speaker.event(answered(made, NEXT), at(NEXT))
    no = speaker.event(answered(made, NEXT, Answer.DECLINED, AnsweredBy.HOST), at(NEXT), "emco")
    region.take(no, yes)
    region.tick(NEXT + WEEK)
    (proposal,) = [p for p in region.world.proposals if p.proposal == made.proposal]
    assert (proposal.state, proposal.declined_by) == ("declined", AnsweredBy.HOST)


def test_pitfall_23_a_day_is_a_day_in_amsterdam():
    """23:30 UTC on 31 December is the new year in Emmen: its place counts for the new year's number."""
    region = Region()
    region.hear(by_decision(date(2020, 1, 1)), date(2020, 1, 1))
    region.join("p-1", date(2020, 12, 1))
    region.hear(place("emco-1", date(2020, 12, 1)), date(2020, 12, 1))
    (request,) = of_type(region.tick(datetime(2020, 12, 31, 23, 30, tzinfo=UTC)), ReservationRequested)
    assert (request.year, request.requested_on) == (2021, date(2021, 1, 1))


def test_pitfall_27_school_leavers_go_first_only_where_the_council_says_so():
    region = Region()
    region.hear(by_decision(DAY), DAY)
    keys = (OrderKey.SCHOOL_LEAVER, OrderKey.DECISION_DATE)
    region.hear(by_decision(NEXT, keys=keys), DAY)
    region.join("p-1", DAY - WEEK)
    region.hear(registered("p-2", DAY, school_leaver=True), DAY)
    region.hear(advised("p-2", DAY), DAY)
    region.hear(decided("p-2", DAY), DAY)
    assert region.order(EMMEN, DAY) == ["p-1", "p-2"]
    assert region.order(EMMEN, NEXT) == ["p-2", "p-1"]


def test_pitfall_28_who_is_not_heard_of_for_years_stays_on_the_list(region):
    region.hear(place("emco-1", DAY), DAY)
    for year in range(5):
        day = DAY + timedelta(days=365 * year)
        region.grant_all(region.tick(day), day)
    assert region.order(EMMEN, day) == ["p-1", "p-2", "p-3"]
    assert not of_type(region.stated_data(), WaitingLeft)


def test_who_died_leaves_the_list_and_the_seat_is_free_for_the_next(region):
    region.hear(place("emco-1", DAY), DAY)
    region.grant_all(region.tick(DAY), DAY)
    died = ParticipantLeft(participant="p-1", left_on=NEXT, reason=LeaveReason.DECEASED)
    region.hear(died, NEXT)
    stated = region.tick(NEXT)
    (left,) = of_type(stated, WaitingLeft)
    assert (left.participant, left.reason) == ("p-1", WaitingLeaveReason.LEFT)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]


def test_a_grant_that_is_repeated_while_waiting_changes_the_priority_group_and_no_date():
    region = Region()
    keys = (OrderKey.PRIORITY_GROUP, OrderKey.DECISION_DATE)
    region.hear(by_decision(DAY, keys=keys, priority_groups=("pro-vso",)), DAY)
    for n in (1, 2):
        region.join(f"p-{n}", DAY + timedelta(days=n))
    region.hear(decided("p-2", DAY + WEEK, priority_group="pro-vso"), DAY + WEEK)
    (changed,) = of_type(region.tick(DAY + WEEK), WaitingChanged)
    assert (changed.priority_group, changed.changed_on) == ("pro-vso", DAY + WEEK)
    assert region.order(EMMEN, DAY + WEEK) == ["p-2", "p-1"]
    assert region.world.waiting["p-2"].decided_on == DAY + timedelta(days=2)
    assert not of_type(region.tick(DAY + 2 * WEEK), WaitingChanged)
    region.hear(decided("p-2", DAY + 3 * WEEK, DecisionOutcome.GRANTED), DAY + 3 * WEEK)
    region.tick(DAY + 3 * WEEK)
    assert region.order(EMMEN, DAY + 3 * WEEK) == ["p-1", "p-2"]


def test_a_bridge_that_ends_is_owed_anew_and_the_alarm_is_raised_again(region):
    """Terms: a bridge within 28 days. The learn-work place ends on 1 December; the alarm is on the 30th."""
    region.hear(on_terms(DAY, bridge_within_days=28), DAY)
    region.hear(place("emco-9", DAY, rung=Rung.LEARN_WORK), DAY)
    region.hear(started("p-1", "emco-9", DAY, rung=Rung.LEARN_WORK), DAY)
    assert [b.participant for b in of_type(region.tick(NEXT), BridgeOffered)] == ["p-1"]
    region.hear(stopped("p-1", date(2020, 12, 1), PlacementEndReason.CONTRACT_END), date(2020, 12, 1))
    assert not of_type(region.tick(date(2020, 12, 1)), BridgeEnded)
    (ended,) = of_type(region.tick(date(2020, 12, 3)), BridgeEnded)
    assert (ended.rung, ended.ended_on) == (Rung.LEARN_WORK, date(2020, 12, 2))
    assert "p-1" not in {b.participant for b in of_type(region.tick(date(2020, 12, 29)), BridgeDue)}
    (due,) = of_type(region.tick(date(2020, 12, 30)), BridgeDue)
    assert (due.participant, due.since, due.due_on) == ("p-1", date(2020, 12, 2), date(2020, 12, 30))
    region.hear(stepped("p-1", Rung.DAY_ACTIVITY, date(2021, 1, 4)), date(2021, 1, 4))
    (offered,) = of_type(region.tick(date(2021, 1, 5)), BridgeOffered)
    assert offered.rung is Rung.DAY_ACTIVITY
    assert region.order(EMMEN, date(2021, 1, 5)) == ["p-1", "p-2", "p-3"]


def test_a_bridge_costs_nobody_their_place_in_line(region):
    before = region.order(EMMEN, DAY)
    region.hear(stepped("p-1", Rung.LEARN_WORK, DAY), DAY)
    region.tick(DAY)
    assert region.order(EMMEN, DAY) == before
    region.hear(place("emco-1", NEXT), NEXT)
    (request,) = of_type(region.tick(NEXT), ReservationRequested)
    assert request.participant == "p-1"
