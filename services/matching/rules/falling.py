"""What makes a proposal fall without anybody's no: time, the place, the person, or the room."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from services.matching.rules.people import Person
from services.matching.rules.places import Place
from services.matching.rules.proposals import Proposal, State
from shared.contracts import ProposalExpired, ProposalWithdrawn, ProposalWithdrawReason


def expired(proposal: Proposal, days_to_begin: int, today: date) -> ProposalExpired | None:
    """That nobody answered in time; the person keeps their place in the order.

    Of a bridge also that it was accepted and did not begin: no reservation runs out for it.

    Args:
        days_to_begin: how long after it was made a bridge is kept for somebody.
    """
    last = proposal.expires_on
    if proposal.state is State.ACCEPTED and proposal.bridge and proposal.made_on is not None and last:
        last = max(last, proposal.made_on + timedelta(days=days_to_begin))
    elif proposal.state is not State.OPEN:
        return None
    if last is None or last >= today:
        return None
    return ProposalExpired(**proposal.named(), expired_on=last + timedelta(days=1))


def falls(
    proposal: Proposal, place: Place | None, person: Person | None, today: date, now: datetime
) -> ProposalWithdrawReason | None:
    """Why a proposal falls by nobody's answer.

    What is accepted stands on when the host takes the offer away or the person rests: the seat was
    promised. Room that was lost ends it, since no contract fits under the number without.
    """
    if proposal.lost_at is not None and proposal.lost_at < now:
        return ProposalWithdrawReason.RESERVATION_LOST
    if proposal.state is State.ACCEPTED:
        return None
    if place is not None and place.withdrawn_on is not None and place.withdrawn_on <= today:
        return ProposalWithdrawReason.PLACE_WITHDRAWN
    if person is not None and person.rests(today):
        return ProposalWithdrawReason.PARTICIPANT_PAUSED
    return None


def withdrawn(proposal: Proposal, reason: ProposalWithdrawReason, today: date) -> ProposalWithdrawn:
    """That it no longer stands."""
    return ProposalWithdrawn(**proposal.named(), reason=reason, withdrawn_on=today)
