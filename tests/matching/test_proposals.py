"""From a place and a person in line to a proposal, its answers, and what makes it fall."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.matching.rules.proposals import State
from shared.contracts import (
    Answer,
    AnsweredBy,
    Need,
    ParticipantPaused,
    ParticipantResumed,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    PassedOverReason,
    PlaceFilled,
    PlaceFreed,
    PlacementEnded,
    PlacementEndReason,
    PlaceWithdrawn,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    ReservationExpired,
    ReservationRequested,
    Rung,
    WaitingLeft,
    WaitingPassedOver,
)
from tests.matching.conftest import DAY, NEXT, WEEK
from tests.matching.statements import (
    COEVORDEN,
    EMMEN,
    answered,
    by_decision,
    capacity,
    granted,
    on_terms,
    place,
    profile,
    refused,
    started,
)
from tests.matching.support import Region, at, of_type


def proposed(region: Region, *places: str, on: date = DAY) -> list[ProposalMade]:
    """The places are offered, a tick holds the round, and quota has room."""
    for name in places:
        region.hear(place(name, on), on)
    return region.grant_all(region.tick(on), on)


def test_room_is_asked_for_in_order_of_rank_and_a_grant_makes_the_proposal(region):
    region.hear(place("emco-1", DAY, seats=2), DAY)
    requests = of_type(region.tick(DAY), ReservationRequested)
    assert [(r.participant, r.rank, r.waiting_before) for r in requests] == [("p-1", 1, 0), ("p-2", 2, 1)]
    (made,) = of_type(region.hear(granted(requests[0], DAY), DAY), ProposalMade)
    assert (made.participant, made.place, made.host, made.guide) == ("p-1", "emco-1", "emco", "menso")
    assert (made.made_on, made.expires_on) == (DAY, DAY + timedelta(days=14))
    assert made.policy == f"order-{EMMEN}-{DAY}"
    assert made.reasons[0].params == {"policy": made.policy, "rank": "1", "decision_date": "2020-10-31"}


def test_a_grant_that_comes_twice_makes_one_proposal(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    assert region.hear(granted(request, DAY), DAY)
    assert region.hear(granted(request, DAY), DAY) == []


def test_a_seat_that_is_asked_for_is_not_asked_for_twice(region):
    proposed(region, "emco-1")
    assert not of_type(region.tick(NEXT), ReservationRequested)


def test_who_is_refused_for_want_of_room_stays_in_line_and_the_seat_is_free_again(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    (told,) = of_type(region.hear(refused(request, DAY), at(DAY, 7)), WaitingPassedOver)
    assert (told.participant, told.reason, told.place) == ("p-1", PassedOverReason.NO_ROOM, "emco-1")
    assert region.order(EMMEN, DAY) == ["p-1", "p-2", "p-3"]
    assert not of_type(region.tick(NEXT), ReservationRequested)
    region.hear(capacity(1, NEXT), at(NEXT, 8))
    (again,) = of_type(region.tick(NEXT + WEEK), ReservationRequested)
    assert again.participant == "p-1"


def test_after_a_week_without_news_room_is_asked_for_again(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    region.hear(refused(request, DAY), at(DAY, 7))
    assert not of_type(region.tick(DAY + timedelta(days=6)), ReservationRequested)
    assert of_type(region.tick(DAY + WEEK), ReservationRequested)


def test_no_more_is_asked_for_than_is_known_to_be_free(region):
    region.hear(capacity(1, DAY), at(DAY, 1))
    region.hear(place("emco-1", DAY, seats=5), DAY)
    stated = region.tick(DAY)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-1"]
    told = {t.participant: t.reason for t in of_type(stated, WaitingPassedOver)}
    assert told == {"p-2": PassedOverReason.NO_ROOM, "p-3": PassedOverReason.NO_ROOM}


def test_what_was_asked_for_since_quota_told_is_not_free_any_more(region):
    region.hear(capacity(1, DAY), at(DAY, 1))
    made = proposed(region, "emco-1", "emco-2")
    assert [m.participant for m in made] == ["p-1"]
    assert not of_type(region.tick(NEXT), ReservationRequested)
    region.hear(answered(made[0], NEXT, Answer.DECLINED), NEXT)
    assert [r.participant for r in of_type(region.tick(NEXT + WEEK), ReservationRequested)] == ["p-1"]


def test_what_quota_tells_on_the_same_tick_counts_at_the_next(region):
    region.hear(place("emco-1", DAY, seats=5), DAY)
    region.hear(capacity(1, DAY), at(DAY, 1))
    region.hear(capacity(0, DAY), at(DAY, 6))
    assert len(of_type(region.tick(at(DAY, 6)), ReservationRequested)) == 1


def test_a_yes_of_the_guide_accepts_and_the_seat_is_taken_at_the_next_tick(region):
    (made,) = proposed(region, "emco-1")
    (accepted,) = region.hear(answered(made, NEXT), NEXT)
    assert isinstance(accepted, ProposalAccepted)
    (filled,) = of_type(region.tick(NEXT + WEEK), PlaceFilled)
    assert (filled.proposal, filled.participant, filled.seats_free) == (made.proposal, "p-1", 0)


def test_refusing_an_offer_leaves_the_order_as_it_was_and_the_place_is_not_proposed_again(region):
    (made,) = proposed(region, "emco-1")
    before = region.order(EMMEN, DAY)
    (declined,) = region.hear(answered(made, NEXT, Answer.DECLINED), NEXT)
    assert isinstance(declined, ProposalDeclined)
    assert region.order(EMMEN, NEXT) == before
    stated = region.tick(NEXT)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]
    told = {t.participant: (t.reason, t.rank) for t in of_type(stated, WaitingPassedOver)}
    assert told["p-1"] == (PassedOverReason.DECLINED_BEFORE, 1)


def test_where_host_and_guide_are_both_needed_a_tick_settles_it_whoever_came_first(region):
    region.hear(on_terms(DAY, answers_needed=(AnsweredBy.GUIDE, AnsweredBy.HOST)), DAY)
    (made,) = proposed(region, "emco-1")
    assert region.hear(answered(made, NEXT, by=AnsweredBy.HOST), NEXT, by="emco") == []
    assert region.hear(answered(made, NEXT), NEXT) == []
    assert of_type(region.tick(NEXT), ProposalAccepted)


def test_a_no_of_the_host_counts_at_the_tick_also_after_a_yes_of_the_guide(region):
    (made,) = proposed(region, "emco-1")
    region.hear(answered(made, NEXT), NEXT)
    region.hear(answered(made, NEXT, Answer.DECLINED, AnsweredBy.HOST), NEXT, by="emco")
    (declined,) = of_type(region.tick(NEXT), ProposalDeclined)
    assert declined.by is AnsweredBy.HOST


def test_an_answer_before_its_proposal_waits_for_it(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    early = ProposalMade.sample().model_copy(
        update={"proposal": request.draft.proposal, "participant": "p-1"}
    )
    region.hear(answered(early, DAY), DAY)
    assert len(region.parked) == 1
    stated = region.hear(granted(request, DAY), DAY)
    assert [type(data) for data in stated] == [ProposalMade, ProposalAccepted]
    assert not region.parked


@pytest.mark.parametrize(
    ("by", "stated_by", "code"),
    [
        (AnsweredBy.HOST, "buurtsupport", "person.not-yours"),
        (AnsweredBy.GUIDE, "menso", "state.conflict"),
    ],
)
def test_an_answer_of_a_stranger_or_to_a_closed_proposal_is_refused(region, by, stated_by, code):
    (made,) = proposed(region, "emco-1")
    if stated_by == "menso":
        region.hear(answered(made, NEXT, Answer.DECLINED), NEXT)
    region.hear(answered(made, NEXT, by=by), NEXT, by=stated_by)
    assert region.letters[-1].code == code
    assert not list(region.world.answers)


def test_an_answer_of_the_next_guide_waits_for_the_hand_over(region):
    """The offer comes over the other guide's topic, and so perhaps after what the new guide says."""
    (made,) = proposed(region, "emco-1")
    taken = ParticipantTransferAccepted(transfer="t-1", participant="p-1", accepted_on=NEXT)
    region.hear(taken, NEXT, by="buurtsupport")
    region.hear(answered(made, NEXT), NEXT, by="buurtsupport")
    assert len(region.parked) == 2
    offer = ParticipantTransferOffered(transfer="t-1", participant="p-1", to="buurtsupport", offered_on=NEXT)
    region.hear(offer, NEXT)
    assert not region.parked
    assert not region.letters
    assert of_type(region.tick(NEXT + WEEK), ProposalAccepted)


