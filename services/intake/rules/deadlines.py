"""The legal clocks that the door can know: when a day comes near, the guide is told, once a case.

The eight weeks for the advice (Besluit advisering beschut werk) cannot be known here yet: UWV states an
advice when it is given, and nobody states that one was asked for.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.intake.rules.domicile import domicile
from services.intake.rules.facts import Facts, named, short_name
from services.intake.rules.guidance import guidance
from services.intake.rules.placements import placement
from shared.contracts import (
    ContractKind,
    DeadlineDue,
    DeadlineKind,
    ParticipantRegistered,
    ParticipantStepped,
    PlacementStarted,
    Rung,
)

CONTRACT_END_NOTICE: Final = timedelta(weeks=8)
"""How long before a temporary contract ends the guide is told: time to extend it or to find another."""

BENEFIT_WORK_MONTHS: Final = 9
"""After so many months of work with benefit it is looked at whether it helps (Pw art. 10a)."""

STEPS: Final = (ParticipantRegistered, ParticipantStepped, PlacementStarted)
"""What puts a person on a rung; nothing else moves the day on which nine months of work with benefit end."""

_ON_RUNG: Final = {
    short_name(ParticipantRegistered): "registered_on",
    short_name(ParticipantStepped): "stepped_on",
    short_name(PlacementStarted): "starts_on",
}


class Deadline(Struct, frozen=True):
    """One deadline; a row.

    Attributes:
        about: the placement it is about, or the participant where there is none.
        participant: the person; '' while nothing falls due.
        due_on: last day, from the facts; None while nothing falls due.
        tell_on: from which day the guide is told.
        told: days for which the guide was told, ISO; stated by a door, and so a decided field.
        waits: whether the guide is still to be told of `due_on`.
    """

    about: str
    kind: DeadlineKind
    participant: str = ""
    due_on: date | None = None
    tell_on: date | None = None
    told: tuple[str, ...] = ()
    waits: bool = False

    def falling_on(self, due_on: date | None, participant: str, notice: timedelta = timedelta()) -> Deadline:
        """The facts say that it falls on this day, or on none; then nothing else of them is kept either."""
        if due_on is None:
            return replace(self, participant="", due_on=None, tell_on=None, waits=False)
        return _settled(replace(self, participant=participant, due_on=due_on, tell_on=due_on - notice))

    def told_of(self, day: date) -> Deadline:
        """The guide was told of this day."""
        return _settled(replace(self, told=tuple(sorted({*self.told, day.isoformat()}))))


def _settled(deadline: Deadline) -> Deadline:
    day = deadline.due_on
    return replace(deadline, waits=day is not None and day.isoformat() not in deadline.told)


def benefit_work_since(person: Facts) -> date | None:
    """Since when the person works with benefit without a step to another rung; None when they do not."""
    steps = sorted(
        ((fact.day(_ON_RUNG[fact.name]), fact.told["rung"]) for fact in named(person, *STEPS)),
        key=lambda step: step[0],
    )
    since = None
    for day, rung in reversed(steps):
        if rung != Rung.WORK_WITH_BENEFIT:
            break
        since = day
    return since


def benefit_work_due(person: Facts) -> date | None:
    """When nine months of work with benefit have passed."""
    since = benefit_work_since(person)
    return None if since is None else _months_after(since, BENEFIT_WORK_MONTHS)


def contract_end_due(facts: Facts) -> date | None:
    """When a temporary contract ends that nobody has ended or made permanent."""
    known = placement(facts)
    if known is None or known.ended_on is not None or known.contract is not ContractKind.TEMPORARY:
        return None
    return known.ends_on


def falls_due(deadline: Deadline, person: Facts, today: date) -> tuple[str, DeadlineDue] | None:
    """What is to be stated today, and on which guide's topic; None when nothing is.

    A person whom nobody guides has nobody to be told.
    """
    if not deadline.waits or deadline.tell_on is None or deadline.due_on is None or today < deadline.tell_on:
        return None
    guide = guidance(person).guide
    if guide is None:
        return None
    return guide, DeadlineDue(
        participant=deadline.participant,
        kind=deadline.kind,
        due_on=deadline.due_on,
        placement=None if deadline.about == deadline.participant else deadline.about,
        municipality=domicile(person, today),
    )


def _months_after(day: date, months: int) -> date:
    """The same day of a later month; its last day where the month is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
