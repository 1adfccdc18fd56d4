"""Who may state what about a place and a placement at the door."""

from datetime import date
from decimal import Decimal

import pytest

from shared.contracts import (
    ContractKind,
    PlaceChanged,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    PlaceWithdrawn,
    RefusalCode,
)
from shared.messaging.service import Outcome, Status
from tests.intake.support import Door, accepted, at, place, registered, started


def refused(outcome: Outcome) -> RefusalCode | None:
    return None if outcome.refusal is None else outcome.refusal.code


def changed(place_: str = "emco-1") -> PlaceChanged:
    return PlaceChanged.sample().model_copy(update={"place": place_})


def withdrawn() -> PlaceWithdrawn:
    return PlaceWithdrawn(place="emco-1", withdrawn_on=date(2020, 2, 1))


def ended(on: date = date(2020, 9, 1), participant: str = "p-1") -> PlacementEnded:
    return PlacementEnded(
        placement="pl-1", participant=participant, ended_on=on, reason=PlacementEndReason.OWN_WISH
    )


def other_terms(on: date = date(2020, 6, 1)) -> PlacementChanged:
    return PlacementChanged(
        placement="pl-1",
        participant="p-1",
        changed_on=on,
        hours=Decimal(20),
        contract=ContractKind.PERMANENT,
        reason=PlacementChangeReason.PERMANENT,
    )


@pytest.fixture
def door() -> Door:
    """A door that knows a person and a place of EMCO."""
    door = Door()
    door.say("menso", registered(), at(0))
    assert accepted(door.say("emco", place(), at(0)))
    return door


@pytest.mark.parametrize("data", [place(), changed(), withdrawn(), started()], ids=lambda data: data.TYPE)
def test_a_place_is_the_hosts_that_offered_it(door, data):
    assert refused(door.say("buurtsupport", data, at(1))) is RefusalCode.ROLE_NOT_ALLOWED


def test_a_place_is_offered_once_until_it_is_withdrawn(door):
    assert refused(door.say("emco", place(), at(1))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("emco", changed(), at(2)))
    assert accepted(door.say("emco", withdrawn(), at(3)))
    assert refused(door.say("emco", withdrawn(), at(4))) is RefusalCode.STATE_CONFLICT
    assert refused(door.say("emco", changed(), at(4))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("emco", place(), at(5)))


def test_a_place_that_two_hosts_offered_is_the_first_ones_and_the_others_word_about_it_counts_for_nothing(
    door,
):
    door.hear("buurtsupport", place(), at(1))
    door.hear("buurtsupport", withdrawn(), at(2))
    assert accepted(door.say("emco", changed(), at(3)))


def test_a_placement_waits_for_its_place_and_its_person():
    door = Door()
    outcome = door.say("emco", started(), at(2))
    assert (outcome.status, outcome.waits_for) == (Status.PARKED, ("participant:p-1", "place:emco-1"))
    door.say("emco", ended(), at(3))
    door.say("emco", place(), at(0))
    assert len(door.parked) == 2
    door.say("menso", registered(), at(1))
    assert [later.status for later in door.later] == [Status.ACCEPTED, Status.ACCEPTED]


def test_who_started_on_a_withdrawn_place_has_started(door):
    door.say("emco", withdrawn(), at(1))
    assert accepted(door.say("emco", started(), at(2)))


def test_a_placement_starts_once(door):
    assert accepted(door.say("emco", started(), at(1)))
    assert refused(door.say("emco", started(), at(2))) is RefusalCode.STATE_CONFLICT
    door.say("buurtsupport", place("bs-1"), at(3))
    another = started(place_="bs-1")
    assert refused(door.say("buurtsupport", another, at(4))) is RefusalCode.ROLE_NOT_ALLOWED


def test_only_the_host_changes_or_ends_a_placement(door):
    door.say("emco", started(), at(1))
    assert refused(door.say("buurtsupport", ended(), at(2))) is RefusalCode.ROLE_NOT_ALLOWED
    assert refused(door.say("buurtsupport", other_terms(), at(2))) is RefusalCode.ROLE_NOT_ALLOWED


def test_a_placement_ends_once_and_not_before_it_started(door):
    door.say("emco", started(), at(1))
    early = door.say("emco", ended(date(2020, 3, 1)), at(2))
    assert (refused(early), early.refusal.field) == (RefusalCode.STATE_CONFLICT, "data.ended_on")
    assert refused(door.say("emco", other_terms(date(2020, 3, 1)), at(2))) is RefusalCode.STATE_CONFLICT
    assert refused(door.say("emco", ended(participant="p-2"), at(2))) is RefusalCode.STATE_CONFLICT
    assert accepted(door.say("emco", other_terms(), at(3)))
    assert accepted(door.say("emco", ended(), at(4)))
    assert refused(door.say("emco", ended(), at(5))) is RefusalCode.STATE_CONFLICT
    assert refused(door.say("emco", other_terms(), at(5))) is RefusalCode.STATE_CONFLICT
