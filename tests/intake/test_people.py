"""Who may state what about a person at the door."""

from datetime import date

import pytest

from services.intake.handlers import BUILDS_ON, CHECKS
from shared.contracts import (
    CATALOGUE,
    Answer,
    AnsweredBy,
    DecisionOutcome,
    LeaveReason,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
    ProfileStated,
    ProposalAnswered,
    RefusalCode,
    Rung,
    Stream,
    TargetSet,
    TransferDeclineReason,
)
from shared.messaging.service import Outcome, Status
from tests.intake.support import COEVORDEN, EMMEN, Door, accepted, advised, at, decided, event, registered


def refused(outcome: Outcome) -> RefusalCode | None:
    return None if outcome.refusal is None else outcome.refusal.code


def left(participant: str = "p-1") -> ParticipantLeft:
    return ParticipantLeft(participant=participant, left_on=date(2020, 6, 1), reason=LeaveReason.REGULAR_WORK)


def offered(transfer: str = "t-1", to: str = "buurtsupport") -> ParticipantTransferOffered:
    return ParticipantTransferOffered(
        transfer=transfer, participant="p-1", to=to, offered_on=date(2020, 2, 3)
    )


def taken(transfer: str = "t-1") -> ParticipantTransferAccepted:
    return ParticipantTransferAccepted(transfer=transfer, participant="p-1", accepted_on=date(2020, 2, 10))


def stepped() -> ParticipantStepped:
    return ParticipantStepped(participant="p-1", rung=Rung.LEARN_WORK, stepped_on=date(2020, 3, 1))


@pytest.fixture
def door() -> Door:
    """A door that knows one person, guided by Menso."""
    door = Door()
    assert accepted(door.say("menso", registered(), at(0)))
    return door


def test_every_type_that_a_partner_states_has_a_check_and_no_other():
    stated = {
        model for model in CATALOGUE.values() if model.SERVICE is None and model.STREAM is not Stream.REGISTRY
    }
    assert set(CHECKS) == stated
    assert set(BUILDS_ON) <= stated


def test_what_is_accepted_stands_on_the_stream_of_who_stated_it():
    door = Door()
    door.say("menso", registered(), at(0))
    (stated,) = door.stated
    assert (stated.partner, stated.stream) == ("menso", Stream.INTAKE)
    assert stated.id == event("menso", registered(), at(0)).id


def test_a_guides_statement_carries_the_address_of_its_vault():
    door = Door()
    door.say("menso", registered(), at(0))
    door.say("uwv", advised(), at(1))
    by_guide, by_advisor = door.stated
    assert by_guide.dataref == "http://door.example/v1/people/p-1"
    assert by_advisor.dataref is None


def test_a_profile_goes_to_the_stream_that_only_matching_reads(door):
    profile = ProfileStated.sample().model_copy(update={"participant": "p-1"})
    assert accepted(door.say("menso", profile, at(1)))
    assert door.stated[-1].stream is Stream.PROFILES


def test_registering_somebody_else_s_person_is_refused_and_does_not_say_whose(door):
    outcome = door.say("buurtsupport", registered(), at(1))
    assert refused(outcome) is RefusalCode.PERSON_NOT_YOURS
    assert "menso" not in outcome.refusal.detail


def test_registering_twice_contradicts_what_is_known(door):
    assert refused(door.say("menso", registered(), at(1))) is RefusalCode.STATE_CONFLICT


def test_who_left_may_be_registered_by_another(door):
    assert accepted(door.say("menso", left(), at(1)))
    assert accepted(door.say("buurtsupport", registered(), at(2)))
    assert door.guide_of("p-1") == "buurtsupport"


def test_a_registration_with_an_earlier_time_than_the_leaving_would_have_no_effect_and_is_refused(door):
    door.say("menso", left(), at(10))
    outcome = door.say("buurtsupport", registered(), at(5))
    assert refused(outcome) is RefusalCode.STATE_CONFLICT
    assert outcome.refusal.field == "time"


