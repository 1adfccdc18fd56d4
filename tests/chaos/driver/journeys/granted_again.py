"""Granted again while waiting, into the group with precedence, and out of it by a third grant."""

from __future__ import annotations

from shared.contracts import DecisionOutcome
from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _grant(person: Person, group: str | None) -> None:
    async with person.turn:
        if person.guide:
            on = person.driver.calendar.today
            again = statements.decided(person.id, on, DecisionOutcome.GRANTED, group)
            await person.by("gemeente-emmen", again)


async def _begin(person: Person) -> None:
    await to_the_list(person)
    calendar, first = person.driver.calendar, person.later(1, 4)
    calendar.after(first, lambda: _grant(person, statements.FIRST))
    calendar.after(first + person.later(2, 5), lambda: _grant(person, None))
    calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("granted-again", 2, _begin)
