"""The waiting list: who joins it, who leaves it and why.

The municipality of domicile decides, on UWV's advice (Pw art. 10b(1) and (2)); who was granted
sheltered work waits until there is a place, and keeps that right whatever is refused meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.matching.rules.people import Person
from services.matching.rules.places import Placement
from shared.contracts import (
    AdviceOutcome,
    DecisionOutcome,
    ParticipantAdvised,
    ParticipantDecided,
    PassedOverReason,
    Rung,
    WaitingChanged,
    WaitingJoined,
    WaitingLeaveReason,
    WaitingLeft,
)


class Advice(Struct, frozen=True):
    """UWV's latest advice on a person."""

    participant: str
    outcome: AdviceOutcome
    requested_on: date
    advised_on: date


class Decision(Struct, frozen=True):
    """What a municipality decided on a person last.

    Attributes:
        served_until: decisions up to this day have led to a wait; stated by matching itself.
    """

    participant: str
    municipality: str
    outcome: DecisionOutcome | None = None
    decided_on: date | None = None
    priority_group: str | None = None
    served_until: date | None = None

    @property
    def pending(self) -> bool:
        """True for a right that has not led to a wait yet."""
        if self.outcome is not DecisionOutcome.GRANTED or self.decided_on is None:
            return False
        return self.served_until is None or self.decided_on > self.served_until


class Wait(Struct, frozen=True):
    """Somebody on the list; everything here was stated by matching itself.

    Attributes:
        bridge: what the person does meanwhile, once that was offered (Pw art. 10b(7)).
        bridge_due_on: by when a bridge should have been there, once that was stated.
        passed_over: the reason that the person was given last.
        declined: places that are not proposed again.
        proposal: the proposal that stands.
        bridge_ended_on: first day without the bridge, once it ended.
        refusals: offers that the person or the guide refused in this wait.
        looked_at: the statement of the profile that the reason goes by.
    """

    participant: str
    municipality: str
    joined_on: date
    decided_on: date
    school_leaver: bool
    requested_on: date | None = None
    advised_on: date | None = None
    priority_group: str | None = None
    bridge: Rung | None = None
    bridged_on: date | None = None
    bridge_due_on: date | None = None
    passed_over: PassedOverReason | None = None
    declined: tuple[str, ...] = ()
    proposal: str | None = None
    bridge_ended_on: date | None = None
    refusals: int = 0
    looked_at: str | None = None

    @property
    def bridged(self) -> bool:
        """True while the person has something to do meanwhile."""
        return self.bridge is not None and self.bridge_ended_on is None


class Stay(Struct, frozen=True):
    """A wait that is over, kept for the figures of its days."""

    participant: str
    municipality: str
    joined_on: date
    left_on: date
    reason: WaitingLeaveReason
    decided_on: date
    school_leaver: bool
    requested_on: date | None
    advised_on: date | None
    priority_group: str | None
    bridge: Rung | None
    bridged_on: date | None
    bridge_ended_on: date | None
    refusals: int

    @property
    def bridged(self) -> bool:
        """True when the person had something to do meanwhile to the end."""
        return self.bridge is not None and self.bridge_ended_on is None


@dataclass(frozen=True, slots=True)
class Leaving:
    """That somebody leaves the list, and the placement that does it, if one does."""

    on: date
    reason: WaitingLeaveReason
    placement: Placement | None = None


_SERVED: Final = frozenset({DecisionOutcome.REFUSED, DecisionOutcome.WITHDRAWN})


def advised(known: Advice | None, data: ParticipantAdvised) -> Advice:
    """The newest advice; a negative one as well, for the municipality decides (Pw art. 10b(1))."""
    if known is not None and data.advised_on < known.advised_on:
        return known
    return Advice(data.participant, data.outcome, data.requested_on, data.advised_on)


def decided(known: Decision | None, data: ParticipantDecided) -> Decision:
    """The municipality's last word."""
    return replace(
        known or Decision(data.participant, data.municipality),
        outcome=data.outcome,
        decided_on=data.decided_on,
        priority_group=data.priority_group,
    )


