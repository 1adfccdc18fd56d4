"""The events that guides and the municipality of the story state, each built from a person or a figure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from deploy.demo import facts
from deploy.demo.hosts import EMMEN_POSTCODE, PLACES
from deploy.demo.people import Person
from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
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
    PolicyAdopted,
    PolicyKind,
    ProfileStated,
    ProposalAnswered,
    ProposalMade,
    StepReason,
    TargetSet,
    TermsRules,
    Unit,
)
from shared.contracts.base import Rung

YOUNG: Final = "pro-vso"
"""The group that the council gave precedence in 2022; assumed."""
_KINDS: Final = tuple(place.removeprefix("emco-") for place in PLACES)


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
        postcode4=EMMEN_POSTCODE,
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


def terms_of_2022(valid_from: date) -> PolicyAdopted:
    """From then on host and participant answer too."""
    rules = TermsRules(
        answer_days=28,
        reservation_days=90,
        bridge_within_days=7,
        answers_needed=(AnsweredBy.GUIDE, AnsweredBy.HOST, AnsweredBy.PARTICIPANT),
    )
    return terms().model_copy(update={"policy": "termijnen-2022", "valid_from": valid_from, "terms": rules})


def answered(made: ProposalMade, by: AnsweredBy, answer: Answer, on: date) -> ProposalAnswered:
    """The guide, the host or the participant answers."""
    who = {
        AnsweredBy.GUIDE: f"coach-{made.guide}",
        AnsweredBy.HOST: f"plaatsing-{made.host}",
        AnsweredBy.PARTICIPANT: made.participant,
    }
    return ProposalAnswered(
        proposal=made.proposal,
        participant=made.participant,
        by=by,
        answer=answer,
        answered_by=who[by],
        reason=None,
        answered_on=on,
    )


def groningen_merged() -> MunicipalitiesMerged:
    """Codes that end, elsewhere: Emmen's ledger stays as it is."""
    return MunicipalitiesMerged(
        municipality="0014",
        predecessors=("0009", "0017"),
        merged_on=date(2019, 1, 1),
        source="Wet tot samenvoeging van de gemeenten Groningen, Haren en Ten Boer",
    )


def stepped(person: Person, rung: Rung, on: date, reason: StepReason | None = None) -> ParticipantStepped:
    """The guide states a step, up or down."""
    return ParticipantStepped(
        participant=person.participant, rung=rung, stepped_on=on, place=None, reason=reason
    )


_ADOPTED: Final[dict[str, Any]] = {
    "municipality": facts.EMMEN,
    "valid_from": facts.WERKBEDRIJF_STARTS,
    "source": facts.ASSUMED,
}
