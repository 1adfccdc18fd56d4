"""What falls due is told to the guide once, by the door that serves it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rules.deadlines import benefit_work_due
from services.intake.rules.facts import KEPT, Fact, facts_of
from shared.contracts import (
    ContractKind,
    DeadlineDue,
    DeadlineKind,
    LeaveReason,
    ParticipantLeft,
    ParticipantStepped,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    Rung,
)
from shared.messaging.registry import AMSTERDAM
from tests.intake.stories import as_events, stories
from tests.intake.support import Door, at, place, registered, started

DAYS = st.dates(date(2017, 1, 1), date(2030, 12, 31))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=AMSTERDAM)


def told(door: Door, day: date) -> list[Any]:
    return [each.data for each in door.tick(noon(day))]


def with_contract(serves: tuple[str, ...] = ("menso", "emco"), **terms: Any) -> Door:
    door = Door(serves=serves)
    door.hear("menso", registered(), at(0))
    door.hear("emco", place(), at(0))
    door.hear("emco", started(**terms), at(1))
    return door


@given(DAYS, st.integers(-100, 200))
def test_the_end_of_a_temporary_contract_is_told_from_eight_weeks_before(ends_on, days):
    door = with_contract(on=ends_on - timedelta(days=365), ends_on=ends_on)
    today = ends_on + timedelta(days=days)
    due = told(door, today)
    if days < -56:
        assert due == []
    else:
        (deadline,) = due
        assert deadline == DeadlineDue(
            participant="p-1",
            kind=DeadlineKind.CONTRACT_END,
            due_on=ends_on,
            placement="pl-1",
            municipality="0114",
        )


def test_it_is_told_once_and_again_for_another_end():
    door = with_contract()
    (first,) = door.tick(noon(date(2021, 1, 20)))
    assert isinstance(first.data, DeadlineDue)
    assert (first.partner, first.data.due_on) == ("menso", date(2021, 3, 1))
    assert told(door, date(2021, 1, 21)) == []
    extension = PlacementChanged(
        placement="pl-1",
        participant="p-1",
        changed_on=date(2021, 3, 2),
        hours=Decimal(28),
        ends_on=date(2022, 3, 1),
        contract=ContractKind.TEMPORARY,
        reason=PlacementChangeReason.EXTENSION,
    )
    door.hear("emco", extension, at(2))
    assert told(door, date(2021, 3, 10)) == []
    assert [each.due_on for each in told(door, date(2022, 1, 5))] == [date(2022, 3, 1)]


def test_no_contract_that_is_permanent_or_over_or_none_falls_due():
    permanent = with_contract(contract=ContractKind.PERMANENT, ends_on=None)
    without = with_contract(contract=ContractKind.NONE)
    over = with_contract()
    ended = PlacementEnded(
        placement="pl-1", participant="p-1", ended_on=date(2020, 9, 1), reason=PlacementEndReason.OWN_WISH
    )
    over.hear("emco", ended, at(2))
    for door in (permanent, without, over):
        assert told(door, date(2021, 2, 1)) == []


def test_only_the_door_that_serves_the_guide_states_it_and_another_door_takes_note():
    here, elsewhere = with_contract(), with_contract(serves=("buurtsupport", "emco"))
    assert told(elsewhere, date(2021, 2, 1)) == []
    (stated,) = here.tick(noon(date(2021, 2, 1)))
    elsewhere.take([stated])
    assert elsewhere.state == here.state


def test_of_who_left_nobody_is_told():
    door = with_contract()
    gone = ParticipantLeft(participant="p-1", left_on=date(2020, 12, 1), reason=LeaveReason.REGULAR_WORK)
    door.hear("menso", gone, at(2))
    assert told(door, date(2021, 2, 1)) == []


@given(DAYS)
def test_work_with_benefit_falls_due_after_nine_months(since):
    fact = facts_of(registered(rung=Rung.WORK_WITH_BENEFIT, on=since), at(0), "menso", "p-1")[
        "participant:p-1"
    ]
    due = benefit_work_due([fact])
    assert due is not None
    assert (due.year * 12 + due.month) - (since.year * 12 + since.month) == 9
    assert due.day == since.day or due.day in {28, 29, 30}


def test_work_with_benefit_is_told_and_counts_from_its_first_day_on():
    door = Door()
    door.hear("menso", registered(rung=Rung.WORK_WITH_BENEFIT, on=date(2020, 1, 6)), at(0))
    again = ParticipantStepped(participant="p-1", rung=Rung.WORK_WITH_BENEFIT, stepped_on=date(2020, 5, 1))
    door.hear("menso", again, at(1))
    assert told(door, date(2020, 10, 5)) == []
    (deadline,) = told(door, date(2020, 10, 6))
    assert (deadline.kind, deadline.due_on) == (DeadlineKind.BENEFIT_WORK, date(2020, 10, 6))
    assert deadline.placement is None


def test_a_step_to_another_rung_stops_the_clock_and_a_step_back_starts_another():
    door = Door()
    door.hear("menso", registered(rung=Rung.WORK_WITH_BENEFIT, on=date(2020, 1, 6)), at(0))
    up = ParticipantStepped(participant="p-1", rung=Rung.LEARN_WORK, stepped_on=date(2020, 5, 1))
    back = ParticipantStepped(participant="p-1", rung=Rung.WORK_WITH_BENEFIT, stepped_on=date(2020, 8, 1))
    door.hear("menso", up, at(1))
    assert told(door, date(2021, 1, 1)) == []
    door.hear("menso", back, at(2))
    assert [each.due_on for each in told(door, date(2021, 6, 1))] == [date(2021, 5, 1)]


def test_a_fact_has_its_dates_as_dates():
    fact = Fact("2020", "menso", "p-1", "participants.stepped", {"on": "2020-01-06", "until": None})
    assert fact.day("on") == date(2020, 1, 6)
    assert fact.day_or_none("until") is None


@given(stories())
def test_what_falls_due_is_always_what_all_the_facts_say(story):
    door = Door()
    for given_ in as_events(story):
        door.take([given_])
        for deadline in door.world.deadlines:
            if deadline.kind is DeadlineKind.BENEFIT_WORK:
                facts = door.world.facts(f"participant:{deadline.about}")
                assert deadline == deadline.falling_on(benefit_work_due(facts), deadline.about)
        person = door.world.facts("participant:p-1")
        has_one = ("p-1", DeadlineKind.BENEFIT_WORK) in door.world.deadlines
        assert has_one == (benefit_work_due(person) is not None)


@pytest.mark.parametrize("model", KEPT, ids=lambda m: m.__name__)
def test_a_fact_tells_its_fields_as_json_has_them(model):
    data = model.sample()
    for field, fields in KEPT[model].items():
        fact = facts_of(data, at(0), "menso", data.kafka_key)[f"{field}:{getattr(data, field)}"]
        assert fact.told == data.model_dump(mode="json", include=set(fields))
        assert orjson.loads(orjson.dumps(fact.told)) == fact.told


def test_what_ends_on_no_day_is_told_so():
    told = facts_of(started(ends_on=None, contract=ContractKind.PERMANENT), at(0), "emco", "pl-1")
    assert told["placement:pl-1"].told["ends_on"] is None
