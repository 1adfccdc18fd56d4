"""Bridges: what somebody is offered until the sheltered job starts (Pw art. 10b(7))."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from services.matching.rules.people import Person
from services.matching.rules.places import Placement
from services.matching.rules.policies import Terms
from services.matching.rules.proposals import Proposal, State, led_to
from services.matching.rules.waiting import Wait
from shared.contracts import BridgeDue, BridgeEnded, BridgeOffered, Reason, Rung

BRIDGES: Final = frozenset({Rung.DAY_ACTIVITY, Rung.WORK_WITH_BENEFIT, Rung.TRIAL_PLACEMENT, Rung.LEARN_WORK})
"""Rungs that can bridge a wait; a job with a contract is no bridge."""


def offered(
    wait: Wait, person: Person | None, placements: Iterable[Placement], today: date
) -> BridgeOffered | None:
    """The first thing that the person began while waiting, by a step or at a host's place.

    After a bridge that ended, the first that began since.
    """
    if wait.bridged:
        return None
    since = wait.bridge_ended_on or wait.joined_on
    begun = [(p.starts_on, p.rung) for p in placements if p.begun]
    if person is not None and person.stepped:
        begun.append((person.rung_on, person.rung))
    while_waiting = [(on, rung) for on, rung in begun if rung in BRIDGES and since <= on <= today]
    if not while_waiting:
        return None
    on, rung = min(while_waiting)
    return BridgeOffered(
        participant=wait.participant, municipality=wait.municipality, rung=rung, offered_on=on
    )


def proposed(
    begun: BridgeOffered, standing: Iterable[Proposal], placements: Iterable[Placement], today: date
) -> Proposal | None:
    """The proposal that the bridge came of: the host began it there, or the guide stated that rung."""
    there = [p for p in placements if p.starts_on <= today]
    for proposal in standing:
        if any(led_to(proposal, placement) for placement in there):
            return proposal
        if proposal.state is State.ACCEPTED and proposal.rung is begun.rung:
            return proposal
    return None


def has_none(wait: Wait, placements: Iterable[Placement], today: date) -> bool:
    """True for who can be proposed a bridge: has none, and none that begins later."""
    since = wait.bridge_ended_on or wait.joined_on
    coming = (p for p in placements if p.rung in BRIDGES and p.starts_on >= since and not p.over(today))
    return not wait.bridged and not any(coming)


def why(wait: Wait) -> Reason:
    """The reason that a bridge is proposed: it is owed, since that day."""
    since = wait.bridge_ended_on or wait.joined_on
    return Reason(rule="bridge", code="owed", params={"since": since.isoformat()})


def due(wait: Wait, terms: Terms, today: date) -> BridgeDue | None:
    """The alarm: a bridge is owed by now. Said once for each time without one."""
    since = wait.bridge_ended_on or wait.joined_on
    due_on = since + timedelta(days=terms.bridge_within_days)
    if wait.bridged or wait.bridge_due_on is not None or today < due_on:
        return None
    return BridgeDue(participant=wait.participant, municipality=wait.municipality, since=since, due_on=due_on)


def ended(
    wait: Wait, person: Person | None, placements: Iterable[Placement], today: date
) -> BridgeEnded | None:
    """That the bridge was at a host's place, that is over, and the person does nothing else meanwhile.

    Whatever somebody stepped to while waiting, a try at a regular job too, is something to do.
    """
    if wait.bridge is None or not wait.bridged:
        return None
    if person is not None and person.stepped and person.rung_on >= wait.joined_on:
        return None
    there = [p for p in placements if p.starts_on >= wait.joined_on]
    last = max((p.ended_on for p in there if p.ended_on is not None), default=None)
    if last is None or any(not p.over(today) for p in there):
        return None
    return BridgeEnded(
        participant=wait.participant,
        municipality=wait.municipality,
        rung=wait.bridge,
        ended_on=max(last + timedelta(days=1), wait.bridged_on or last),
    )
