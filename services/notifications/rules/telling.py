"""Which events are told to the person they are about, with which text, and what it is told of.

A step is told once. What makes it that one step, and not another, is its `subject`: the proposal, the
placement or the day. The same step stated again, under another id, is therefore not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from shared.contracts import (
    AdviceOutcome,
    AnsweredBy,
    BridgeOffered,
    ContractKind,
    Data,
    DecisionOutcome,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    PlacementStarted,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    Rung,
    WaitingJoined,
    WaitingLeaveReason,
    WaitingLeft,
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told.

    Attributes:
        template: which text.
        subject: what makes it this one and no other, within person and template.
        params: what the text needs beside what is known at the moment of sending; nothing personal.
    """

    template: str
    subject: str
    params: Mapping[str, Any] = field(default_factory=dict)


def telling(data: Data, partner: str) -> Telling | None:
    """What is to be told because of this event, or None.

    Args:
        partner: who stated it.
    """
    tell = TOLD.get(data.TYPE)
    return None if tell is None else tell(data, partner)


def _registered(data: ParticipantRegistered, _partner: str) -> Telling:
    return Telling("welcome", _day(data.registered_on), {"registered_on": _day(data.registered_on)})


def _advised(data: ParticipantAdvised, _partner: str) -> Telling:
    """UWV tells the person itself (Pw art. 10b(3)); this says what happens next."""
    outcome = "positive" if data.outcome is AdviceOutcome.POSITIVE else "negative"
    return Telling(f"advice-{outcome}", _day(data.advised_on))


def _decided(data: ParticipantDecided, _partner: str) -> Telling | None:
    """The decision itself is the municipality's own letter (Awb art. 3:41); this announces it.

    One that is withdrawn is told when the person leaves the list because of it.
    """
    if data.outcome is DecisionOutcome.WITHDRAWN:
        return None
    day = _day(data.decided_on)
    return Telling(f"decision-{data.outcome}", day, {"decided_on": day})


def _joined(data: WaitingJoined, _partner: str) -> Telling:
    day = _day(data.joined_on)
    return Telling("waiting-joined", day, {"joined_on": day})


def _left(data: WaitingLeft, _partner: str) -> Telling | None:
    """Whoever was placed, moved or left knows it from another message or from themselves."""
    if data.reason is not WaitingLeaveReason.WITHDRAWN:
        return None
    day = _day(data.left_on)
    return Telling("waiting-left", day, {"left_on": day})


def _bridge(data: BridgeOffered, _partner: str) -> Telling:
    """What is offered until the job starts (Pw art. 10b(7))."""
    day = _day(data.offered_on)
    return Telling("bridge-offered", day, {"offered_on": day, "rung": str(data.rung)})


def _made(data: ProposalMade, _partner: str) -> Telling:
    params = {"host": data.host, "expires_on": _day(data.expires_on)}
    if _bridges(data):
        return Telling("bridge-proposed", data.proposal, params | {"rung": str(data.rung)})
    return Telling("proposal-made", data.proposal, params)


def _accepted(data: ProposalAccepted, _partner: str) -> Telling:
    """A bridge is no job: no employer makes a contract."""
    return Telling("bridge-accepted" if _bridges(data) else "proposal-accepted", data.proposal)


def _declined(data: ProposalDeclined, _partner: str) -> Telling:
    by_self = data.by is AnsweredBy.PARTICIPANT
    if _bridges(data):
        return Telling("bridge-declined-self" if by_self else "bridge-fell", data.proposal)
    return Telling("proposal-declined-self" if by_self else "proposal-declined-other", data.proposal)


def _expired(data: ProposalExpired, _partner: str) -> Telling:
    return Telling("bridge-fell" if _bridges(data) else "proposal-expired", data.proposal)


def _withdrawn(data: ProposalWithdrawn, _partner: str) -> Telling | None:
    """Only what the person cannot know from anything else that is told."""
    told_otherwise = data.reason not in {
        ProposalWithdrawReason.PLACE_WITHDRAWN,
        ProposalWithdrawReason.RESERVATION_LOST,
    }
    if told_otherwise:
        return None
    return Telling("bridge-fell" if _bridges(data) else "proposal-withdrawn", data.proposal)


def _bridges(
    data: ProposalMade | ProposalAccepted | ProposalDeclined | ProposalExpired | ProposalWithdrawn,
) -> bool:
    """True when it is about something to do until sheltered work starts (Pw art. 10b(7))."""
    return data.rung not in {None, Rung.SHELTERED_WORK}


def _started(data: PlacementStarted, partner: str) -> Telling | None:
    """A contract for sheltered work; the law counts nothing less than one (Pw art. 10b(1))."""
    if data.rung is not Rung.SHELTERED_WORK or data.contract is ContractKind.NONE:
        return None
    params = {
        "host": partner,
        "starts_on": _day(data.starts_on),
        "hours": f"{data.hours.normalize():f}",
        "contract": str(data.contract),
    }
    if data.ends_on is not None:
        params["ends_on"] = _day(data.ends_on)
    return Telling("contract-started", data.placement, params)


def _day(day: date) -> str:
    return day.isoformat()


TOLD: Final[Mapping[str, Callable[[Any, str], Telling | None]]] = {
    ParticipantRegistered.TYPE: _registered,
    ParticipantAdvised.TYPE: _advised,
    ParticipantDecided.TYPE: _decided,
    WaitingJoined.TYPE: _joined,
    WaitingLeft.TYPE: _left,
    BridgeOffered.TYPE: _bridge,
    ProposalMade.TYPE: _made,
    ProposalAccepted.TYPE: _accepted,
    ProposalDeclined.TYPE: _declined,
    ProposalExpired.TYPE: _expired,
    ProposalWithdrawn.TYPE: _withdrawn,
    PlacementStarted.TYPE: _started,
}
"""The whole of what is told, by type of event."""

TEMPLATES: Final = (
    "welcome",
    "advice-positive",
    "advice-negative",
    "decision-granted",
    "decision-refused",
    "waiting-joined",
    "waiting-left",
    "bridge-offered",
    "bridge-proposed",
    "bridge-accepted",
    "bridge-declined-self",
    "bridge-fell",
    "proposal-made",
    "proposal-accepted",
    "proposal-declined-self",
    "proposal-declined-other",
    "proposal-expired",
    "proposal-withdrawn",
    "contract-started",
)
"""Every text there is."""