def joins(
    decision: Decision, person: Person, advice: Advice | None, joined_on: date | None = None
) -> WaitingJoined:
    """The person waits from the day of the decision, or from the day of the move if that is later."""
    if decision.decided_on is None:
        raise ValueError("nobody waits without a decision")
    return WaitingJoined(
        participant=decision.participant,
        municipality=decision.municipality,
        joined_on=max(decision.decided_on, joined_on or decision.decided_on),
        requested_on=advice.requested_on if advice else None,
        advised_on=advice.advised_on if advice else None,
        decided_on=decision.decided_on,
        priority_group=decision.priority_group,
        school_leaver=person.school_leaver,
    )


def joins_at_once(wait: Wait | None, data: ParticipantDecided, person: Person) -> bool:
    """True when a decision puts the person on the list without waiting for the next tick.

    That is so where they were first registered. Who moved or came back joins at the tick: by then
    both municipalities and both guides have been heard, in whichever order they spoke.
    """
    return data.outcome is DecisionOutcome.GRANTED and wait is None and data.municipality == person.home


def joins_at_tick(wait: Wait | None, decision: Decision, person: Person | None, today: date) -> bool:
    """True when a right that stands puts the person on the list now."""
    if person is None or wait is not None or not decision.pending or person.gone(today):
        return False
    return person.lives_in(today) == decision.municipality


def joined(data: WaitingJoined) -> Wait:
    """The wait as it begins."""
    return Wait(
        participant=data.participant,
        municipality=data.municipality,
        joined_on=data.joined_on,
        decided_on=data.decided_on,
        school_leaver=data.school_leaver,
        requested_on=data.requested_on,
        advised_on=data.advised_on,
        priority_group=data.priority_group,
    )


def leaves(
    wait: Wait, person: Person | None, decision: Decision | None, placements: Iterable[Placement], today: date
) -> Leaving | None:
    """Why the person no longer waits, the weightiest reason first; None for who waits on.

    A contract ends the wait as soon as it is known, also one that starts later: the seat is theirs.
    The wait itself lasts until its first day.
    """
    for placement in sorted(placements, key=lambda p: (p.starts_on, p.placement)):
        if placement.rung is Rung.SHELTERED_WORK and not placement.over(wait.joined_on):
            return Leaving(max(placement.starts_on, wait.joined_on), WaitingLeaveReason.PLACED, placement)
    if person is not None and person.left_on is not None and person.gone(today):
        return Leaving(max(person.left_on, wait.joined_on), WaitingLeaveReason.LEFT)
    if person is not None and person.lives_in(today) not in {None, wait.municipality}:
        return Leaving(max(person.municipality_on, wait.joined_on), WaitingLeaveReason.MOVED)
    if decision is not None and decision.outcome in _SERVED and decision.decided_on is not None:
        return Leaving(max(decision.decided_on, wait.joined_on), WaitingLeaveReason.WITHDRAWN)
    return None


def left(wait: Wait, data: WaitingLeft) -> Stay:
    """The wait, once it is over."""
    return Stay(
        participant=wait.participant,
        municipality=wait.municipality,
        joined_on=wait.joined_on,
        left_on=data.left_on,
        reason=data.reason,
        decided_on=wait.decided_on,
        school_leaver=wait.school_leaver,
        requested_on=wait.requested_on,
        advised_on=wait.advised_on,
        priority_group=wait.priority_group,
        bridge=wait.bridge,
        bridged_on=wait.bridged_on,
        bridge_ended_on=wait.bridge_ended_on,
        refusals=wait.refusals,
    )


def served(known: Decision, until: date) -> Decision:
    """Decisions up to this day have had their wait."""
    return replace(known, served_until=max(known.served_until or until, until))


def changes(wait: Wait, decision: Decision | None) -> WaitingChanged | None:
    """What a grant that is repeated changes: the priority group, and no date."""
    if decision is None or decision.outcome is not DecisionOutcome.GRANTED or decision.decided_on is None:
        return None
    if decision.decided_on < wait.decided_on or decision.priority_group == wait.priority_group:
        return None
    return WaitingChanged(
        participant=wait.participant,
        municipality=wait.municipality,
        priority_group=decision.priority_group,
        changed_on=decision.decided_on,
    )
