"""Granted, and withdrawn again some days later."""

from __future__ import annotations

from shared.contracts import DecisionOutcome
from tests.chaos.driver import statements
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _withdraw(person: Person) -> None:
    async with person.turn:
        on = person.driver.calendar.today
        await person.by("gemeente-emmen", statements.decided(person.id, on, DecisionOutcome.WITHDRAWN))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    person.driver.calendar.after(person.later(2, 12), lambda: _withdraw(person))


JOURNEY = Journey("withdrawn", 2, _begin)