def test_a_yes_after_the_last_day_is_refused(region):
    (made,) = proposed(region, "emco-1")
    region.hear(answered(made, DAY + timedelta(days=15)), DAY + timedelta(days=15))
    assert region.letters[-1].code == "state.conflict"


def test_a_proposal_expires_after_its_last_day_and_the_person_keeps_the_rank(region):
    (made,) = proposed(region, "emco-1")
    assert not of_type(region.tick(made.expires_on), ProposalExpired)
    stated = region.tick(made.expires_on + timedelta(days=1))
    assert of_type(stated, ProposalExpired)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-1"]


def test_a_place_that_is_withdrawn_takes_its_open_proposal_with_it(region):
    proposed(region, "emco-1")
    region.hear(PlaceWithdrawn(place="emco-1", withdrawn_on=NEXT), NEXT)
    (fallen,) = of_type(region.tick(NEXT), ProposalWithdrawn)
    assert fallen.reason is ProposalWithdrawReason.PLACE_WITHDRAWN


def test_room_that_was_lost_takes_the_proposal_with_it_at_the_next_tick(region):
    (made,) = proposed(region, "emco-1")
    region.hear(answered(made, DAY), DAY)
    lost = ReservationExpired(
        reservation=made.reservation or "", municipality=EMMEN, participant="p-1", expired_on=NEXT
    )
    region.hear(lost, at(NEXT, 6))
    assert not of_type(region.tick(at(NEXT, 6)), ProposalWithdrawn)
    (fallen,) = of_type(region.tick(NEXT + WEEK), ProposalWithdrawn)
    assert fallen.reason is ProposalWithdrawReason.RESERVATION_LOST


