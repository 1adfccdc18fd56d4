"""What partners state in the tests: the smallest sound statement of each kind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
    CapacityChanged,
    ContractKind,
    DecisionOutcome,
    Fund,
    FundCapacity,
    OrderKey,
    OrderRules,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    ParticipantStepped,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    PolicyKind,
    ProfileStated,
    ProposalAnswered,
    ReservationGranted,
    ReservationRefusal,
    ReservationRefused,
    ReservationRequested,
    Rung,
    TermsRules,
    Unit,
)

EMMEN = "0114"
COEVORDEN = "0109"


def registered(participant: str, on: date, municipality: str = EMMEN, **more: Any) -> ParticipantRegistered:
    """Somebody is guided from that day."""
    fields: dict[str, Any] = {"rung": Rung.DAY_ACTIVITY, "school_leaver": False}
    return ParticipantRegistered(
        participant=participant, municipality=municipality, registered_on=on, **(fields | more)
    )


def advised(participant: str, on: date, requested_on: date | None = None) -> ParticipantAdvised:
    """UWV says yes."""
    return ParticipantAdvised(
        participant=participant,
        outcome=AdviceOutcome.POSITIVE,
        requested_on=requested_on or on,
        received_on=requested_on or on,
        advised_on=on,
        asked_by=AskedBy.MUNICIPALITY,
    )


def decided(
    participant: str,
    on: date,
    outcome: DecisionOutcome = DecisionOutcome.GRANTED,
    municipality: str = EMMEN,
    priority_group: str | None = None,
) -> ParticipantDecided:
    """The municipality decides."""
    return ParticipantDecided(
        participant=participant,
        municipality=municipality,
        outcome=outcome,
        decided_on=on,
        decided_by="team-werk-14",
        priority_group=priority_group,
    )


def stepped(participant: str, rung: Rung, on: date) -> ParticipantStepped:
    """Somebody steps to another rung."""
    return ParticipantStepped(participant=participant, rung=rung, stepped_on=on)


def profile(participant: str, on: date, **more: Any) -> ProfileStated:
    """Somebody who can do anything nearby."""
    fields: dict[str, Any] = {
        "hours_min": Decimal(16),
        "hours_max": Decimal(28),
        "postcode4": "7811",
        "max_travel_km": 10,
        "kinds": (),
        "needs": (),
        "available_from": on,
    }
    return ProfileStated(participant=participant, **(fields | more))


def place(name: str, on: date, seats: int = 1, **more: Any) -> PlaceOffered:
    """A place that suits most."""
    return PlaceOffered(place=name, seats=seats, **(_PLACE | {"from_on": on} | more))


_PLACE: dict[str, Any] = {
    "rung": Rung.SHELTERED_WORK,
    "municipalities": (EMMEN, COEVORDEN),
    "hours_min": Decimal(20),
    "hours_max": Decimal(32),
    "postcode4": "7821",
    "kinds": (),
    "offers": (),
}


def started(
    participant: str, where: str, on: date, proposal: str | None = None, **more: Any
) -> PlacementStarted:
    """A contract."""
    fields: dict[str, Any] = {
        "placement": f"pl-{participant}",
        "rung": Rung.SHELTERED_WORK,
        "hours": Decimal(28),
        "contract": ContractKind.PERMANENT,
    }
    return PlacementStarted(
        participant=participant, place=where, proposal=proposal, starts_on=on, **(fields | more)
    )


def by_decision(valid_from: date, municipality: str = EMMEN, **more: Any) -> PolicyAdopted:
    """Who was granted it first comes first."""
    rules = OrderRules(**({"keys": (OrderKey.DECISION_DATE,)} | more))
    return _policy(PolicyKind.ORDER, valid_from, municipality, order=rules)


def on_terms(valid_from: date, municipality: str = EMMEN, **more: Any) -> PolicyAdopted:
    """Terms of the council."""
    fields: dict[str, Any] = {"answer_days": 14, "reservation_days": 42, "bridge_within_days": 28}
    return _policy(PolicyKind.TERMS, valid_from, municipality, terms=TermsRules(**(fields | more)))


def _policy(kind: PolicyKind, valid_from: date, municipality: str, **rules: Any) -> PolicyAdopted:
    return PolicyAdopted(
        municipality=municipality,
        policy=f"{kind}-{municipality}-{valid_from}",
        kind=kind,
        valid_from=valid_from,
        adopted_by="Raad",
        source="Verordening",
        **rules,
    )


def answered(
    made: Any, on: date, answer: Answer = Answer.ACCEPTED, by: AnsweredBy = AnsweredBy.GUIDE
) -> ProposalAnswered:
    """Somebody answers a proposal."""
    return ProposalAnswered(
        proposal=made.proposal,
        participant=made.participant,
        by=by,
        answer=answer,
        answered_by="coach-7",
        answered_on=on,
    )


def granted(request: ReservationRequested, on: date, days: int = 42) -> ReservationGranted:
    """Quota has room."""
    return ReservationGranted(
        reservation=request.reservation,
        municipality=request.municipality,
        participant=request.participant,
        place=request.place,
        year=request.year,
        fund=Fund.MINISTRY,
        granted_on=on,
        expires_on=date.fromordinal(on.toordinal() + days),
    )


def refused(request: ReservationRequested, on: date) -> ReservationRefused:
    """Quota has no room."""
    return ReservationRefused(
        reservation=request.reservation,
        municipality=request.municipality,
        participant=request.participant,
        place=request.place,
        year=request.year,
        reason=ReservationRefusal.NO_ROOM,
        free={Fund.MINISTRY: Decimal(0)},
        waiting_before=request.waiting_before,
        refused_on=on,
    )


def capacity(free: int, on: date, municipality: str = EMMEN) -> CapacityChanged:
    """Quota tells what is free."""
    part = FundCapacity(
        fund=Fund.MINISTRY,
        target=Decimal(10),
        in_use=Decimal(10 - free),
        reserved=Decimal(0),
        free=Decimal(free),
    )
    return CapacityChanged(
        municipality=municipality,
        year=on.year,
        as_of=on,
        unit=Unit.CONTRACTS,
        provisional=False,
        funds=(part,),
    )
