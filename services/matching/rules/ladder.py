"""The ladder: one history of a person's steps over all partners, up and down alike.

Down is as normal as up, day activities can be the right place to stay, and nothing here has a word for
failure. Who tried a job keeps the way back ("Simpel Switchen"): a sheltered job that was left for a step
up leaves the grant as it was, and with it all dates that the order looks at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from services.matching.rules.bridges import BRIDGES
from services.matching.rules.people import Person
from services.matching.rules.places import Placement
from services.matching.rules.waiting import Advice, Decision, Stay, Wait, joins
from shared.contracts import DecisionOutcome, PlacementEndReason, Rung, WaitingJoined

_DATES: Final = ("requested_on", "advised_on", "decided_on")
"""What the order looks at, of the wait before."""
_HEIGHT: Final = {rung: height for height, rung in enumerate(Rung)}


class StepKind(StrEnum):
    """What put somebody on a rung, or ended that."""

    REGISTERED = "registered"
    STEPPED = "stepped"
    STARTED = "started"
    ENDED = "ended"


class Direction(StrEnum):
    """Where a step led, seen from the rung before."""

    FIRST = "first"
    UP = "up"
    DOWN = "down"
    SAME = "same"
    ENDED = "ended"


class Step(Struct, frozen=True):
    """A statement that somebody is on a rung, or no longer at a place; all of it facts."""

    participant: str
    step: str
    kind: StepKind
    rung: Rung
    stepped_on: date
    partner: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A step as it is told in the history."""

    step: Step
    direction: Direction


def history(steps: Iterable[Step]) -> list[Told]:
    """The steps of one person in order of their days, each seen from the one before.

    On one day what ends comes before what begins.
    """
    told: list[Told] = []
    before: Rung | None = None
    for step in sorted(steps, key=lambda s: (s.stepped_on, s.kind is not StepKind.ENDED, s.step)):
        if step.kind is StepKind.ENDED:
            told.append(Told(step, Direction.ENDED))
            continue
        told.append(Told(step, _direction(before, step.rung)))
        before = step.rung
    return told


def _direction(before: Rung | None, rung: Rung) -> Direction:
    if before is None:
        return Direction.FIRST
    if before is rung:
        return Direction.SAME
    return Direction.UP if _HEIGHT[rung] > _HEIGHT[before] else Direction.DOWN


def comes_back(
    wait: Wait | None,
    decision: Decision,
    person: Person | None,
    advice: Advice | None,
    placements: Iterable[Placement],
    stays: Iterable[Stay],
    today: date,
) -> WaitingJoined | None:
    """That somebody who left sheltered work for a step up is in line again, as if they had never left it.

    So it is once the guide states a step down to a rung below sheltered work, as long as the grant stands
    and the person still lives there. No new advice or decision is asked for: the status of the person
    remained (Pw art. 10b(6)). A grant that was repeated meanwhile changes no date, so the dates are those of
    the wait before.

    Args:
        stays: waits of this person that are over.
    """
    if wait is not None or person is None or decision.outcome is not DecisionOutcome.GRANTED:
        return None
    if person.gone(today) or person.lives_in(today) != decision.municipality:
        return None
    if not person.stepped or person.rung not in BRIDGES or person.rung_on > today:
        return None
    sheltered = [p for p in placements if p.rung is Rung.SHELTERED_WORK]
    last = max(sheltered, key=lambda p: (p.starts_on, p.placement), default=None)
    if last is None or last.ended_on is None or last.end_reason is not PlacementEndReason.STEP_UP:
        return None
    if any(not p.over(person.rung_on) for p in sheltered):
        return None
    if decision.served_until is not None and person.rung_on <= decision.served_until:
        return None
    joined = joins(decision, person, advice, person.rung_on)
    waited = [stay for stay in stays if stay.municipality == decision.municipality]
    before = max(waited, key=lambda stay: stay.joined_on, default=None)
    dates = {} if before is None else {name: getattr(before, name) for name in _DATES}
    return joined.model_copy(update={**dates, "back_from": last.placement})
