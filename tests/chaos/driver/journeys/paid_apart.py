"""The municipality says who pays for the contract, perhaps before the host has said that there is one."""

from __future__ import annotations

from shared.contracts import Fund, PlacementEndReason
from tests.chaos.driver import statements
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person


async def _begin(person: Person) -> None:
    calendar, placement = person.driver.calendar, f"c-{person.id}"
    office = person.driver.offices["gemeente-emmen"]
    today = calendar.today
    await person.by("menso", statements.registered(person.id, today))
    # One way for all that has the municipality for its key, so that its order is kept.
    await office.say(statements.assigned(placement, Fund.COUNCIL, today), "http", f"{person.id}-1")
    # Learning the work takes no room; who pays for it is kept all the same.
    await person.by("emco", statements.learns(placement, person.id, "emco-inpak", today))
    await office.say(statements.assigned(placement, None, today), "http", f"{person.id}-2")

    async def end() -> None:
        on = calendar.today
        await person.by("emco", statements.ended(placement, person.id, on, PlacementEndReason.CONTRACT_END))

    calendar.after(person.later(2, 6), lambda: person.in_turn(end))


JOURNEY = Journey("paid-apart", 1, _begin)
