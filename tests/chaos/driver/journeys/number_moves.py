"""The number rises, is told, and falls again before anybody has taken the room that was told.

Matching asks for no more than quota has told to be free, so quota's own check seldom decides. Here it does:
the room was told on a tick, falls on the same day, and is asked for on the next tick.
"""

from __future__ import annotations

from typing import Final

from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person

_DAYS: Final = 6
"""Between two of them; a number has a handful of versions, not thousands."""


async def _state(person: Person, places: int, turn: int) -> None:
    on = person.driver.calendar.today
    office = person.driver.offices["gemeente-emmen"]
    # One way for all that has the municipality for its key, so that its order is kept.
    await office.say(statements.number(on.year, places, on), "http", f"{person.id}-{turn}")


async def _begin(person: Person) -> None:
    await to_the_list(person)
    calendar, more = person.driver.calendar, person.later(3, 8)
    first = person.later(1, 3)
    calendar.after(person.later(15, 40), lambda: leaving.leave(person))
    if not person.driver.seldom("the number moves", _DAYS):
        return
    calendar.after(first, lambda: _state(person, statements.NUMBER + more, 1))
    calendar.after(first + 1, lambda: _state(person, statements.NUMBER - more, 2))
    calendar.after(first + 3, lambda: _state(person, statements.NUMBER, 3))


JOURNEY = Journey("number-moves", 2, _begin)
