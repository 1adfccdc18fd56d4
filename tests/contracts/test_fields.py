"""What a field takes, and what it refuses with which words."""

from __future__ import annotations

import json
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts import (
    CapacityChanged,
    ClockTicked,
    Data,
    Fund,
    FundCapacity,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantPaused,
    PartnerRegistered,
    PlaceFilled,
    PlacementChanged,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    ProfileStated,
    ProposalMade,
    ReservationRefused,
    TargetSet,
)

Model = TypeVar("Model", bound=Data)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
hours = st.integers(0, 6000).map(lambda hundredths: Decimal(hundredths) / 100)


def changed(model: type[Model], **fields: Any) -> Model:
    """Read a sample with some fields replaced, as it would come over the wire."""
    content = json.loads(model.sample().model_dump_json()) | fields
    return model.model_validate_json(json.dumps(content, default=str))


def refusal(model: type[Data], **fields: Any) -> str:
    """Return what is said of a sample with some fields replaced."""
    with pytest.raises(ValidationError) as refused:
        changed(model, **fields)
    return "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in refused.value.errors())


@given(hours, hours)
def test_a_range_of_hours_is_taken_exactly_when_it_holds_something(least, most):
    fields = {"hours_min": float(least), "hours_max": float(most)}
    if least <= most:
        assert changed(ProfileStated, **fields).hours_max == most
        assert changed(PlaceOffered, **fields).hours_min == least
    else:
        assert "is more than hours_max" in refusal(ProfileStated, **fields)
        assert "is more than hours_max" in refusal(PlaceOffered, **fields)


@pytest.mark.parametrize(
    ("model", "first", "then"),
    [
        (PlacementStarted, "starts_on", "ends_on"),
        (PlacementChanged, "changed_on", "ends_on"),
        (PlaceOffered, "from_on", "until_on"),
        (ParticipantPaused, "paused_on", "until_on"),
        (ProposalMade, "made_on", "expires_on"),
    ],
)
@given(earlier=days, later=days)
def test_two_days_are_taken_exactly_when_they_are_in_order(model, first, then, earlier, later):
    if earlier <= later:
        assert getattr(changed(model, **{first: earlier, then: later}), then) == later
    else:
        assert f"{then} ({later}) is before {first} ({earlier})" in refusal(
            model, **{first: earlier, then: later}
        )


@given(st.lists(days, min_size=3, max_size=3))
def test_an_advice_is_asked_for_received_and_given_in_that_order(three):
    fields = dict(zip(("requested_on", "received_on", "advised_on"), three, strict=True))
    if three == sorted(three):
        changed(ParticipantAdvised, **fields)
    else:
        assert "is before" in refusal(ParticipantAdvised, **fields)


@given(hours)
def test_hours_travel_as_the_shortest_number_and_come_back_the_same(some):
    wire = changed(PlacementStarted, hours=float(some)).model_dump_json()
    assert PlacementStarted.model_validate_json(wire).hours == some
    assert PlacementStarted.model_validate_json(wire).model_dump_json() == wire
    assert ".0," not in wire


@pytest.mark.parametrize(
    "wrong", ["28", True, None, [28], -1, 60.01, 27.333, 1e300, float("nan"), float("inf")]
)
def test_hours_are_a_number_from_0_to_60_with_two_decimals(wrong):
    assert "hours:" in refusal(PlacementStarted, hours=wrong)


@pytest.mark.parametrize(
    "wrong",
    ["2021-1-1", "01-01-2021", "2021-02-30", "2021-01-01T00:00:00", 1609459200, "1899-12-31", "2200-01-01"],
)
def test_a_day_is_year_month_day_between_1900_and_2199(wrong):
    assert "starts_on:" in refusal(PlacementStarted, starts_on=wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "2021-01-04T09:00:00",
        "2021-01-04 09:00:00Z",
        "2021-01-04",
        "1609459200",
        1609459200,
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_moment_is_rfc_3339_with_offset(wrong):
    assert "at:" in refusal(ClockTicked, at=wrong)


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1900 <= at.year <= 2199), st.integers(-840, 840)
)
def test_a_moment_keeps_its_offset_and_its_bytes(at, minutes):
    local = at.replace(year=max(1901, min(at.year, 2198))) + timedelta(minutes=minutes)
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    text = f"{local:%Y-%m-%dT%H:%M:%S}{sign}{size // 60:02}:{size % 60:02}"
    read = changed(ClockTicked, at=text)
    assert read.at.utcoffset() == timedelta(minutes=minutes)
    assert ClockTicked.model_validate_json(read.model_dump_json()).model_dump_json() == read.model_dump_json()


@pytest.mark.parametrize("wrong", ["114", "01140", "Emmen", "٠١١٤", "0114\n", 114, ""])
def test_a_municipality_is_four_digits_of_the_plain_alphabet(wrong):
    assert "municipality:" in refusal(ParticipantDecided, municipality=wrong)


@pytest.mark.parametrize("wrong", ["0811", "781", "7811AB", "7811 "])
def test_a_postcode_is_four_digits_without_letters(wrong):
    assert "postcode4:" in refusal(ProfileStated, postcode4=wrong)


@pytest.mark.parametrize("wrong", ["", " p", "-p", "p q", "jan@example.nl", "p/1", "é", "p" * 101, "p\u0000"])
def test_an_id_is_one_plain_word(wrong):
    assert "participant:" in refusal(ParticipantDecided, participant=wrong)


