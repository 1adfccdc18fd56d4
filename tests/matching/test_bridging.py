"""A place that bridges a wait is proposed to who has nothing to do, and costs nobody the place in line."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from services.matching.rules.explaining import Answer as Why
from services.matching.rules.proposals import State
from shared.contracts import (
    Answer,
    AnsweredBy,
    BridgeDue,
    BridgeEnded,
    BridgeOffered,
    ContractKind,
    Need,
    OrderKey,
    ParticipantPaused,
    PassedOverReason,
    PlaceFilled,
    PlacementEnded,
    PlacementEndReason,
    PlaceWeighed,
    PlaceWithdrawn,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    ReservationRequested,
    Rung,
    WaitingLeft,
    WaitingPassedOver,
)
from tests.matching.conftest import DAY, NEXT, WEEK
from tests.matching.statements import EMMEN, answered, by_decision, on_terms, place, profile, started, stepped
from tests.matching.support import Region, of_type, state_of, told_why

BRIDGES = [Rung.DAY_ACTIVITY, Rung.WORK_WITH_BENEFIT, Rung.TRIAL_PLACEMENT, Rung.LEARN_WORK]
LEARN = "emco-learn"


def learn_place(on: date = DAY, seats: int = 1, **more: Any) -> Any:
    return place(LEARN, on, seats, **({"rung": Rung.LEARN_WORK} | more))


def learns(made: ProposalMade, on: date, **more: Any) -> Any:
    """The host states that it began, without a contract."""
    fields = {
        "rung": Rung.LEARN_WORK,
        "contract": ContractKind.NONE,
        "placement": f"learn-{made.participant}",
    }
    return started(made.participant, made.place, on, made.proposal, **(fields | more))


def proposed(region: Region, on: date = DAY, **more: Any) -> ProposalMade:
    region.hear(learn_place(on, **more), on)
    made: list[ProposalMade] = of_type(region.tick(on), ProposalMade)
    assert len(made) == 1
    return made[0]


@pytest.mark.parametrize("rung", BRIDGES)
def test_who_waits_longest_without_a_bridge_is_proposed_the_seat_and_nobody_asks_for_room(region, rung):
    region.hear(learn_place(rung=rung), DAY)
    stated = region.tick(DAY)
    (made,) = of_type(stated, ProposalMade)
    assert (made.participant, made.place, made.rung, made.reservation) == ("p-1", LEARN, rung, None)
    assert (made.made_on, made.expires_on) == (DAY, DAY + timedelta(days=14))
    assert made.answers_needed == (AnsweredBy.GUIDE,)
    assert [(reason.rule, reason.code) for reason in made.reasons][:2] == [
        ("bridge", "owed"),
        ("order", "rank"),
    ]
    assert not of_type(stated, ReservationRequested)
    (weighed,) = of_type(stated, PlaceWeighed)
    assert (weighed.seats_free, weighed.seats_left, weighed.rung) == (1, 0, rung)


@pytest.mark.parametrize("rung", [Rung.SUPPORTED_WORK, Rung.REGULAR_WORK])
def test_a_job_with_a_contract_is_no_bridge(region, rung):
    region.hear(learn_place(rung=rung), DAY)
    assert not of_type(region.tick(DAY), ProposalMade)


@pytest.mark.parametrize(
    "wishes",
    [
        {"kinds": ("hout",)},
        {"needs": (Need.OWN_PACE,)},
        {"hours_min": Decimal(36), "hours_max": Decimal(38)},
        {"postcode4": "9711"},
    ],
)
def test_what_a_place_must_have_for_somebody_holds_for_a_bridge_as_well(region, wishes):
    region.hear(profile("p-1", DAY, **wishes), DAY)
    assert proposed(region, kinds=("montage",)).participant == "p-2"


def test_who_rests_or_cannot_begin_yet_is_proposed_none(region):
    region.hear(ParticipantPaused(participant="p-1", paused_on=DAY), DAY)
    region.hear(profile("p-2", DAY + WEEK), DAY)
    assert proposed(region).participant == "p-3"


def test_a_seat_that_is_proposed_is_kept_and_the_next_seat_goes_to_the_next_in_line(region):
    proposed(region)
    assert not of_type(region.tick(NEXT), ProposalMade)
    region.hear(learn_place(NEXT, seats=2), NEXT)
    (second,) = of_type(region.tick(NEXT + WEEK), ProposalMade)
    assert second.participant == "p-2"


def test_a_yes_and_a_placement_start_the_bridge_and_close_the_proposal(region):
    made = proposed(region)
    (accepted,) = of_type(region.hear(answered(made, NEXT), NEXT), ProposalAccepted)
    assert accepted.rung is Rung.LEARN_WORK
    (filled,) = of_type(region.tick(NEXT + WEEK), PlaceFilled)
    assert (filled.participant, filled.seats_free) == ("p-1", 0)
    on = NEXT + WEEK + WEEK
    region.hear(learns(made, on), on)
    stated = region.tick(on)
    (begun,) = of_type(stated, BridgeOffered)
    assert (begun.participant, begun.proposal, begun.rung) == ("p-1", made.proposal, Rung.LEARN_WORK)
    assert region.world.proposals[made.proposal].state is State.PLACED
    assert not of_type(stated, PlaceFilled), "the seat is still the same person's"
    assert region.order(EMMEN, on) == ["p-1", "p-2", "p-3"]


def test_one_that_begins_later_holds_one_seat_and_its_proposal_does_not_expire(region):
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    later = DAY + timedelta(days=90)
    region.hear(learns(made, later), NEXT)
    region.hear(learn_place(NEXT, seats=2), NEXT)
    assert [m.participant for m in of_type(region.tick(NEXT), ProposalMade)] == ["p-2"]
    region.tick(NEXT + timedelta(days=60))
    assert region.world.proposals[made.proposal].state is State.ACCEPTED
    begun = of_type(region.tick(later), BridgeOffered)
    assert [(b.participant, b.offered_on, b.proposal) for b in begun] == [("p-1", later, made.proposal)]


def test_one_that_was_accepted_and_never_begins_is_kept_no_longer_than_room_would_be(region):
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    last = DAY + timedelta(days=42)
    assert not of_type(region.tick(last), ProposalExpired)
    stated = region.tick(last + timedelta(days=1))
    (expired,) = of_type(stated, ProposalExpired)
    assert (expired.proposal, expired.expired_on) == (made.proposal, last + timedelta(days=1))
    (again,) = of_type(stated, ProposalMade)
    assert again.participant == "p-1", "it was no refusal"


def test_without_an_answer_it_expires_and_is_proposed_again(region):
    made = proposed(region)
    stated = region.tick(made.expires_on + timedelta(days=1))
    (expired,) = of_type(stated, ProposalExpired)
    assert expired.proposal == made.proposal
    (again,) = of_type(stated, ProposalMade)
    assert (again.participant, again.proposal != made.proposal) == ("p-1", True)


def test_a_no_moves_nobody_in_line_even_where_refusals_count(region):
    order = by_decision(NEXT, keys=(OrderKey.OFFERS_DECLINED, OrderKey.DECISION_DATE))
    region.hear(order, DAY)
    made = proposed(region)
    (declined,) = of_type(region.hear(answered(made, NEXT, Answer.DECLINED), NEXT), ProposalDeclined)
    assert declined.rung is Rung.LEARN_WORK
    assert region.order(EMMEN, NEXT) == ["p-1", "p-2", "p-3"]
    (other,) = of_type(region.tick(NEXT), ProposalMade)
    assert other.participant == "p-2", "what was declined is not proposed again"


@pytest.mark.parametrize("answer", [None, Answer.ACCEPTED])
def test_sheltered_work_is_proposed_while_a_bridge_is(region, answer):
    made = proposed(region)
    if answer is not None:
        region.hear(answered(made, NEXT, answer), NEXT)
    region.hear(place("emco-1", NEXT), NEXT)
    (job,) = region.grant_all(region.tick(NEXT), NEXT)
    assert (job.participant, job.rung) == ("p-1", Rung.SHELTERED_WORK)
    assert {p.state for p in region.world.proposals if p.alive} <= {State.OPEN, State.ACCEPTED}
    (accepted,) = of_type(region.hear(answered(job, NEXT), NEXT), ProposalAccepted)
    assert accepted.proposal == job.proposal
    region.hear(started("p-1", "emco-1", NEXT, job.proposal), NEXT)
    stated = region.tick(NEXT + WEEK)
    (withdrawn,) = of_type(stated, ProposalWithdrawn)
    assert (withdrawn.proposal, withdrawn.reason) == (made.proposal, ProposalWithdrawReason.PLACED_ELSEWHERE)
    assert [left.participant for left in of_type(stated, WaitingLeft)] == ["p-1"]
    assert region.world.proposals[job.proposal].state is State.PLACED
    (next_,) = of_type(stated, ProposalMade)
    assert next_.participant == "p-2", "the seat is free for who waits on"


def test_who_is_proposed_sheltered_work_is_proposed_no_bridge_until_that_falls(region):
    region.hear(place("emco-1", DAY), DAY)
    region.hear(learn_place(), DAY)
    stated = region.tick(DAY)
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-1"]
    assert [m.participant for m in of_type(stated, ProposalMade)] == ["p-2"]


def test_sheltered_work_is_proposed_while_the_bridge_runs(region):
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    region.hear(learns(made, NEXT), NEXT)
    region.hear(place("emco-1", NEXT), NEXT)
    stated = region.tick(NEXT + WEEK)
    assert [b.participant for b in of_type(stated, BridgeOffered)] == ["p-1"]
    assert [r.participant for r in of_type(stated, ReservationRequested)] == ["p-1"]


def test_who_began_something_else_needs_the_proposal_no_more(region):
    made = proposed(region)
    region.hear(stepped("p-1", Rung.DAY_ACTIVITY, NEXT), NEXT)
    stated = region.tick(NEXT)
    (withdrawn,) = of_type(stated, ProposalWithdrawn)
    assert (withdrawn.proposal, withdrawn.reason) == (made.proposal, ProposalWithdrawReason.PLACED_ELSEWHERE)
    (begun,) = of_type(stated, BridgeOffered)
    assert begun.proposal is None
    assert [m.participant for m in of_type(stated, ProposalMade)] == ["p-2"]


def test_a_step_of_the_guide_after_the_yes_is_the_bridge_that_was_proposed(region):
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    region.hear(stepped("p-1", Rung.LEARN_WORK, NEXT), NEXT)
    (begun,) = of_type(region.tick(NEXT), BridgeOffered)
    assert begun.proposal == made.proposal


def test_a_bridge_that_ends_is_proposed_anew_and_the_alarm_does_not_wait_for_an_answer(region):
    region.hear(on_terms(DAY, bridge_within_days=7), DAY)
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    region.hear(learns(made, NEXT), NEXT)
    region.tick(NEXT)
    over = PlacementEnded(
        placement="learn-p-1", participant="p-1", ended_on=NEXT + WEEK, reason=PlacementEndReason.OTHER
    )
    region.hear(over, NEXT + WEEK)
    day = NEXT + WEEK + timedelta(days=1)
    stated = region.tick(day)
    assert [e.ended_on for e in of_type(stated, BridgeEnded)] == [day]
    (again,) = of_type(stated, ProposalMade)
    assert again.participant == "p-1"
    assert "p-1" in {due.participant for due in of_type(region.tick(day + WEEK), BridgeDue)}


def test_a_bridge_that_was_ended_as_of_a_day_before_it_began_is_told_once_and_never_was(region):
    """Else it would be offered and ended again at every tick."""
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    region.hear(learns(made, NEXT), NEXT)
    assert of_type(region.tick(NEXT), BridgeOffered)
    never = PlacementEnded(
        placement="learn-p-1",
        participant="p-1",
        ended_on=NEXT - timedelta(days=2),
        reason=PlacementEndReason.OTHER,
    )
    region.hear(never, NEXT + timedelta(days=1))
    told = [region.tick(NEXT + timedelta(days=n)) for n in range(2, 5)]
    assert [[e.ended_on for e in of_type(each, BridgeEnded)] for each in told] == [[NEXT], [], []]
    assert not any(of_type(each, BridgeOffered) for each in told)


def test_it_falls_with_the_place(region):
    made = proposed(region)
    region.hear(PlaceWithdrawn(place=LEARN, withdrawn_on=NEXT), NEXT)
    (withdrawn,) = of_type(region.tick(NEXT), ProposalWithdrawn)
    assert (withdrawn.proposal, withdrawn.rung) == (made.proposal, Rung.LEARN_WORK)
    assert withdrawn.reason is ProposalWithdrawReason.PLACE_WITHDRAWN


def test_a_bridge_changes_nothing_that_is_told_of_sheltered_work(region):
    region.hear(learn_place(), DAY)
    told = of_type(region.tick(DAY), WaitingPassedOver)
    assert {t.participant: t.reason for t in told} == dict.fromkeys(
        ["p-1", "p-2", "p-3"], PassedOverReason.NO_FIT
    )


def test_everyone_is_told_why_not_in_a_sentence(region):
    region.hear(place("emco-0", DAY, kinds=("hout",)), DAY)
    region.hear(profile("p-3", DAY, kinds=("montage",)), DAY)
    region.hear(stepped("p-2", Rung.DAY_ACTIVITY, DAY), DAY)
    region.hear(learn_place(kinds=("hout",)), DAY)
    region.tick(DAY)
    told = {person: why.answer for (person, where, _), why in told_why(region).items() if where == LEARN}
    assert told == {"p-1": Why.ELSEWHERE, "p-2": Why.BRIDGED, "p-3": Why.REQUIREMENT}
    assert told_why(region)["p-2", LEARN, region.world.weighed[LEARN].weighed_at].sentence.startswith(
        "Deze plek is voor"
    )


def test_a_replay_rebuilds_it(region):
    made = proposed(region)
    region.hear(answered(made, NEXT), NEXT)
    region.hear(learns(made, NEXT), NEXT)
    region.tick(NEXT + WEEK)
    again = Region(replaying=True)
    again.take(*region.heard, *region.stated)
    assert state_of(again.world) == state_of(region.world)


def test_events_from_before_there_were_bridges_are_for_sheltered_work(region):
    region.hear(place("emco-1", DAY), DAY)
    region.grant_all(region.tick(DAY), DAY)
    (proposal,) = region.world.proposals
    again = Region(replaying=True)
    before = {"rung": None, "answers_needed": ()}
    stated = [
        replace(event, data=event.data.model_copy(update=before))
        if isinstance(event.data, ProposalMade)
        else event
        for event in region.stated
    ]
    again.take(*region.heard, *stated)
    assert again.world.proposals[proposal.proposal] == proposal
