"""Proposals: asked for, made, and how they stand.

Who answers them and how is in `answers`, what makes them fall in `falling`.

A proposal is for sheltered work, and then room is asked for first; or it is for a bridge until that
starts (Pw art. 10b(7)), which takes no room under the number. Somebody may have one of each.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from services.matching.rules.places import Placement
from shared.contracts import (
    Alternative,
    AnsweredBy,
    AnswerReason,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    Reason,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationRequested,
    Rung,
)

_RESERVATION: Final = "res-"
_PROPOSAL: Final = "prop-"


class State(StrEnum):
    """How a proposal stands; it only ever goes on."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    PLACED = "placed"


ALIVE: Final = frozenset({State.REQUESTED, State.OPEN, State.ACCEPTED})
"""States in which a seat is kept for the person."""

ANSWERABLE: Final = frozenset({State.OPEN, State.ACCEPTED})


class Proposal(Struct, frozen=True):
    """A proposal and the request for room that goes before it.

    Attributes:
        reservation: None for a bridge, which needs no room.
        rung: what is proposed.
        requested_at: moment of the round that it came of.
        refused_at, lost_at: what quota stated of the room, the only facts of others here.
        outcome: why it was withdrawn, if it was.
        closed_at: moment of the event that closed it; with it, it is known which rounds it stood in.
        declined_by, declined_for: on whose behalf it was declined, and why, if said.
    """

    proposal: str
    reservation: str | None
    participant: str
    municipality: str
    place: str = ""
    host: str = ""
    guide: str = ""
    year: int = 0
    hours: Decimal = Decimal(0)
    rank: int = 0
    policy: str = ""
    answer_days: int = 0
    answers_needed: tuple[str, ...] = ()
    requested_on: date | None = None
    requested_at: datetime | None = None
    made_on: date | None = None
    expires_on: date | None = None
    reasons: tuple[dict[str, Any], ...] = ()
    alternatives: tuple[dict[str, Any], ...] = ()
    state: State = State.UNKNOWN
    closed_on: date | None = None
    outcome: str | None = None
    refused_at: datetime | None = None
    lost_at: datetime | None = None
    closed_at: datetime | None = None
    declined_by: AnsweredBy | None = None
    declined_for: AnswerReason | None = None
    rung: Rung = Rung.SHELTERED_WORK

    @property
    def bridge(self) -> bool:
        """True for something to do until sheltered work starts."""
        return self.rung is not Rung.SHELTERED_WORK

    @property
    def alive(self) -> bool:
        """True while a seat is kept for the person."""
        return self.state in ALIVE and self.refused_at is None

    def named(self) -> dict[str, Any]:
        """The fields that every event about it has."""
        return {
            "proposal": self.proposal,
            "participant": self.participant,
            "place": self.place,
            "reservation": self.reservation,
            "municipality": self.municipality,
            "rung": self.rung,
        }


def reservation_named(unique: str) -> str:
    """The name of a request for room."""
    return _RESERVATION + unique


def proposal_of(reservation: str) -> str:
    """The proposal that a reservation is for; one follows from the other, so that either tells both."""
    return proposal_named(reservation.removeprefix(_RESERVATION))


def proposal_named(unique: str) -> str:
    """The name of a proposal."""
    return _PROPOSAL + unique


def requested(known: Proposal | None, data: ReservationRequested, at: datetime) -> Proposal:
    """Room is asked for, and the seat is kept until that is answered."""
    draft = data.draft
    row = known or _blank(data.reservation, data.participant, data.municipality)
    row = replace(
        row,
        place=data.place,
        year=data.year,
        hours=data.hours,
        rank=data.rank,
        requested_on=data.requested_on,
        requested_at=at,
        state=State.REQUESTED if row.state is State.UNKNOWN else row.state,
    )
    if draft is None:
        return row
    return replace(
        row,
        host=draft.host,
        guide=draft.guide,
        policy=draft.policy,
        answer_days=draft.answer_days,
        answers_needed=tuple(str(by) for by in draft.answers_needed),
        reasons=tuple(reason.model_dump(mode="json") for reason in draft.reasons),
        alternatives=tuple(other.model_dump(mode="json") for other in draft.alternatives),
    )


