"""Learns the work at a host while waiting; that ends, and something else is owed."""

from __future__ import annotations

from shared.contracts import PlacementEndReason
from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _begin(person: Person) -> None:
    calendar, placement = person.driver.calendar, f"b-{person.id}"
    await to_the_list(person)
    # At once, before the alarm of a bridge that is owed makes the guide think of something else.
    await person.by("emco", statements.learns(placement, person.id, "emco-groen", calendar.today))

    async def end() -> None:
        on = calendar.today
        await person.by("emco", statements.ended(placement, person.id, on, PlacementEndReason.CONTRACT_END))

    calendar.after(person.later(2, 5), lambda: person.in_turn(end))
    calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("bridge-ends", 1, _begin)
