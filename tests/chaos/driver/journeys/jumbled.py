"""All partners speak at the same time, so that each fact may come before the one it builds on."""

from __future__ import annotations

import asyncio

from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person


async def _begin(person: Person) -> None:
    today = person.driver.calendar.today

    async def guided() -> None:
        await asyncio.sleep(person.chance.uniform(0, 3))
        await person.by("menso", statements.registered(person.id, today))
        await person.by("menso", statements.profile(person.id, today, person.number))

    await asyncio.gather(
        person.by("gemeente-emmen", statements.decided(person.id, today)),
        person.by("uwv", statements.advised(person.id, today)),
        guided(),
    )
    person.driver.calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("jumbled", 4, _begin)
