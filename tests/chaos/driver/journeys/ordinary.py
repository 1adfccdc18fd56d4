"""Registered, advised, granted: each partner speaks when the one before has."""

from __future__ import annotations

from tests.chaos.driver import statements
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person


async def to_the_list(person: Person) -> None:
    """Everything up to the decision, in its order."""
    today = person.driver.calendar.today
    await person.by("menso", statements.registered(person.id, today))
    await person.by("menso", statements.profile(person.id, today, person.number))
    await person.by("uwv", statements.advised(person.id, today))
    await person.by("gemeente-emmen", statements.decided(person.id, today))


async def _begin(person: Person) -> None:
    await to_the_list(person)
    # Nobody waits for ever: a list that only grows would make each day slower than the one before.
    person.driver.calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("ordinary", 6, _begin)