@pytest.mark.parametrize(
    "data",
    [
        stepped(),
        ParticipantMoved(participant="p-1", municipality=COEVORDEN, moved_on=date(2020, 2, 1)),
        ParticipantPaused(participant="p-1", paused_on=date(2020, 2, 1)),
        ParticipantResumed(participant="p-1", resumed_on=date(2020, 2, 1)),
        left(),
        ParticipantErased(participant="p-1", erased_on=date(2020, 2, 1)),
        offered(to="school"),
        ProfileStated.sample().model_copy(update={"participant": "p-1"}),
    ],
    ids=lambda data: data.TYPE,
)
def test_only_the_guide_speaks_of_a_person(door, data):
    assert refused(door.say("buurtsupport", data, at(1))) is RefusalCode.PERSON_NOT_YOURS


def test_of_who_left_nothing_more_is_stated_by_the_last_guide(door):
    door.say("menso", left(), at(1))
    assert refused(door.say("menso", stepped(), at(2))) is RefusalCode.STATE_CONFLICT
    assert refused(door.say("school", stepped(), at(2))) is RefusalCode.PERSON_NOT_YOURS


def test_what_builds_on_an_unknown_person_is_parked_and_takes_effect_when_the_person_comes():
    door = Door()
    outcome = door.say("menso", stepped(), at(5))
    assert (outcome.status, outcome.waits_for) == (Status.PARKED, ("participant:p-1",))
    assert accepted(door.say("menso", registered(), at(0)))
    assert not door.parked
    assert [later.status for later in door.later] == [Status.ACCEPTED]
    assert [each.data.TYPE.split(".")[3] for each in door.stated] == ["registered", "stepped"]


def test_a_parked_statement_of_a_stranger_is_refused_when_the_person_turns_out_to_be_anothers():
    door = Door()
    door.say("buurtsupport", stepped(), at(5))
    door.say("menso", registered(), at(0))
    assert [refused(later) for later in door.later] == [RefusalCode.PERSON_NOT_YOURS]
    assert not door.parked


def test_a_pause_that_is_not_known_cannot_end(door):
    resumed = ParticipantResumed(participant="p-1", resumed_on=date(2020, 3, 1))
    assert refused(door.say("menso", resumed, at(1))) is RefusalCode.STATE_CONFLICT
    assert accepted(
        door.say("menso", ParticipantPaused(participant="p-1", paused_on=date(2020, 2, 1)), at(2))
    )
    early = ParticipantResumed(participant="p-1", resumed_on=date(2020, 1, 31))
    assert refused(door.say("menso", early, at(3))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("menso", resumed, at(3)))
    assert refused(door.say("menso", resumed, at(4))) is RefusalCode.STATE_CONFLICT


def test_a_hand_over_moves_the_person_when_it_is_accepted(door):
    assert accepted(door.say("menso", offered(), at(1)))
    assert door.guide_of("p-1") == "menso"
    assert accepted(door.say("buurtsupport", taken(), at(2)))
    assert door.guide_of("p-1") == "buurtsupport"
    assert refused(door.say("menso", stepped(), at(3))) is RefusalCode.PERSON_NOT_YOURS
    assert accepted(door.say("buurtsupport", stepped(), at(3)))


def test_an_acceptance_by_a_clock_that_runs_behind_still_takes_effect(door):
    door.say("menso", offered(), at(1))
    assert accepted(door.say("buurtsupport", taken(), at(0.9)))
    assert door.guide_of("p-1") == "buurtsupport"


def test_only_who_was_asked_answers_an_offer_and_only_once(door):
    door.say("menso", offered(), at(1))
    assert refused(door.say("school", taken(), at(2))) is RefusalCode.PERSON_NOT_YOURS
    declined = ParticipantTransferDeclined(
        transfer="t-1", participant="p-1", declined_on=date(2020, 2, 10), reason=TransferDeclineReason.NO_ROOM
    )
    assert accepted(door.say("buurtsupport", declined, at(3)))
    assert refused(door.say("buurtsupport", taken(), at(4))) is RefusalCode.STATE_CONFLICT
    assert door.guide_of("p-1") == "menso"


def test_an_offer_lapses_when_the_person_went_elsewhere(door):
    door.say("menso", offered(), at(1))
    door.say("menso", offered("t-2", to="school"), at(2))
    assert accepted(door.say("school", taken("t-2"), at(3)))
    assert refused(door.say("buurtsupport", taken("t-1"), at(4))) is RefusalCode.STATE_CONFLICT


