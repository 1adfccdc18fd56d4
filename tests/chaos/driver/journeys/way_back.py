"""In sheltered work, out of it for a regular job, and back: in line again as if never gone."""

from __future__ import annotations

from shared.contracts import PlacementEndReason
from shared.contracts.base import Rung
from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def step_up(person: Person, placement: str) -> None:
    """The contract ends for a regular job, and some days later the guide says that it did not last."""
    calendar = person.driver.calendar
    ended = statements.ended(placement, person.id, calendar.today, PlacementEndReason.STEP_UP)
    await person.by("emco", ended)
    if person.guide:
        await person.by_guide(statements.stepped(person.id, calendar.today, Rung.REGULAR_WORK))
        calendar.after(person.later(2, 6), lambda: _back(person))


async def _back(person: Person) -> None:
    async with person.turn:
        if person.guide:
            await person.by_guide(statements.stepped(person.id, person.driver.calendar.today))


async def _begin(person: Person) -> None:
    calendar, placement = person.driver.calendar, f"w-{person.id}"
    await to_the_list(person)
    place = person.chance.choice(sorted(statements.PLACES))
    # A host may have somebody start whom nobody proposed: a fact, which counts without room that was held.
    await person.by("emco", statements.started(placement, person.id, place, None, calendar.today, 60))
    calendar.after(person.later(2, 4), lambda: person.in_turn(lambda: step_up(person, placement)))
    calendar.after(person.later(25, 45), lambda: leaving.leave(person))


JOURNEY = Journey("way-back", 1, _begin)