@pytest.mark.parametrize("wrong", ["", "\u0000", "bell\u0007", "x" * 501])
def test_text_is_short_and_without_control_characters(wrong):
    assert "source:" in refusal(TargetSet, source=wrong)


def test_a_need_outside_the_list_is_refused_so_a_diagnosis_cannot_be_stated():
    assert "needs.0:" in refusal(ProfileStated, needs=["autisme"])


def test_a_list_names_nothing_twice():
    assert "needs names something twice" in refusal(ProfileStated, needs=["own-pace", "own-pace"])
    assert "municipalities names something twice" in refusal(PlaceOffered, municipalities=["0114", "0114"])


def test_a_permanent_contract_has_no_end():
    assert "a permanent contract has no end" in refusal(PlacementStarted, contract="permanent")
    changed(PlacementStarted, contract="permanent", ends_on=None)


def test_a_seat_is_held_by_a_proposal_or_a_placement():
    assert "give one of them" in refusal(PlaceFilled, proposal=None)
    changed(PlaceFilled, proposal=None, placement="pl-1")


def test_a_number_of_contracts_is_whole():
    assert "must be whole" in refusal(TargetSet, number=20.5)
    assert "number:" in refusal(TargetSet, number=-1)


def test_a_number_in_hours_says_how_many_make_a_place():
    assert "hours_per_unit must say" in refusal(TargetSet, unit="hours")
    assert "hours_per_unit:" in refusal(TargetSet, unit="hours", hours_per_unit=0)
    changed(TargetSet, unit="hours", hours_per_unit=31, number=18.5)


def test_each_fund_stands_once_in_a_capacity():
    part = FundCapacity(
        fund=Fund.COUNCIL, target=Decimal(3), in_use=Decimal(4), reserved=Decimal(0), free=Decimal(-1)
    )
    twice = [json.loads(part.model_dump_json())] * 2
    assert "funds names something twice" in refusal(CapacityChanged, funds=twice)


def test_what_is_free_is_said_per_known_fund():
    assert changed(ReservationRefused, free={"council": -1.25}).free == {Fund.COUNCIL: Decimal("-1.25")}
    assert "free.lottery" in refusal(ReservationRefused, free={"lottery": 1})


def test_a_policy_has_exactly_the_body_of_its_kind():
    counting = json.loads(PolicyAdopted.sample_counting().model_dump_json())["counting"]
    assert "not none of the three" in refusal(PolicyAdopted, order=None)
    assert "not order and counting" in refusal(PolicyAdopted, counting=counting)
    assert "has the body terms, not order" in refusal(PolicyAdopted, kind="terms")


@pytest.mark.parametrize("sample", [PolicyAdopted.sample_counting(), PolicyAdopted.sample_terms()])
def test_the_other_kinds_of_policy_survive_the_wire_as_well(sample):
    wire = sample.model_dump_json()
    assert PolicyAdopted.model_validate_json(wire).model_dump_json() == wire


def test_an_order_lists_priority_groups_when_it_looks_at_them_and_only_then():
    with_key = {"keys": ["priority_group"], "priority_groups": []}
    without_key = {"keys": ["decision_date"], "priority_groups": ["pro-vso"]}
    twice = {"keys": ["decision_date", "decision_date"]}
    assert "priority_groups must be given" in refusal(PolicyAdopted, order=with_key)
    assert "priority_groups must be given" in refusal(PolicyAdopted, order=without_key)
    assert "keys names something twice" in refusal(PolicyAdopted, order=twice)


def test_counting_by_hours_says_how_many_make_a_place():
    said = refusal(PolicyAdopted, kind="counting", order=None, counting={"method": "hours"})
    assert "hours_per_unit must say" in said


def test_room_is_held_at_least_as_long_as_a_proposal_can_be_answered():
    terms = {"answer_days": 14, "reservation_days": 13, "bridge_within_days": 28}
    assert "reservation_days (13) is less than answer_days (14)" in refusal(
        PolicyAdopted, kind="terms", order=None, terms=terms
    )


def test_the_guide_alone_answers_unless_the_terms_say_otherwise():
    terms = PolicyAdopted.sample_terms().terms
    assert terms is not None
    assert terms.answers_needed == ("guide",)


@pytest.mark.parametrize(
    "wrong", ["urn:nld:oin:123", "urn:nld:kvknr:9000000a", "urn:nld:bsn:90000002", "menso"]
)
def test_a_partner_is_known_by_an_oin_or_a_kvk_number(wrong):
    assert "urn:" in refusal(PartnerRegistered, urn=wrong)


@pytest.mark.parametrize("wrong", ["Menso", "-menso", "men_so", "men.so", "m" * 64, ""])
def test_a_partners_name_fits_in_the_name_of_a_topic(wrong):
    assert "partner:" in refusal(PartnerRegistered, partner=wrong)


@pytest.mark.parametrize("wrong", ["menso.nl", "ftp://menso", "http://a:b@menso", "http://menso/?token=1"])
def test_the_address_of_a_vault_holds_no_credentials(wrong):
    assert "vault:" in refusal(PartnerRegistered, vault=wrong)


def test_a_municipality_says_which_one_it_is():
    assert "must name the municipality" in refusal(
        PartnerRegistered, roles=["municipality"], municipalities=[]
    )


def test_a_partners_events_have_its_urn_and_name_as_source():
    assert PartnerRegistered.sample().source == "urn:nld:kvknr:90000002:systeem:menso"
