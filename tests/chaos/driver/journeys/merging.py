"""Lives in a neighbouring municipality and works here under a contract, when that becomes part of Emmen.

The codes are fictive. Some end in one that later ends itself.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from shared.contracts import PlacementEndReason
from tests.chaos.driver import statements
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person

_CODES: Final = 20
_ONCE: Final = 100_000
"""Days: a code ends one time."""
_IN_TWO_STEPS: Final = 3
"""One in so many."""


async def _merge(person: Person, code: str, into: str, days: int) -> None:
    calendar, office = person.driver.calendar, person.driver.offices["gemeente-emmen"]
    on = calendar.today + timedelta(days=days)
    await office.say(statements.merged(code, into, on), "http", code)


async def _begin(person: Person) -> None:
    driver, calendar, placement = person.driver, person.driver.calendar, f"m-{person.id}"
    turn = person.number % _CODES
    code, between = f"98{turn:02d}", f"97{turn:02d}"
    place = person.chance.choice(sorted(statements.PLACES))
    await person.by("menso", statements.registered(person.id, calendar.today, code))
    await person.by("emco", statements.started(placement, person.id, place, None, calendar.today, 60))

    async def end() -> None:
        on = calendar.today
        await person.by("emco", statements.ended(placement, person.id, on, PlacementEndReason.CONTRACT_END))

    calendar.after(person.later(4, 12), lambda: person.in_turn(end))
    first, ahead = person.later(1, 6), person.later(0, 4)
    if not driver.seldom(f"{code} ends", _ONCE):
        return
    if turn % _IN_TWO_STEPS:
        calendar.after(first, partial(_merge, person, code, statements.EMMEN, ahead))
    else:
        calendar.after(first, partial(_merge, person, code, between, ahead))
        calendar.after(first + 2, partial(_merge, person, between, statements.EMMEN, ahead))


JOURNEY = Journey("merging", 1, _begin)
