"""A short story that goes through all four services: six people wait, three numbers, a contract for some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
    BridgeDue,
    ClockTicked,
    ContractKind,
    DecisionOutcome,
    Fund,
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
    ProposalAccepted,
    ProposalAnswered,
    ProposalMade,
    TargetSet,
    TermsRules,
    Unit,
)
from shared.contracts.base import Data, Rung, Stream
from shared.messaging.event import Event
from shared.messaging.registry import AMSTERDAM
from tests.delivery.site import PARTNERS

PEOPLE: Final = tuple(f"p-{n:04d}" for n in range(1, 7))
FIRST_DAY: Final = date(2021, 1, 4)
_ROOM: Final = 3
_PLACE: Final = "emco-groen"
_URN: Final = {file.record.partner: file.record.urn for file in PARTNERS}


def said(partner: str, on: date, data: Data) -> Event:
    """What a partner's back office puts in its inbox on that day."""
    return Event(
        id=f"{on.isoformat()}/{data.TYPE}/{data.kafka_key}/{getattr(data, 'policy', '')}",
        source=f"{_URN[partner]}:systeem:backoffice",
        time=datetime.combine(on, time(9), AMSTERDAM),
        key=data.kafka_key,
        data=data,
        partner=partner,
        stream=Stream.INBOX,
    )


def tick(on: date) -> Event:
    """It is morning on that day."""
    at = datetime.combine(on, time(7), AMSTERDAM)
    event = said("gemeente-emmen", on, ClockTicked(at=at))
    return replace(event, time=at, partner="", stream=Stream.REGISTRY)


def the_ground(on: date) -> list[Event]:
    """The number, the order, the terms, the place; and the people with what they can and want."""
    municipality: dict[str, Any] = {"municipality": "0114", "source": "for this test"}
    policy = municipality | {"valid_from": on, "adopted_by": "college"}
    order, terms = (
        OrderRules(keys=(OrderKey.DECISION_DATE,)),
        TermsRules(answer_days=28, reservation_days=90, bridge_within_days=1),
    )
    return [
        said("gemeente-emmen", on, data)
        for data in (
            TargetSet(
                **municipality, year=on.year, fund=Fund.MINISTRY, number=Decimal(_ROOM),
                unit=Unit.CONTRACTS, provisional=False, published_on=on,
            ),
            PolicyAdopted(**policy, policy="order", kind=PolicyKind.ORDER, order=order),
            PolicyAdopted(**policy, policy="terms", kind=PolicyKind.TERMS, terms=terms),
        )
    ] + [
        said(
            "emco",
            on,
            PlaceOffered(
                place=_PLACE, rung=Rung.SHELTERED_WORK, municipalities=("0114",), seats=9,
                hours_min=Decimal(12), hours_max=Decimal(36), postcode4="7811", kinds=("groen",),
                offers=(), from_on=on,
            ),
        ),
        *[said("menso", on, data) for person in PEOPLE for data in _arrival(person, on)],
    ]  # fmt: skip


def advice_and_decision(on: date) -> list[Event]:
    """Everybody is advised, and granted sheltered work, on days that differ so that there is an order."""
    events = []
    for number, person in enumerate(PEOPLE):
        day = on - timedelta(days=number % 3)
        advice = ParticipantAdvised(
            participant=person, outcome=AdviceOutcome.POSITIVE, requested_on=day, received_on=day,
            advised_on=day, asked_by=AskedBy.MUNICIPALITY,
        )  # fmt: skip
        decision = ParticipantDecided(
            participant=person, municipality="0114", outcome=DecisionOutcome.GRANTED, decided_on=day,
            decided_by="team-werk-14",
        )  # fmt: skip
        events += [said("uwv", on, advice), said("gemeente-emmen", on, decision)]
    return events


def answers(stated: Iterable[dict[str, Any]], on: date, *, declined: Sequence[str] = ()) -> list[Event]:
    """What the partners do about what the matching service stated: answer, start a contract, bridge."""
    events = []
    for event in sorted(stated, key=lambda each: each["id"]):
        match event["type"], event["data"]:
            case ProposalMade.TYPE, {"proposal": proposal, "participant": person}:
                no = person in declined
                answer = ProposalAnswered(
                    proposal=proposal, participant=person, by=AnsweredBy.GUIDE,
                    answer=Answer.DECLINED if no else Answer.ACCEPTED, answered_by="coach-1", answered_on=on,
                )  # fmt: skip
                events.append(said("menso", on, answer))
            case ProposalAccepted.TYPE, {"proposal": proposal, "participant": person}:
                contract = PlacementStarted(
                    placement=f"c-{person}", participant=person, place=_PLACE, proposal=proposal,
                    rung=Rung.SHELTERED_WORK, starts_on=on, ends_on=on + timedelta(days=365),
                    hours=Decimal(24), contract=ContractKind.TEMPORARY,
                )  # fmt: skip
                events.append(said("emco", on, contract))
            case BridgeDue.TYPE, {"participant": person}:
                step = ParticipantStepped(participant=person, rung=Rung.LEARN_WORK, stepped_on=on)
                events.append(said("menso", on, step))
            case _:
                pass
    return events


def _arrival(person: str, on: date) -> tuple[Data, Data]:
    return (
        ParticipantRegistered(
            participant=person, municipality="0114", rung=Rung.WORK_WITH_BENEFIT, registered_on=on,
            school_leaver=False,
        ),
        ProfileStated(
            participant=person, hours_min=Decimal(16), hours_max=Decimal(28), postcode4="7811",
            max_travel_km=15, kinds=("groen",), needs=(), available_from=on,
        ),
    )  # fmt: skip
