"""What partners state about people and places, as data of the contract."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
    ContractKind,
    DecisionOutcome,
    DeviationDecided,
    DeviationReason,
    Fund,
    FundAssigned,
    MunicipalitiesMerged,
    OrderKey,
    OrderRules,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    ParticipantStepped,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    PolicyKind,
    ProfileStated,
    ProposalAnswered,
    TargetSet,
    TermsRules,
    Unit,
)
from shared.contracts.base import Data, Rung

EMMEN: Final = "0114"
NUMBER: Final = 40
"""Places under the number: few, so that there is always somebody for whom there is no room."""
YEARS: Final = range(2021, 2041)
FIRST: Final = "spoed"
"""The group with precedence."""
PLACES: Final = {"emco-groen": 30, "emco-inpak": 35, "emco-montage": 30, "emco-schoonmaak": 25}
_KINDS: Final = tuple(place.removeprefix("emco-") for place in PLACES)


def ground(on: date) -> list[tuple[str, str, Data]]:
    """Numbers, order, terms and places: by whom, what makes it this one, what."""
    said: list[tuple[str, str, Data]] = [
        ("gemeente-emmen", str(year), number(year, NUMBER, on)) for year in YEARS
    ]
    policy: dict[str, Any] = {
        "municipality": EMMEN, "source": "for this campaign", "valid_from": on, "adopted_by": "college",
    }  # fmt: skip
    order = OrderRules(keys=(OrderKey.PRIORITY_GROUP, OrderKey.DECISION_DATE), priority_groups=(FIRST,))
    adopted = PolicyAdopted(**policy, policy="order", kind=PolicyKind.ORDER, order=order)
    said += [("gemeente-emmen", "order", adopted), ("gemeente-emmen", "terms", terms("terms", on))]
    said += [("emco", "offered", _offered(place, seats, on)) for place, seats in PLACES.items()]
    return said


def number(year: int, places: int, on: date) -> TargetSet:
    """The number of a year, from now on."""
    return TargetSet(
        municipality=EMMEN, year=year, fund=Fund.MINISTRY, number=Decimal(places), unit=Unit.CONTRACTS,
        provisional=False, published_on=on, source="for this campaign",
    )  # fmt: skip


def terms(name: str, on: date, *answers: AnsweredBy) -> PolicyAdopted:
    """How long things may take and whose answer is needed, from now on; the guide's alone if none is said."""
    return PolicyAdopted(
        municipality=EMMEN, policy=name, kind=PolicyKind.TERMS, valid_from=on, adopted_by="college",
        source="for this campaign",
        terms=TermsRules(
            answer_days=6, reservation_days=14, bridge_within_days=3,
            answers_needed=answers or (AnsweredBy.GUIDE,),
        ),
    )  # fmt: skip


def merged(predecessor: str, municipality: str, on: date) -> MunicipalitiesMerged:
    """A code ends in another."""
    return MunicipalitiesMerged(
        municipality=municipality, predecessors=(predecessor,), merged_on=on, source="for this campaign"
    )


def registered(person: str, on: date, municipality: str = EMMEN) -> ParticipantRegistered:
    """The guide begins."""
    return ParticipantRegistered(
        participant=person, municipality=municipality, rung=Rung.WORK_WITH_BENEFIT, registered_on=on,
        school_leaver=False,
    )  # fmt: skip


def profile(person: str, on: date, number: int) -> ProfileStated:
    """Three of the four kinds of work, near home."""
    kinds = tuple(sorted(_KINDS[(number + n) % len(_KINDS)] for n in range(3)))
    return ProfileStated(
        participant=person, hours_min=Decimal(20), hours_max=Decimal(32), postcode4="7811", max_travel_km=15,
        kinds=kinds, needs=(), available_from=on,
    )  # fmt: skip


def advised(person: str, on: date, *, positive: bool = True) -> ParticipantAdvised:
    """UWV advises."""
    return ParticipantAdvised(
        participant=person, outcome=AdviceOutcome.POSITIVE if positive else AdviceOutcome.NEGATIVE,
        requested_on=on, received_on=on, advised_on=on, asked_by=AskedBy.MUNICIPALITY,
    )  # fmt: skip


def decided(
    person: str, on: date, outcome: DecisionOutcome = DecisionOutcome.GRANTED, group: str | None = None
) -> ParticipantDecided:
    """The municipality decides."""
    return ParticipantDecided(
        participant=person, municipality=EMMEN, outcome=outcome, decided_on=on, decided_by="team-werk-14",
        priority_group=group,
    )  # fmt: skip


def deviation(person: str, place: str, on: date) -> DeviationDecided:
    """An official lets somebody go before their turn."""
    return DeviationDecided(
        deviation=f"dev-{person}", participant=person, municipality=EMMEN, place=place,
        decided_by="team-werk-14", reason=DeviationReason.URGENT, decided_on=on,
    )  # fmt: skip


def assigned(placement: str, fund: Fund | None, on: date) -> FundAssigned:
    """Who pays for a contract from now on."""
    return FundAssigned(
        municipality=EMMEN, placement=placement, fund=fund, from_on=on, reason="for this campaign"
    )


def stepped(person: str, on: date, rung: Rung = Rung.LEARN_WORK) -> ParticipantStepped:
    """The person does something else from now on."""
    return ParticipantStepped(participant=person, rung=rung, stepped_on=on)


def answered(
    proposal: str, person: str, on: date, *, yes: bool, by: AnsweredBy = AnsweredBy.GUIDE
) -> ProposalAnswered:
    """A proposal is answered."""
    return ProposalAnswered(
        proposal=proposal, participant=person, by=by,
        answer=Answer.ACCEPTED if yes else Answer.DECLINED, answered_by="coach-1", answered_on=on,
    )  # fmt: skip


def learns(placement: str, person: str, place: str, on: date) -> PlacementStarted:
    """Learning the work, without a contract: it takes a seat and no room."""
    return PlacementStarted(
        placement=placement, participant=person, place=place, rung=Rung.LEARN_WORK, starts_on=on,
        hours=Decimal(24), contract=ContractKind.NONE,
    )  # fmt: skip


def ended(placement: str, person: str, on: date, reason: PlacementEndReason) -> PlacementEnded:
    """Today is the last day."""
    return PlacementEnded(placement=placement, participant=person, ended_on=on, reason=reason)


def started(
    placement: str, person: str, place: str, proposal: str | None, on: date, days: int
) -> PlacementStarted:
    """A contract for a while."""
    return PlacementStarted(
        placement=placement, participant=person, place=place, proposal=proposal, rung=Rung.SHELTERED_WORK,
        starts_on=on, ends_on=on + timedelta(days=days), hours=Decimal(24), contract=ContractKind.TEMPORARY,
    )  # fmt: skip


def _offered(place: str, seats: int, on: date) -> PlaceOffered:
    return PlaceOffered(
        place=place, rung=Rung.SHELTERED_WORK, municipalities=(EMMEN,), seats=seats, hours_min=Decimal(16),
        hours_max=Decimal(36), postcode4="7811", kinds=(place.removeprefix("emco-"),), offers=(), from_on=on,
    )  # fmt: skip
