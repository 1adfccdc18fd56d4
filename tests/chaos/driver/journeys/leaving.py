"""Waits a while and then leaves, whatever is under way: a proposal, an answer, a contract."""

from __future__ import annotations

from shared.contracts import LeaveReason, ParticipantLeft
from tests.chaos.driver import statements
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person


async def leave(person: Person) -> None:
    """The guide lets the person go."""
    async with person.turn:
        guide, person.guide = person.guide, ""
        if guide:
            on = person.driver.calendar.today
            left = ParticipantLeft(participant=person.id, left_on=on, reason=LeaveReason.MOVED_AWAY)
            await person.by(guide, left)


async def _begin(person: Person) -> None:
    today = person.driver.calendar.today
    await person.by("menso", statements.registered(person.id, today))
    await person.by("uwv", statements.advised(person.id, today))
    await person.by("gemeente-emmen", statements.decided(person.id, today))
    person.driver.calendar.after(person.later(1, 6), lambda: leave(person))


JOURNEY = Journey("leaving", 2, _begin)