def test_an_acceptance_waits_for_its_offer_and_what_follows_waits_behind_it():
    door = Door()
    door.hear("menso", registered(), at(0))
    assert door.say("buurtsupport", taken(), at(2)).waits_for == ("transfer:t-1",)
    assert door.say("buurtsupport", stepped(), at(3)).waits_for == ("transfer:t-1",)
    assert refused(door.say("school", stepped(), at(3))) is RefusalCode.PERSON_NOT_YOURS
    door.hear("menso", offered(), at(1))
    assert [later.status for later in door.later] == [Status.ACCEPTED, Status.ACCEPTED]
    assert door.guide_of("p-1") == "buurtsupport"


@pytest.mark.parametrize("to", ["menso", "emco"])
def test_a_person_is_offered_to_another_guide(door, to):
    assert refused(door.say("menso", offered(to=to), at(1))) is RefusalCode.STATE_CONFLICT


def test_an_offer_to_a_partner_that_is_not_registered_yet_waits_for_it(door):
    assert door.say("menso", offered(to="nieuw"), at(1)).waits_for == ("partner:nieuw",)


def test_only_the_last_guide_erases_and_the_id_is_not_used_again(door):
    erased = ParticipantErased(participant="p-1", erased_on=date(2032, 1, 1))
    door.say("menso", left(), at(1))
    assert refused(door.say("buurtsupport", erased, at(2))) is RefusalCode.PERSON_NOT_YOURS
    assert accepted(door.say("menso", erased, at(2)))
    assert door.world.erased == {"p-1"}
    assert refused(door.say("menso", registered(), at(3))) is RefusalCode.STATE_CONFLICT
    assert refused(door.say("menso", erased, at(4))) is RefusalCode.STATE_CONFLICT


def test_an_erasure_that_another_partner_states_on_its_own_stream_has_no_effect(door):
    door.hear("buurtsupport", ParticipantErased(participant="p-1", erased_on=date(2020, 2, 1)), at(1))
    assert not door.world.erased
    assert door.guide_of("p-1") == "menso"


def test_the_municipality_of_domicile_decides(door):
    assert refused(door.say("gemeente-coevorden", decided(), at(1))) is RefusalCode.ROLE_NOT_ALLOWED
    elsewhere = decided(municipality=COEVORDEN)
    outcome = door.say("gemeente-coevorden", elsewhere, at(1))
    assert refused(outcome) is RefusalCode.STATE_CONFLICT
    assert EMMEN in outcome.refusal.detail
    moved = ParticipantMoved(participant="p-1", municipality=COEVORDEN, moved_on=date(2020, 2, 1))
    assert accepted(door.say("menso", moved, at(2)))
    assert accepted(door.say("gemeente-coevorden", elsewhere, at(3)))
    assert refused(door.say("gemeente-emmen", decided(), at(3))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("gemeente-emmen", decided(on=date(2020, 1, 31)), at(4)))


def test_only_what_was_granted_can_be_withdrawn(door):
    withdrawn = decided(outcome=DecisionOutcome.WITHDRAWN)
    assert refused(door.say("gemeente-emmen", withdrawn, at(1))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("gemeente-emmen", decided(), at(2)))
    assert accepted(door.say("gemeente-emmen", withdrawn, at(3)))


def test_a_municipality_sets_its_own_number_only(door):
    assert accepted(door.say("gemeente-emmen", TargetSet.sample(), at(1)))
    assert refused(door.say("gemeente-coevorden", TargetSet.sample(), at(1))) is RefusalCode.ROLE_NOT_ALLOWED


def test_a_proposal_is_answered_by_the_guide_that_holds_the_person_or_by_a_host(door):
    def answer(by: AnsweredBy) -> ProposalAnswered:
        return ProposalAnswered(
            proposal="prop-1",
            participant="p-1",
            by=by,
            answer=Answer.ACCEPTED,
            answered_by="staff-1",
            answered_on=date(2020, 2, 3),
        )

    assert accepted(door.say("menso", answer(AnsweredBy.GUIDE), at(1)))
    assert accepted(door.say("menso", answer(AnsweredBy.PARTICIPANT), at(2)))
    assert accepted(door.say("emco", answer(AnsweredBy.HOST), at(3)))
    assert refused(door.say("menso", answer(AnsweredBy.HOST), at(4))) is RefusalCode.ROLE_NOT_ALLOWED
    assert refused(door.say("emco", answer(AnsweredBy.GUIDE), at(5))) is RefusalCode.PERSON_NOT_YOURS
