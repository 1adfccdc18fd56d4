"""Proposals: matching proposes a place, named people answer."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    CalendarDate,
    Data,
    Municipality,
    OpaqueId,
    Part,
    PartnerName,
    Role,
    Rung,
    ServiceName,
    Stream,
)
from shared.contracts.checks import require_order
from shared.contracts.vocabulary import AnsweredBy, AnswerReason, Reason, Reasons


class Answer(StrEnum):
    """The answer to a proposal."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class ProposalWithdrawReason(StrEnum):
    """Why a proposal no longer stands."""

    PLACE_WITHDRAWN = "place-withdrawn"
    PARTICIPANT_LEFT = "participant-left"
    PARTICIPANT_MOVED = "participant-moved"
    PARTICIPANT_PAUSED = "participant-paused"
    PLACED_ELSEWHERE = "placed-elsewhere"
    DECISION_WITHDRAWN = "decision-withdrawn"
    RESERVATION_LOST = "reservation-lost"


class Alternative(Part):
    """A place that was looked at and not proposed."""

    place: OpaqueId
    """The place."""
    why_not: Reasons
    """What stood in the way."""


Alternatives = Annotated[tuple[Alternative, ...], Field(max_length=20)]
"""Other places, each with what stood in the way."""


class _Proposal(Data):
    """Whom and what a proposal is about."""

    proposal: OpaqueId
    """The proposal."""
    participant: OpaqueId
    """The person it is for."""
    place: OpaqueId
    """The place that is proposed."""
    reservation: OpaqueId | None = None
    """The room that quota reserved for it; null on rungs that need none."""
    municipality: Municipality
    """The person's municipality."""
    rung: Rung | None = None
    """What is proposed: sheltered work, or a bridge until it starts. Null in events from before there
    were bridges among them, and then it is sheltered work."""


class ProposalMade(
    _Proposal, name="proposals.made", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """A place is proposed to somebody; people decide."""

    host: PartnerName
    """The partner whose place it is."""
    guide: PartnerName
    """The partner that guides the person."""
    made_on: CalendarDate
    """Day of the proposal."""
    expires_on: CalendarDate
    """Last day on which it can be answered."""
    rank: Annotated[int, Field(ge=1)]
    """The person's place in the waiting order, 1 is first."""
    policy: OpaqueId
    """The order in force that gave that rank."""
    reasons: Reasons
    """Why this person and this place."""
    alternatives: Alternatives = ()
    """What else was looked at."""
    answers_needed: Annotated[tuple[AnsweredBy, ...], Field(max_length=len(AnsweredBy))] = ()
    """Who must say yes before it is accepted; not told in events from before this field."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order("made_on", self.made_on, "expires_on", self.expires_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """The longest waiting is proposed the nearest place that fits."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            place="emco-groen-12",
            reservation="res-31",
            municipality="0114",
            rung=Rung.SHELTERED_WORK,
            host="emco",
            guide="menso",
            made_on=date(2020, 12, 1),
            expires_on=date(2020, 12, 15),
            rank=1,
            policy="emmen-volgorde-2017",
            reasons=(
                Reason(rule="order", code="longest-waiting", params={"decided_on": "2020-11-05"}),
                Reason(rule="travel", code="near-enough", params={"km": "6", "max_km": "12"}),
            ),
            alternatives=(
                Alternative(
                    place="emco-montage-4",
                    why_not=(Reason(rule="hours", code="too-many", params={"hours_min": "32"}),),
                ),
            ),
            answers_needed=(AnsweredBy.GUIDE,),
        )


class ProposalAccepted(
    _Proposal,
    name="proposals.accepted",
    stream=Stream.MATCHING,
    key="participant",
    service=ServiceName.MATCHING,
):
    """Everyone whose answer is needed said yes."""

    accepted_on: CalendarDate
    """Day of the last answer."""

    @classmethod
    def sample(cls) -> Self:
        """Accepted within the week."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            place="emco-groen-12",
            reservation="res-31",
            municipality="0114",
            accepted_on=date(2020, 12, 7),
        )


class ProposalDeclined(
    _Proposal,
    name="proposals.declined",
    stream=Stream.MATCHING,
    key="participant",
    service=ServiceName.MATCHING,
):
    """Somebody said no; the person keeps the place in the order."""

    by: AnsweredBy
    """On whose behalf."""
    reason: AnswerReason | None = None
    """Why, if said."""
    declined_on: CalendarDate
    """Day of the answer."""

    @classmethod
    def sample(cls) -> Self:
        """Too far."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            place="emco-groen-12",
            reservation="res-31",
            municipality="0114",
            by=AnsweredBy.PARTICIPANT,
            reason=AnswerReason.DISTANCE,
            declined_on=date(2020, 12, 7),
        )


class ProposalExpired(
    _Proposal,
    name="proposals.expired",
    stream=Stream.MATCHING,
    key="participant",
    service=ServiceName.MATCHING,
):
    """Nobody answered in time, or an accepted bridge did not begin; the place in the order stays."""

    expired_on: CalendarDate
    """First day after the last on which it could be answered, or begin."""

    @classmethod
    def sample(cls) -> Self:
        """Two weeks without an answer."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            place="emco-groen-12",
            reservation="res-31",
            municipality="0114",
            expired_on=date(2020, 12, 16),
        )


class ProposalWithdrawn(
    _Proposal,
    name="proposals.withdrawn",
    stream=Stream.MATCHING,
    key="participant",
    service=ServiceName.MATCHING,
):
    """The proposal no longer stands, by nobody's answer."""

    reason: ProposalWithdrawReason
    """Why."""
    withdrawn_on: CalendarDate
    """Day on which it fell."""

    @classmethod
    def sample(cls) -> Self:
        """The host withdrew the place."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            place="emco-groen-12",
            reservation="res-31",
            municipality="0114",
            reason=ProposalWithdrawReason.PLACE_WITHDRAWN,
            withdrawn_on=date(2020, 12, 3),
        )


class ProposalAnswered(
    Data,
    name="proposals.answered",
    stream=Stream.INTAKE,
    key="participant",
    role=frozenset({Role.GUIDE, Role.HOST}),
):
    """A named person answered a proposal: the guide, the host, or the guide for the participant."""

    proposal: OpaqueId
    """The proposal."""
    participant: OpaqueId
    """The person it is for."""
    by: AnsweredBy
    """On whose behalf."""
    answer: Answer
    """Yes or no."""
    answered_by: OpaqueId
    """Who gave the answer: a staff number, not a name; the participant's own id where they did."""
    reason: AnswerReason | None = None
    """Why not, if said."""
    answered_on: CalendarDate
    """Day of the answer."""

    @classmethod
    def sample(cls) -> Self:
        """The counsellor at Menso says yes."""
        return cls(
            proposal="prop-31",
            participant="p-7f3k2m",
            by=AnsweredBy.GUIDE,
            answer=Answer.ACCEPTED,
            answered_by="menso-c-07",
            answered_on=date(2020, 12, 7),
        )