def made(proposal: Proposal, data: ReservationGranted) -> ProposalMade:
    """There is room: the place is proposed as it was found in the round."""
    return ProposalMade(
        **proposal.named(),
        host=proposal.host,
        guide=proposal.guide,
        made_on=data.granted_on,
        expires_on=min(data.granted_on + timedelta(days=proposal.answer_days), data.expires_on),
        rank=proposal.rank,
        policy=proposal.policy,
        reasons=tuple(_reason(reason) for reason in proposal.reasons),
        alternatives=tuple(
            Alternative(place=other["place"], why_not=tuple(_reason(reason) for reason in other["why_not"]))
            for other in proposal.alternatives
        ),
        answers_needed=tuple(AnsweredBy(by) for by in proposal.answers_needed),
    )


def opened(known: Proposal | None, data: ProposalMade, at: datetime) -> Proposal:
    """The proposal stands."""
    row = known or _named_in(data)
    return replace(
        row,
        requested_at=at if row.bridge else row.requested_at,
        answers_needed=row.answers_needed or tuple(str(by) for by in data.answers_needed),
        place=data.place,
        host=data.host,
        guide=data.guide,
        rank=data.rank,
        policy=data.policy,
        made_on=data.made_on,
        expires_on=data.expires_on,
        reasons=tuple(reason.model_dump(mode="json") for reason in data.reasons),
        alternatives=tuple(other.model_dump(mode="json") for other in data.alternatives),
        state=State.OPEN if row.state in {State.UNKNOWN, State.REQUESTED} else row.state,
    )


def accepted(known: Proposal) -> Proposal:
    """Everyone said yes; the seat is kept until the contract starts."""
    return replace(known, state=State.ACCEPTED)


def closed(
    known: Proposal | None, data: ProposalDeclined | ProposalExpired | ProposalWithdrawn, at: datetime
) -> Proposal:
    """The proposal no longer stands."""
    row = known or _named_in(data)
    row = replace(row, closed_at=row.closed_at or at)
    match data:
        case ProposalDeclined():
            return replace(
                row,
                state=State.DECLINED,
                closed_on=data.declined_on,
                declined_by=data.by,
                declined_for=data.reason,
            )
        case ProposalExpired():
            return replace(row, state=State.EXPIRED, closed_on=data.expired_on)
        case ProposalWithdrawn():
            return replace(row, state=State.WITHDRAWN, closed_on=data.withdrawn_on, outcome=data.reason)


def placed(known: Proposal, on: date, at: datetime) -> Proposal:
    """A contract stands where the proposal stood."""
    return replace(known, state=State.PLACED, closed_on=on, closed_at=at)


def room_refused(known: Proposal | None, data: ReservationRefused, at: datetime) -> Proposal:
    """Quota had no room for it."""
    row = known or _blank(data.reservation, data.participant, data.municipality)
    return replace(row, refused_at=at)


def room_lost(known: Proposal | None, data: ReservationExpired, at: datetime) -> Proposal:
    """Quota holds the room no longer."""
    row = known or _blank(data.reservation, data.participant, data.municipality)
    return replace(row, lost_at=at)


def led_to(proposal: Proposal, placement: Placement | None) -> bool:
    """True when the placement is the one proposed, named so by the host or not."""
    if placement is None or proposal.state not in ANSWERABLE:
        return False
    if proposal.bridge != (placement.rung is not Rung.SHELTERED_WORK):
        return False
    return placement.proposal == proposal.proposal or placement.place == proposal.place


def _reason(kept: dict[str, Any]) -> Reason:
    # A database keeps the keys of a JSON object in an order of its own; an event has one spelling.
    return Reason(rule=kept["rule"], code=kept["code"], params=dict(sorted(kept["params"].items())))


def _named_in(data: ProposalMade | ProposalDeclined | ProposalExpired | ProposalWithdrawn) -> Proposal:
    rung = data.rung or Rung.SHELTERED_WORK
    return Proposal(data.proposal, data.reservation, data.participant, data.municipality, rung=rung)


def _blank(reservation: str, participant: str, municipality: str) -> Proposal:
    return Proposal(proposal_of(reservation), reservation, participant, municipality)
