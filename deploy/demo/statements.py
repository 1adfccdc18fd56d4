"""The events that the partners of the story state, each built from a person or a figure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from deploy.demo import facts
from deploy.demo.people import Person
from shared.contracts import (
    AdviceOutcome,
    AnsweredBy,
    AskedBy,
    ContractKind,
    DecisionOutcome,
    DeviationDecided,
    DeviationReason,
    Fund,
    FundAssigned,
    OrderKey,
    OrderRules,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    ParticipantStepped,
    PlaceChanged,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    PolicyKind,
    ProfileStated,
    StepReason,
    TargetSet,
    TermsRules,
    Unit,
)
from shared.contracts.base import Rung

PLACES: Final = {"emco-groen": 30, "emco-inpak": 35, "emco-montage": 30, "emco-schoonmaak": 25}
"""Places at EMCO and seats in them; assumed, and more than the numbers ever allow."""
MORE_SEATS: Final = 5
OFFERED_ON: Final = date(2017, 1, 9)
LEARN_PLACE: Final = "emco-leerwerk"
"""Where somebody can learn the work meanwhile; assumed."""
YOUNG: Final = "pro-vso"
"""The group that the council gave precedence in 2022; assumed."""
_KINDS: Final = tuple(place.removeprefix("emco-") for place in PLACES)
_EMMEN_POSTCODE: Final = "7811"
_YEAR: Final = timedelta(days=365)


def registered(person: Person) -> ParticipantRegistered:
    """The guide begins."""
    return ParticipantRegistered(
        participant=person.participant,
        municipality=facts.EMMEN,
        rung=Rung.DAY_ACTIVITY if person.guide == "buurtsupport" else Rung.WORK_WITH_BENEFIT,
        registered_on=person.registered_on,
        school_leaver=person.school_leaver,
    )


def profile(person: Person) -> ProfileStated:
    """What the person can and wants: three of the four kinds of work, near home."""
    first = person.number % len(_KINDS)
    return ProfileStated(
        participant=person.participant,
        hours_min=person.hours - 8,
        hours_max=person.hours + 4,
        postcode4=_EMMEN_POSTCODE,
        max_travel_km=15,
        kinds=tuple(sorted(_KINDS[(first + n) % len(_KINDS)] for n in range(3))),
        needs=(),
        available_from=person.registered_on,
    )


def advised(person: Person) -> ParticipantAdvised:
    """UWV advises; one in six asked for it themselves (Pw art. 10b(3))."""
    return ParticipantAdvised(
        participant=person.participant,
        outcome=AdviceOutcome.POSITIVE,
        requested_on=person.requested_on,
        received_on=person.requested_on,
        advised_on=person.advised_on,
        asked_by=AskedBy.PARTICIPANT if person.number % 6 == 1 else AskedBy.MUNICIPALITY,
    )


def decided(person: Person) -> ParticipantDecided:
    """The municipality grants sheltered work."""
    return ParticipantDecided(
        participant=person.participant,
        municipality=facts.EMMEN,
        outcome=DecisionOutcome.GRANTED,
        decided_on=person.decided_on,
        decided_by="team-werk-14",
    )


def decided_again(person: Person, on: date) -> ParticipantDecided:
    """The same grant, now with the group that the council gave precedence."""
    return decided(person).model_copy(update={"decided_on": on, "priority_group": YOUNG})


def deviation(person: Person, place: str, on: date) -> DeviationDecided:
    """An official lets somebody go before their turn, and says why."""
    return DeviationDecided(
        deviation=f"afwijking-{on.year}-1",
        participant=person.participant,
        municipality=facts.EMMEN,
        place=place,
        decided_by="teammanager-werk",
        reason=DeviationReason.WORKS_THERE_ALREADY,
        explanation=f"Kent het werk en de ploeg al ({facts.ASSUMED}).",
        decided_on=on,
    )


def paid_by_the_council(placement: str, on: date) -> FundAssigned:
    """The council pays this contract from its first day."""
    return FundAssigned(
        municipality=facts.EMMEN,
        placement=placement,
        fund=Fund.COUNCIL,
        from_on=on,
        reason=f"Raadsbesluit extra plekken beschut werk ({facts.ASSUMED})",
    )


def number_set(number: facts.Number) -> TargetSet:
    """The municipality states the yearly number, with its source."""
    return TargetSet(
        municipality=facts.EMMEN,
        year=number.year,
        fund=number.fund,
        number=Decimal(number.places),
        unit=Unit.CONTRACTS,
        hours_per_unit=None,
        provisional=False,
        published_on=number.stated_on,
        source=number.source,
    )


def order() -> PolicyAdopted:
    """The council's order: who was granted sheltered work first, is served first."""
    return PolicyAdopted(
        policy="volgorde-2018",
        kind=PolicyKind.ORDER,
        adopted_by="gemeenteraad",
        order=OrderRules(keys=(OrderKey.DECISION_DATE,)),
        **_ADOPTED,
    )


