"""The guide states the profile anew day after day, as it becomes clear what somebody can do."""

from __future__ import annotations

from typing import Final

from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person

_TIMES: Final = 30


async def _state(person: Person, turn: int) -> None:
    async with person.turn:
        if person.guide:
            on = person.driver.calendar.today
            await person.by_guide(statements.profile(person.id, on, person.number + turn))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    calendar = person.driver.calendar
    for turn in range(1, _TIMES + 1):
        calendar.after(turn, lambda turn=turn: _state(person, turn))  # type: ignore[misc]
    calendar.after(_TIMES + person.later(1, 10), lambda: leaving.leave(person))


JOURNEY = Journey("profile-moves", 12, _begin)
