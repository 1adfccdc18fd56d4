"""Rests for a few days while waiting, and comes back."""

from __future__ import annotations

from shared.contracts import ParticipantPaused, ParticipantResumed
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _pause(person: Person) -> None:
    async with person.turn:
        if person.guide:
            on = person.driver.calendar.today
            await person.by_guide(ParticipantPaused(participant=person.id, paused_on=on))
            person.driver.calendar.after(person.later(1, 5), lambda: _resume(person))


async def _resume(person: Person) -> None:
    async with person.turn:
        if person.guide:
            on = person.driver.calendar.today
            await person.by_guide(ParticipantResumed(participant=person.id, resumed_on=on))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    person.driver.calendar.after(person.later(1, 3), lambda: _pause(person))
    person.driver.calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("resting", 2, _begin)
