"""Somebody is let go before their turn by an official; to a place that may be full, or not theirs."""

from __future__ import annotations

from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _deviate(person: Person) -> None:
    async with person.turn:
        place = person.chance.choice(sorted(statements.PLACES))
        on = person.driver.calendar.today
        await person.by("gemeente-emmen", statements.deviation(person.id, place, on))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    person.driver.calendar.after(person.later(1, 4), lambda: _deviate(person))
    person.driver.calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("deviating", 2, _begin)
