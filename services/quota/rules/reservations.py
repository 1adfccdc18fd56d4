"""Reservations: room is asked for, held, and used, given back or lost; each of these once.

Time is compared with care. On one tick matching lets proposals expire and asks for room anew, quota
lets reservations expire, and none knows who comes first. So what happens *at* a moment is no ground
for what is decided at that same moment: room given back at the time of a request counts as held for
it, in whichever order the two arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.quota.rules.policies import Tally
from services.quota.rules.room import Room
from shared.contracts import (
    Fund,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    ReleaseReason,
    ReservationExpired,
    ReservationGranted,
    ReservationRefusal,
    ReservationRefused,
    ReservationReleased,
    ReservationRequested,
    ReservationUsed,
    WaitingLeaveReason,
)


class State(StrEnum):
    """How a reservation stands."""

    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    RELEASED = "released"
    EXPIRED = "expired"
    USED = "used"


class Reservation(Struct, frozen=True):
    """A request, which is matching's fact, and what the ledger decided on it.

    Attributes:
        hours: a week, of the job it is for.
        requested_at: when it was asked for, as matching tells the time.
        expires_on: last day on which room is held; None until it is granted.
        closed_at: since when it holds no room any more.
        placement: the contract that stands where it stood.
    """

    reservation: str
    municipality: str
    participant: str
    place: str
    year: int
    hours: Decimal
    rank: int
    requested_at: datetime
    state: State = State.REQUESTED
    fund: Fund | None = None
    expires_on: date | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    placement: str | None = None

    @property
    def tally(self) -> Tally:
        """One contract and its hours."""
        return Tally(1, self.hours)

    def overdue(self, day: date) -> bool:
        """True when its last day is past."""
        return self.expires_on is not None and self.expires_on < day

    def holds(self, at: datetime) -> bool:
        """True when it takes room from what is decided at that moment; see the module's first lines.

        A used one does not: its contract does.
        """
        if self.state is State.USED or self.expires_on is None:
            return False
        return self.closed_at is None or self.closed_at >= at


_CLOSING: Final = {
    WaitingLeaveReason.LEFT: ReleaseReason.PARTICIPANT_LEFT,
    WaitingLeaveReason.WITHDRAWN: ReleaseReason.DECISION_WITHDRAWN,
    WaitingLeaveReason.MOVED: ReleaseReason.PARTICIPANT_MOVED,
}
"""Placed is not among them: the contract itself says so, and uses the room."""

Closing = ProposalDeclined | ProposalExpired | ProposalWithdrawn


def requested(data: ReservationRequested, at: datetime) -> Reservation:
    """The request as a row."""
    return Reservation(
        reservation=data.reservation,
        municipality=data.municipality,
        participant=data.participant,
        place=data.place,
        year=data.year,
        hours=data.hours,
        rank=data.rank,
        requested_at=at,
    )


def looked_at(year: int, today: date) -> date:
    """The day whose contracts a request for a year's number is held against.

    A contract that ends on 31 December leaves its place to next year, and is in the way of this year's.
    """
    return max(today, date(year, 1, 1))


def answer(
    data: ReservationRequested, room: Room, day: date, days: int
) -> ReservationGranted | ReservationRefused:
    """Room is granted when it fits under the number, and refused with what was free.

    Once the number is reached the duty to offer a place rests (Pw art. 10b(6)); the person stays in
    line and is owed a bridge (art. 10b(7)).

    Args:
        days: how long room is held.
    """
    if room.fits(Tally(1, data.hours)):
        return ReservationGranted(
            reservation=data.reservation,
            municipality=data.municipality,
            participant=data.participant,
            place=data.place,
            year=data.year,
            fund=room.fund(),
            granted_on=day,
            expires_on=day + timedelta(days=days),
        )
    return ReservationRefused(
        reservation=data.reservation,
        municipality=data.municipality,
        participant=data.participant,
        place=data.place,
        year=data.year,
        reason=ReservationRefusal.NO_ROOM if room.funds else ReservationRefusal.NO_TARGET,
        free={fund.number.fund: room.free_places(fund) for fund in room.funds},
        waiting_before=data.waiting_before,
        refused_on=day,
    )


def why_closed(data: Closing) -> ReleaseReason | None:
    """Why a proposal that fell gives its room back; None when the room is used instead.

    A proposal withdrawn because the person was placed elsewhere is caused by that contract, which may
    arrive before or after and uses the room either way.
    """
    if isinstance(data, ProposalDeclined):
        return ReleaseReason.PROPOSAL_DECLINED
    if isinstance(data, ProposalExpired):
        return ReleaseReason.PROPOSAL_EXPIRED
    if data.reason is ProposalWithdrawReason.PLACED_ELSEWHERE:
        return None
    return ReleaseReason.PROPOSAL_WITHDRAWN


def why_left(reason: WaitingLeaveReason) -> ReleaseReason | None:
    """Why somebody who no longer waits gives room back; None for who was placed."""
    return _CLOSING.get(reason)


def release(known: Reservation | None, reason: ReleaseReason, day: date) -> list[ReservationReleased]:
    """Give room back, if it is held and not overdue: then it is the tick that lets it expire."""
    if known is None or known.state is not State.GRANTED or known.overdue(day):
        return []
    return [
        ReservationReleased(
            reservation=known.reservation,
            municipality=known.municipality,
            participant=known.participant,
            reason=reason,
            released_on=day,
        )
    ]


def use(
    open_: Iterable[Reservation], placement: str, place: str, starts_on: date, day: date
) -> list[ReservationUsed]:
    """Let a contract take the person's reservation: the one for that place, else the oldest.

    One at most: a second one that is open is for another proposal, and is given back with it.
    """
    candidates = [r for r in open_ if r.state is State.GRANTED and not r.overdue(day)]
    if not candidates:
        return []
    taken = min(candidates, key=lambda r: (r.place != place, r.requested_at, r.reservation))
    return [
        ReservationUsed(
            reservation=taken.reservation,
            municipality=taken.municipality,
            participant=taken.participant,
            placement=placement,
            used_on=starts_on,
        )
    ]


def took_at(used: Iterable[Reservation]) -> datetime | None:
    """When a contract took its reservation, of those that it took; None when it took none."""
    return min((r.closed_at for r in used if r.closed_at is not None), default=None)


def expire(reservations: Iterable[Reservation], day: date) -> list[ReservationExpired]:
    """Let go of room whose last day is past, in order of the reservation's name."""
    due = [r for r in reservations if r.state is State.GRANTED and r.overdue(day)]
    return [
        ReservationExpired(
            reservation=r.reservation, municipality=r.municipality, participant=r.participant, expired_on=day
        )
        for r in sorted(due, key=lambda r: r.reservation)
    ]


Decision = (
    ReservationGranted | ReservationRefused | ReservationReleased | ReservationExpired | ReservationUsed
)


def decided(known: Reservation, data: Decision, at: datetime) -> Reservation:
    """The reservation as the ledger's own event leaves it."""
    match data:
        case ReservationGranted():
            return replace(known, state=State.GRANTED, fund=data.fund, expires_on=data.expires_on)
        case ReservationRefused():
            return replace(known, state=State.REFUSED, closed_at=at, reason=data.reason)
        case ReservationReleased():
            return replace(known, state=State.RELEASED, closed_at=at, reason=data.reason)
        case ReservationExpired():
            return replace(known, state=State.EXPIRED, closed_at=at)
        case ReservationUsed():
            return replace(known, state=State.USED, closed_at=at, placement=data.placement)
