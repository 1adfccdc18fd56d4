"""Granted, withdrawn, and granted again on a later day: on the list a second time, and not twice at once."""

from __future__ import annotations

from shared.contracts import DecisionOutcome
from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _decide(person: Person, outcome: DecisionOutcome) -> None:
    async with person.turn:
        on = person.driver.calendar.today
        await person.by("gemeente-emmen", statements.decided(person.id, on, outcome))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    first = person.later(1, 5)
    calendar = person.driver.calendar
    calendar.after(first, lambda: _decide(person, DecisionOutcome.WITHDRAWN))
    calendar.after(first + person.later(3, 8), lambda: _decide(person, DecisionOutcome.GRANTED))
    calendar.after(person.later(20, 40), lambda: leaving.leave(person))


JOURNEY = Journey("twice-granted", 2, _begin)
