"""For some days the municipality wants a yes of everybody: a proposal then has several answerers."""

from __future__ import annotations

from typing import Final

from shared.contracts import AnsweredBy
from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person

_DAYS: Final = 20
"""Between two of them; terms are adopted now and then."""


async def _adopt(person: Person, turn: int, *answers: AnsweredBy) -> None:
    office, name = person.driver.offices["gemeente-emmen"], f"terms-{person.id}-{turn}"
    await office.say(statements.terms(name, person.driver.calendar.today, *answers), "http", name)


async def _begin(person: Person) -> None:
    await to_the_list(person)
    calendar, first = person.driver.calendar, person.later(1, 3)
    calendar.after(person.later(15, 40), lambda: leaving.leave(person))
    if person.driver.seldom("terms are adopted", _DAYS):
        calendar.after(first, lambda: _adopt(person, 1, *AnsweredBy))
        calendar.after(first + person.later(6, 12), lambda: _adopt(person, 2))


JOURNEY = Journey("terms-move", 2, _begin)