def test_who_rests_is_proposed_nothing_and_keeps_the_place_in_the_order(region):
    region.hear(ParticipantPaused(participant="p-1", paused_on=DAY), DAY)
    region.hear(place("emco-1", DAY), DAY)
    stated = region.tick(DAY)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]
    assert of_type(stated, WaitingPassedOver)[0].reason is PassedOverReason.PAUSED
    region.hear(ParticipantResumed(participant="p-1", resumed_on=NEXT), NEXT)
    region.hear(place("emco-2", NEXT), NEXT)
    (request,) = of_type(region.tick(NEXT), ReservationRequested)
    assert (request.participant, request.rank) == ("p-1", 1)


def test_a_contract_by_the_proposal_takes_its_seat_and_one_elsewhere_ends_it(region):
    first, second = proposed(region, "emco-1", "emco-2")
    for made in (first, second):
        region.hear(answered(made, DAY), DAY)
    region.tick(NEXT)
    region.hear(started("p-1", "emco-1", NEXT, first.proposal), NEXT)
    region.hear(place("emco-3", DAY), DAY)
    region.hear(started("p-2", "emco-3", NEXT), NEXT)
    stated = region.tick(NEXT + WEEK)
    assert len(of_type(stated, WaitingLeft)) == 2
    (elsewhere,) = of_type(stated, ProposalWithdrawn)
    assert (elsewhere.participant, elsewhere.reason) == ("p-2", ProposalWithdrawReason.PLACED_ELSEWHERE)
    assert region.world.proposals[first.proposal].state is State.PLACED
    assert [data.place for data in of_type(stated, PlaceFreed)] == ["emco-2"]
    assert [data.place for data in of_type(stated, PlaceFilled)] == ["emco-3"]


def test_a_seat_comes_free_the_day_after_the_last_day_of_the_placement(region):
    region.hear(place("emco-1", DAY), DAY)
    region.hear(started("p-1", "emco-1", DAY), DAY)
    assert not of_type(region.tick(DAY), ReservationRequested)
    ended = PlacementEnded(
        placement="pl-p-1", participant="p-1", ended_on=NEXT, reason=PlacementEndReason.OWN_WISH
    )
    region.hear(ended, DAY)
    assert not of_type(region.tick(NEXT), PlaceFreed)
    stated = region.tick(NEXT + timedelta(days=1))
    assert of_type(stated, PlaceFreed)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]


