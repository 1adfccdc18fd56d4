"""Reservations: matching asks quota for room under the number, before it proposes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from shared.contracts.base import (
    Amount,
    CalendarDate,
    Count,
    Data,
    Fund,
    Hours,
    Municipality,
    OpaqueId,
    Part,
    PartnerName,
    ServiceName,
    Stream,
    Year,
)
from shared.contracts.policies import Days
from shared.contracts.proposals import Alternatives
from shared.contracts.vocabulary import AnsweredBy, Reason, Reasons


class ReservationRefusal(StrEnum):
    """Why quota had no room to give."""

    NO_ROOM = "no-room"
    NO_TARGET = "no-target"
    NOT_ELIGIBLE = "not-eligible"


class ReleaseReason(StrEnum):
    """Why a reservation was given back."""

    PROPOSAL_DECLINED = "proposal-declined"
    PROPOSAL_EXPIRED = "proposal-expired"
    PROPOSAL_WITHDRAWN = "proposal-withdrawn"
    PARTICIPANT_LEFT = "participant-left"
    PARTICIPANT_MOVED = "participant-moved"
    DECISION_WITHDRAWN = "decision-withdrawn"


class ProposalDraft(Part):
    """What is proposed as soon as there is room: all that was looked at, as it stood in the round."""

    proposal: OpaqueId
    """The proposal it becomes."""
    host: PartnerName
    """The partner whose place it is."""
    guide: PartnerName
    """The partner that guides the person."""
    answer_days: Days
    """How long it can be answered."""
    answers_needed: Annotated[tuple[AnsweredBy, ...], Field(min_length=1, max_length=len(AnsweredBy))]
    """Who must say yes before it is accepted."""
    policy: OpaqueId
    """The order in force that gave the rank."""
    reasons: Reasons
    """Why this person and this place."""
    alternatives: Alternatives = ()
    """What else was looked at."""


class _Reservation(Data):
    """Which reservation, for whom."""

    reservation: OpaqueId
    """The reservation."""
    municipality: Municipality
    """Whose number; also the key, so that all claims on it stand in one line."""
    participant: OpaqueId
    """The person it is for."""


class ReservationRequested(
    _Reservation,
    name="reservations.requested",
    stream=Stream.MATCHING,
    key="municipality",
    service=ServiceName.MATCHING,
):
    """Room is asked for, in order of rank."""

    place: OpaqueId
    """The place that would be proposed."""
    year: Year
    """The year whose number it is to fit in."""
    hours: Hours
    """Hours a week that the job would have; they count where the municipality counts hours."""
    rank: Annotated[int, Field(ge=1)]
    """The person's place in the waiting order, 1 is first."""
    waiting_before: Count
    """How many of the same municipality stand before this person."""
    requested_on: CalendarDate
    """Day of the request."""
    draft: ProposalDraft | None = None
    """What is proposed when it is granted; quota need not look at it."""

    @classmethod
    def sample(cls) -> Self:
        """The first in line."""
        return cls(
            reservation="res-31",
            municipality="0114",
            participant="p-7f3k2m",
            place="emco-groen-12",
            year=2020,
            hours=Decimal("28.5"),
            rank=1,
            waiting_before=0,
            requested_on=date(2020, 12, 1),
            draft=ProposalDraft(
                proposal="prop-31",
                host="emco",
                guide="menso",
                answer_days=14,
                answers_needed=(AnsweredBy.GUIDE,),
                policy="emmen-volgorde-2017",
                reasons=(Reason(rule="order", code="longest-waiting", params={"decided_on": "2020-11-05"}),),
            ),
        )


class ReservationGranted(
    _Reservation,
    name="reservations.granted",
    stream=Stream.QUOTA,
    key="municipality",
    service=ServiceName.QUOTA,
):
    """There is room, and it is held."""

    place: OpaqueId
    """The place that may be proposed."""
    year: Year
    """The year whose number it fits in."""
    fund: Fund
    """Who pays."""
    granted_on: CalendarDate
    """From which day it is held."""
    expires_on: CalendarDate
    """Last day on which it is held."""

    @classmethod
    def sample(cls) -> Self:
        """A place under the ministry's number."""
        return cls(
            reservation="res-31",
            municipality="0114",
            participant="p-7f3k2m",
            place="emco-groen-12",
            year=2020,
            fund=Fund.MINISTRY,
            granted_on=date(2020, 12, 1),
            expires_on=date(2020, 12, 29),
        )


class ReservationRefused(
    _Reservation,
    name="reservations.refused",
    stream=Stream.QUOTA,
    key="municipality",
    service=ServiceName.QUOTA,
):
    """There is no room; the person stays on the list and is owed a bridge."""

    place: OpaqueId
    """The place that was asked for."""
    year: Year
    """The year that was asked for."""
    reason: ReservationRefusal
    """Why."""
    free: dict[Fund, Amount]
    """What was free in each fund at that moment."""
    waiting_before: Count
    """How many of the same municipality stood before this person."""
    refused_on: CalendarDate
    """Day of the refusal."""

    @classmethod
    def sample(cls) -> Self:
        """The number is reached."""
        return cls(
            reservation="res-52",
            municipality="0114",
            participant="p-9c4r8t",
            place="emco-groen-12",
            year=2021,
            reason=ReservationRefusal.NO_ROOM,
            free={Fund.MINISTRY: Decimal(0), Fund.COUNCIL: Decimal(0)},
            waiting_before=3,
            refused_on=date(2021, 11, 8),
        )


class ReservationReleased(
    _Reservation,
    name="reservations.released",
    stream=Stream.QUOTA,
    key="municipality",
    service=ServiceName.QUOTA,
):
    """The room is given back, and free for the next."""

    reason: ReleaseReason
    """Why."""
    released_on: CalendarDate
    """From which day it is free."""

    @classmethod
    def sample(cls) -> Self:
        """The proposal was declined."""
        return cls(
            reservation="res-31",
            municipality="0114",
            participant="p-7f3k2m",
            reason=ReleaseReason.PROPOSAL_DECLINED,
            released_on=date(2020, 12, 7),
        )


class ReservationExpired(
    _Reservation,
    name="reservations.expired",
    stream=Stream.QUOTA,
    key="municipality",
    service=ServiceName.QUOTA,
):
    """The room was held long enough, and is free for the next."""

    expired_on: CalendarDate
    """From which day it is free."""

    @classmethod
    def sample(cls) -> Self:
        """No contract came of it."""
        return cls(
            reservation="res-31",
            municipality="0114",
            participant="p-7f3k2m",
            expired_on=date(2020, 12, 30),
        )


class ReservationUsed(
    _Reservation,
    name="reservations.used",
    stream=Stream.QUOTA,
    key="municipality",
    service=ServiceName.QUOTA,
):
    """A contract stands where the reservation stood."""

    placement: OpaqueId
    """The placement with that contract."""
    used_on: CalendarDate
    """First day of the contract."""

    @classmethod
    def sample(cls) -> Self:
        """The contract of January."""
        return cls(
            reservation="res-31",
            municipality="0114",
            participant="p-7f3k2m",
            placement="pl-88",
            used_on=date(2021, 1, 1),
        )
