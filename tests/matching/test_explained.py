"""Everyone passed over is told why, place by place: what the place asked, or who stood before them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from services.matching.rules.explaining import Answer
from shared.contracts import (
    Answer as Said,
)
from shared.contracts import (
    AnsweredBy,
    DeviationDecided,
    DeviationOutcome,
    DeviationReason,
    DeviationReported,
    Need,
    OrderKey,
    ParticipantErased,
    ParticipantPaused,
    PassedOverReason,
    PlaceWeighed,
    ReservationRequested,
    Rung,
    WaitingPassedOver,
)
from tests.matching.conftest import DAY, NEXT, WEEK
from tests.matching.statements import (
    EMMEN,
    answered,
    capacity,
    granted,
    place,
    profile,
    refused,
    started,
    stepped,
)
from tests.matching.support import Region, at, of_type
from tests.matching.test_store import told


async def why(database: str, region: Region, participant: str) -> dict[str, tuple[str, str]]:
    async with told(database, region.heard) as http:
        shown = (await http.get(f"/v1/waiting/{participant}/reasons")).json()
    return {each["place"]: (each["answer"], each["sentence"]) for each in reversed(shown)}


async def test_each_requirement_and_who_stood_before_are_told_in_one_sentence(database: str, region: Region):
    """Three people, six places, worked out by hand.

    p-1 and p-2 can do only emco-1 and emco-2, p-3 (third in line) these two as well. So the two seats go
    to p-1 and p-2, who can go nowhere else; each of the other places asks something that p-3 has not.
    """
    for n in (1, 2, 3):
        region.hear(profile(f"p-{n}", DAY, hours_max=Decimal(24), kinds=("groen",)), DAY)
    for name in ("emco-1", "emco-2"):
        region.hear(place(name, DAY, kinds=("groen",)), DAY)
    region.hear(place("emco-3", DAY, hours_min=Decimal(28), kinds=("groen",)), DAY)
    region.hear(place("emco-4", DAY, kinds=("montage",)), DAY)
    region.hear(place("emco-5", DAY, postcode4="9711"), DAY)
    assert len(of_type(region.tick(DAY), ReservationRequested)) == 2
    found = await why(database, region, "p-3")
    before = "Deze plek ging naar iemand die eerder aan de beurt was en nergens anders terecht kon."
    assert found == {
        "emco-1": ("earlier-in-line", before),
        "emco-2": ("earlier-in-line", before),
        "emco-3": (
            "requirement",
            "Op deze plek werkt u minstens 28 uur per week, en dat is te veel.",
        ),
        "emco-4": ("requirement", "Op deze plek is er ander werk dan u zoekt (montage)."),
        "emco-5": ("requirement", "Deze plek is te ver weg."),
    }


async def test_a_reason_stays_what_it_was_when_place_and_person_change(database: str, region: Region):
    region.hear(profile("p-1", DAY, needs=(Need.QUIET_PLACE,)), DAY)
    region.hear(place("emco-1", DAY), DAY)
    region.tick(DAY)
    region.hear(profile("p-1", NEXT), NEXT)
    region.hear(place("emco-1", NEXT, offers=(Need.QUIET_PLACE,)), NEXT)
    found = await why(database, region, "p-1")
    assert found["emco-1"] == ("requirement", "Deze plek biedt niet alles wat u nodig hebt in het werk.")


async def test_who_rests_joins_later_or_has_another_proposal_is_told_so(database: str, region: Region):
    region.hear(ParticipantPaused(participant="p-2", paused_on=DAY), DAY)
    region.hear(place("emco-1", DAY), DAY)
    region.hear(place("emco-2", DAY), DAY)
    region.grant_all(region.tick(DAY), DAY)
    region.join("p-4", NEXT)
    region.hear(place("emco-3", NEXT), NEXT)
    region.hear(capacity(0, NEXT), at(NEXT, 1))
    region.tick(NEXT)
    assert (await why(database, region, "p-2"))["emco-1"][0] == Answer.RESTED
    assert (await why(database, region, "p-4"))["emco-1"][0] == Answer.NOT_IN_LINE
    assert (await why(database, region, "p-4"))["emco-3"][0] == Answer.NO_ROOM
    first = await why(database, region, "p-1")
    assert [first[f"emco-{n}"][0] for n in (1, 2, 3)] == [Answer.PROPOSED, Answer.ELSEWHERE, Answer.ELSEWHERE]


async def test_after_a_no_the_place_is_told_to_be_declined(database: str, region: Region):
    region.hear(place("emco-1", DAY), DAY)
    (made,) = region.grant_all(region.tick(DAY), DAY)
    region.hear(answered(made, DAY, Said.DECLINED), DAY)
    region.tick(NEXT)
    assert (await why(database, region, "p-1"))["emco-1"][0] == Answer.DECLINED
    assert (await why(database, region, "p-3"))["emco-1"][0] == Answer.BEFORE


def test_a_place_is_weighed_again_only_when_there_is_something_to_tell(region: Region):
    region.hear(place("emco-1", DAY, municipalities=("0109",)), DAY)
    assert [w.seats_left for w in of_type(region.tick(DAY), PlaceWeighed)] == [1]
    assert not of_type(region.tick(NEXT), PlaceWeighed)
    region.hear(place("emco-1", NEXT), NEXT)
    (weighed,) = of_type(region.tick(NEXT + WEEK), PlaceWeighed)
    assert (weighed.seats_free, weighed.seats_left) == (1, 0)
    assert weighed.block is not None


def test_the_reason_is_told_again_when_another_profile_was_looked_at(region: Region):
    region.hear(profile("p-1", DAY, kinds=("groen",)), DAY)
    region.hear(place("emco-1", DAY, kinds=("montage",)), DAY)
    region.hear(profile("p-1", NEXT, kinds=("hout",)), NEXT)
    region.tick(NEXT)
    assert not of_type(region.tick(NEXT + WEEK), WaitingPassedOver)
    region.hear(profile("p-1", NEXT + WEEK, kinds=("keuken",)), NEXT + WEEK)
    (again,) = of_type(region.tick(NEXT + 2 * WEEK), WaitingPassedOver)
    assert again.reason is PassedOverReason.NO_FIT


def test_who_is_erased_leaves_no_profile_behind_in_any_version_and_no_step(region: Region):
    region.hear(stepped("p-1", Rung.LEARN_WORK, DAY), DAY)
    region.hear(profile("p-1", DAY), DAY)
    region.hear(profile("p-1", NEXT, max_travel_km=3), NEXT)
    assert len(list(region.world.profile_versions)) == 2
    region.hear(ParticipantErased(participant="p-1", erased_on=NEXT), NEXT)
    region.hear(profile("p-1", NEXT, max_travel_km=4), NEXT)
    region.hear(stepped("p-1", Rung.DAY_ACTIVITY, NEXT), NEXT)
    assert not list(region.world.profile_versions)
    assert not list(region.world.profiles)
    assert not [step for step in region.world.steps if step.participant == "p-1"]


def deviation(**more: object) -> DeviationDecided:
    sample = DeviationDecided.sample()
    fields = {"participant": "p-3", "municipality": EMMEN, "place": "emco-1", "decided_on": DAY}
    return sample.model_copy(update=fields | more)


async def test_pitfall_8_a_deviation_has_a_name_and_a_reason_and_is_reported(database: str, region: Region):
    region.hear(place("emco-1", DAY), DAY)
    region.hear(deviation(), DAY)
    stated = region.tick(DAY)
    (report,) = of_type(stated, DeviationReported)
    assert (report.outcome, report.rank, report.passed) == (DeviationOutcome.PROPOSED, 3, 2)
    assert (report.decided_by, report.reason) == ("team-werk-14", DeviationReason.WORKS_THERE_ALREADY)
    (request,) = of_type(stated, ReservationRequested)
    assert (request.participant, request.rank) == ("p-3", 3)
    assert request.draft.reasons[0].params == {"decided_by": "team-werk-14", "deviation": "dev-7"}
    assert region.order(EMMEN, DAY) == ["p-1", "p-2", "p-3"]
    region.hear(granted(request, DAY), at(DAY, 7))
    assert not of_type(region.tick(NEXT), DeviationReported)
    assert (await why(database, region, "p-1"))["emco-1"][0] == Answer.DEVIATION
    async with told(database, region.heard) as http:
        period = {"first": "2020-01-01", "last": "2020-12-31"}
        (shown,) = (await http.get("/v1/deviations", params=period)).json()
        assert (shown["decided_by"], shown["passed"]) == ("team-werk-14", 2)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"participant": "p-9"}, DeviationOutcome.NOT_IN_LINE),
        ({"place": "emco-9"}, DeviationOutcome.NO_SEAT),
        ({"place": "emco-2"}, DeviationOutcome.NO_FIT),
        ({"participant": "p-2"}, DeviationOutcome.NOT_AVAILABLE),
    ],
)
def test_a_deviation_from_the_order_is_none_from_what_a_place_asks(region: Region, more, outcome):
    region.hear(place("emco-1", DAY), DAY)
    region.hear(place("emco-2", DAY, municipalities=("0109",)), DAY)
    region.hear(ParticipantPaused(participant="p-2", paused_on=DAY), DAY)
    region.hear(deviation(**more), DAY)
    (report,) = of_type(region.tick(DAY), DeviationReported)
    assert report.outcome is outcome
    assert not of_type(region.tick(NEXT), DeviationReported)


def test_a_deviation_goes_through_the_number_like_anyone(region: Region):
    region.hear(capacity(0, DAY), at(DAY, 1))
    region.hear(place("emco-1", DAY), DAY)
    region.hear(deviation(), DAY)
    (report,) = of_type(region.tick(DAY), DeviationReported)
    assert report.outcome is DeviationOutcome.NO_ROOM


def test_another_municipality_does_not_deviate_from_this_order(region: Region):
    region.hear(deviation(), DAY, by="gemeente-coevorden")
    assert region.letters[-1].code == "role.not-allowed"
    assert not list(region.world.deviations)


async def test_the_share_that_people_overrule_is_a_figure(database: str, region: Region):
    """Three proposals: one accepted, one declined by the host, one refused by the person: 2 of 3."""
    for n in (1, 2, 3):
        region.hear(place(f"emco-{n}", DAY), DAY)
    first, second, third = region.grant_all(region.tick(DAY), DAY)
    region.hear(answered(first, NEXT), NEXT)
    region.hear(answered(second, NEXT, Said.DECLINED, AnsweredBy.HOST), NEXT, by="emco")
    region.hear(answered(third, NEXT, Said.DECLINED, AnsweredBy.PARTICIPANT), NEXT)
    region.hear(place("emco-1", NEXT), NEXT)
    region.tick(NEXT)
    async with told(database, region.heard) as http:
        period = {"first": "2020-01-01", "last": "2020-12-31"}
        shown = (await http.get("/v1/figures/proposals", params=period)).json()
    assert shown["overruled"] == pytest.approx(2 / 3, abs=1e-4)
    assert (shown["declined_by_host"], shown["declined_by_participant"]) == (1, 1)


async def test_rank_places_bridges_preview_and_ladder_are_shown(database: str, region: Region):
    region.hear(place("emco-1", DAY, seats=3), DAY)
    (request, *_) = of_type(region.tick(DAY), ReservationRequested)
    region.hear(refused(request, DAY), at(DAY, 7))
    region.hear(stepped("p-2", Rung.LEARN_WORK, NEXT), NEXT)
    region.hear(place("emco-9", NEXT, rung=Rung.LEARN_WORK), NEXT)
    region.hear(started("p-3", "emco-9", NEXT, rung=Rung.LEARN_WORK), NEXT)
    region.tick(DAY + timedelta(days=6))
    async with told(database, region.heard) as http:
        rank = (await http.get("/v1/waiting/p-2")).json()
        assert (rank["rank"], rank["waiting"], rank["keys"]) == (2, 3, ["decision_date"])
        assert rank["values"] == {"decision_date": "2020-11-01"}
        assert rank["sentence"] == (
            "U staat sinds 1 november 2020 op de lijst, nu op plaats 2. De gemeenteraad kijkt eerst naar "
            "de dag van het besluit (1 november 2020). Deze volgorde geldt sinds 2 november 2020."
        )
        shown = {p["place"]: p for p in (await http.get("/v1/places")).json()}
        assert (shown["emco-9"]["taken"], shown["emco-9"]["free"]) == (1, 0)
        assert (shown["emco-1"]["kept"], shown["emco-1"]["free"]) == (2, 1)
        owed = (await http.get("/v1/bridges/owed", params={"municipality": EMMEN})).json()
        assert [(o["participant"], o["overdue"]) for o in owed] == [("p-1", True)]
        order = {"municipality": EMMEN, "keys": [OrderKey.IN_BRIDGE, OrderKey.DECISION_DATE]}
        preview = (await http.post("/v1/orders/preview", json=order)).json()
        moves = {m["participant"]: m["by"] for m in preview["rises"] + preview["falls"]}
        assert (moves, preview["stays"]) == ({"p-2": 1, "p-3": 1, "p-1": -2}, 0)
        assert (await http.post("/v1/orders/preview", json=order | {"keys": ["luck"]})).status_code == 400
        steps = (await http.get("/v1/people/p-3/ladder")).json()
        assert [(s["rung"], s["direction"], s["partner"]) for s in steps] == [
            ("day_activity", "first", "menso"),
            ("learn_work", "up", "emco"),
        ]
        assert (await http.get("/v1/waiting/p-9")).status_code == 404