def order_of_2022() -> PolicyAdopted:
    """School leavers whom the municipality named go first; early 2022 many youngsters waited."""
    rules = OrderRules(keys=(OrderKey.PRIORITY_GROUP, OrderKey.DECISION_DATE), priority_groups=(YOUNG,))
    return order().model_copy(
        update={"policy": "volgorde-2022", "valid_from": facts.COUNCIL_PAYS_FROM, "order": rules}
    )


def terms() -> PolicyAdopted:
    """How long things may take."""
    return PolicyAdopted(
        policy="termijnen-2018",
        kind=PolicyKind.TERMS,
        adopted_by="college",
        terms=TermsRules(
            answer_days=28, reservation_days=90, bridge_within_days=7, answers_needed=(AnsweredBy.GUIDE,)
        ),
        **_ADOPTED,
    )


def offered(place: str) -> PlaceOffered:
    """EMCO offers a place."""
    return PlaceOffered(**_place(place, PLACES[place]))


def learn_place_offered() -> PlaceOffered:
    """EMCO has a place to learn the work, with benefit."""
    return PlaceOffered(**_place(LEARN_PLACE, 2) | {"rung": Rung.LEARN_WORK})


def enlarged(place: str) -> PlaceChanged:
    """EMCO has more seats there."""
    return PlaceChanged(**_place(place, PLACES[place] + MORE_SEATS))


def learning(person: Person, on: date) -> PlacementStarted:
    """Somebody learns the work at EMCO, without a contract."""
    return PlacementStarted(
        placement=learning_of(person),
        participant=person.participant,
        place=LEARN_PLACE,
        proposal=None,
        rung=Rung.LEARN_WORK,
        starts_on=on,
        hours=person.hours,
        contract=ContractKind.NONE,
    )


def learned(person: Person, on: date) -> PlacementEnded:
    """The months of learning are over."""
    return PlacementEnded(
        placement=learning_of(person),
        participant=person.participant,
        ended_on=on,
        reason=PlacementEndReason.CONTRACT_END,
    )


def stepped(person: Person, rung: Rung, on: date, reason: StepReason | None = None) -> ParticipantStepped:
    """The guide states a step, up or down."""
    return ParticipantStepped(
        participant=person.participant, rung=rung, stepped_on=on, place=None, reason=reason
    )


def started(person: Person, placement: str, place: str, proposal: str | None, on: date) -> PlacementStarted:
    """EMCO states a contract, for a year at first."""
    return PlacementStarted(
        placement=placement,
        participant=person.participant,
        place=place,
        proposal=proposal,
        rung=Rung.SHELTERED_WORK,
        starts_on=on,
        ends_on=on + _YEAR,
        hours=person.hours,
        contract=ContractKind.TEMPORARY,
    )


def made_permanent(person: Person, placement: str, on: date) -> PlacementChanged:
    """The contract goes on without an end."""
    return PlacementChanged(
        placement=placement,
        participant=person.participant,
        changed_on=on,
        hours=person.hours,
        ends_on=None,
        contract=ContractKind.PERMANENT,
        reason=PlacementChangeReason.PERMANENT,
    )


def ended(person: Person, placement: str, on: date) -> PlacementEnded:
    """The person moves on to other work."""
    return PlacementEnded(
        placement=placement,
        participant=person.participant,
        ended_on=on,
        reason=PlacementEndReason.STEP_UP,
    )


def placement_of(person: Person, turn: int) -> str:
    """The id of the person's first, second, ... contract at EMCO."""
    return f"c-{person.number:04d}" if turn == 1 else f"c-{person.number:04d}-{turn}"


def learning_of(person: Person) -> str:
    """The id of the person's months of learning at EMCO."""
    return f"l-{person.number:04d}"


def _place(place: str, seats: int) -> dict[str, Any]:
    return {
        "place": place,
        "rung": Rung.SHELTERED_WORK,
        "municipalities": (facts.EMMEN,),
        "seats": seats,
        "hours_min": Decimal(16),
        "hours_max": Decimal(36),
        "postcode4": _EMMEN_POSTCODE,
        "kinds": (place.removeprefix("emco-"),),
        "offers": (),
        "from_on": OFFERED_ON,
        "until_on": None,
    }


_ADOPTED: Final[dict[str, Any]] = {
    "municipality": facts.EMMEN,
    "valid_from": facts.WERKBEDRIJF_STARTS,
    "source": facts.ASSUMED,
}
