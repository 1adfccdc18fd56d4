"""Advised against and refused: never on the list; then on with other work."""

from __future__ import annotations

from shared.contracts import DecisionOutcome
from shared.contracts.base import Rung
from tests.chaos.driver import statements
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.people import Person


async def _begin(person: Person) -> None:
    today = person.driver.calendar.today
    await person.by("menso", statements.registered(person.id, today))
    await person.by("uwv", statements.advised(person.id, today, positive=False))
    await person.by("gemeente-emmen", statements.decided(person.id, today, DecisionOutcome.REFUSED))
    for rung in (Rung.LEARN_WORK, Rung.TRIAL_PLACEMENT, Rung.REGULAR_WORK):
        await person.by("menso", statements.stepped(person.id, today, rung))


JOURNEY = Journey("refused", 5, _begin)