def test_room_granted_to_what_fell_meanwhile_is_given_back(region):
    region.hear(place("emco-1", DAY), DAY)
    (request,) = of_type(region.tick(DAY), ReservationRequested)
    region.hear(PlaceWithdrawn(place="emco-1", withdrawn_on=DAY), DAY)
    assert of_type(region.tick(NEXT), ProposalWithdrawn)
    (again,) = region.hear(granted(request, DAY), NEXT)
    assert isinstance(again, ProposalWithdrawn)


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"hours_min": Decimal(4), "hours_max": Decimal(8)}, "too-many"),
        ({"hours_min": Decimal(36), "hours_max": Decimal(40)}, "too-few"),
        ({"kinds": ("groen",)}, "other-work"),
        ({"needs": (Need.QUIET_PLACE,)}, "not-met"),
        ({"postcode4": "9711"}, "other-region"),
    ],
)
def test_a_place_that_does_not_fit_is_not_proposed_and_the_next_proposal_says_why(region, wishes, code):
    region.hear(profile("p-1", DAY, **wishes), DAY)
    region.hear(place("emco-1", DAY, kinds=("montage",)), DAY)
    stated = region.tick(DAY)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-2"]
    assert of_type(stated, WaitingPassedOver)[0].reason is PassedOverReason.NO_FIT
    fitting = place("emco-2", DAY, hours_min=Decimal(4), hours_max=Decimal(40), kinds=("groen",))
    fitting = fitting.model_copy(update={"postcode4": "9711", "offers": (Need.QUIET_PLACE,)})
    if code != "other-region":
        fitting = fitting.model_copy(update={"postcode4": "7811"})
    region.hear(fitting, DAY)
    (request,) = of_type(region.tick(NEXT), ReservationRequested)
    (other,) = request.draft.alternatives
    assert (other.place, other.why_not[0].code) == ("emco-1", code)


def test_reasons_never_tell_what_somebody_needs(region):
    region.hear(profile("p-1", DAY, needs=(Need.OWN_PACE,), max_travel_km=9), DAY)
    region.hear(place("emco-1", DAY, offers=(Need.OWN_PACE, Need.SMALL_TEAM)), DAY)
    (request, *_) = of_type(region.tick(DAY), ReservationRequested)
    assert Need.OWN_PACE not in request.model_dump_json()


def test_who_cannot_start_yet_is_told_so(region):
    region.hear(profile("p-1", DAY + WEEK), DAY)
    region.hear(place("emco-1", DAY), DAY)
    (told, *_) = of_type(region.tick(DAY), WaitingPassedOver)
    assert (told.participant, told.reason) == ("p-1", PassedOverReason.NOT_YET_AVAILABLE)


def test_a_place_that_opens_next_year_counts_for_next_years_number(region):
    late = date(2020, 12, 14)
    region.hear(place("emco-1", date(2021, 1, 4)), late)
    assert not of_type(region.tick(date(2020, 11, 20)), ReservationRequested)
    (request,) = of_type(region.tick(late), ReservationRequested)
    assert request.year == 2021


def test_places_are_for_the_residents_they_name_and_the_first_of_each_list_go_first(region):
    region.hear(by_decision(DAY, COEVORDEN), DAY)
    region.hear(place("emco-1", DAY, municipalities=(EMMEN,), rung=Rung.SHELTERED_WORK), DAY)
    for n in (7, 8):
        region.join_in(COEVORDEN, f"p-{n}", DAY)
    assert {r.municipality for r in of_type(region.tick(DAY), ReservationRequested)} == {EMMEN}
    region.hear(place("emco-2", DAY, seats=2), DAY)
    asked = of_type(region.tick(NEXT), ReservationRequested)
    assert [(r.participant, r.rank) for r in asked] == [("p-7", 1), ("p-2", 2)]


def test_a_stranger_does_not_change_another_hosts_place(region):
    region.hear(place("emco-1", DAY), DAY)
    region.hear(place("emco-1", DAY, seats=90), DAY, by="buurtsupport")
    region.hear(started("p-1", "emco-1", DAY), DAY, by="buurtsupport")
    assert [letter.code for letter in region.letters] == ["state.conflict"] * 2
    assert region.world.places["emco-1"].seats == 1
