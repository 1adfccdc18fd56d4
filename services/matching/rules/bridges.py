"""Bridges: what somebody is offered until the sheltered job starts (Pw art. 10b(7))."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from services.matching.rules.people import Person
from services.matching.rules.places import Placement
from services.matching.rules.policies import Terms
from services.matching.rules.waiting import Wait
from shared.contracts import BridgeDue, BridgeOffered, Rung

BRIDGES: Final = frozenset({Rung.DAY_ACTIVITY, Rung.WORK_WITH_BENEFIT, Rung.TRIAL_PLACEMENT, Rung.LEARN_WORK})
"""Rungs that can bridge a wait; a job with a contract is no bridge."""


def offered(
    wait: Wait, person: Person | None, placements: Iterable[Placement], today: date
) -> BridgeOffered | None:
    """The first thing that the person began while waiting, by a step or at a host's place."""
    if wait.bridge is not None:
        return None
    begun = [(p.starts_on, p.rung) for p in placements]
    if person is not None and person.stepped:
        begun.append((person.rung_on, person.rung))
    while_waiting = [(on, rung) for on, rung in begun if rung in BRIDGES and wait.joined_on <= on <= today]
    if not while_waiting:
        return None
    on, rung = min(while_waiting)
    return BridgeOffered(
        participant=wait.participant, municipality=wait.municipality, rung=rung, offered_on=on
    )


def due(wait: Wait, terms: Terms, today: date) -> BridgeDue | None:
    """That a bridge is owed by now, said once in a wait."""
    due_on = wait.joined_on + timedelta(days=terms.bridge_within_days)
    if wait.bridge is not None or wait.bridge_due_on is not None or today < due_on:
        return None
    return BridgeDue(
        participant=wait.participant, municipality=wait.municipality, since=wait.joined_on, due_on=due_on
    )
