"""What partners do about what matching states: answer, start a contract, end it, offer a bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from shared.contracts import (
    AnsweredBy,
    BridgeDue,
    ContractKind,
    PlacementChanged,
    PlacementChangeReason,
    ProposalAccepted,
    ProposalMade,
)
from tests.chaos.driver import statements
from tests.chaos.driver.driver_types import Acts
from tests.chaos.driver.journeys import way_back
from tests.chaos.driver.people import Person

_LONG: Final = 400
"""Days of a contract that nobody ends before its time."""
_SILENT: Final = 0.2
_NO: Final = 0.25
"""Of those who answer beside the guide: who does not, and up to where it is a no."""


def react(driver: Acts, event: dict[str, Any]) -> None:
    """Let partners act on an event."""
    reaction = REACTIONS.get(event["type"])
    person = driver.people.get(event["data"].get("participant", ""))
    if driver.reacts and reaction is not None and person is not None:
        driver.begin(person.in_turn(partial(reaction, person, event["data"])))


async def _answer(person: Person, data: dict[str, Any]) -> None:
    """The host and the person answer too, needed or not; a no of theirs may come after everybody's yes."""
    await _guide_answers(person, data)
    for by, partner in ((AnsweredBy.HOST, "emco"), (AnsweredBy.PARTICIPANT, "")):
        drawn, days = person.chance.random(), person.later(0, 3)
        if drawn < _SILENT:
            continue

        async def answer(by: AnsweredBy = by, partner: str = partner, drawn: float = drawn) -> None:
            on, said_by = person.driver.calendar.today, partner or person.guide
            said = statements.answered(data["proposal"], person.id, on, yes=drawn > _NO, by=by)
            if said_by:
                await person.by(said_by, said)

        person.driver.calendar.after(days, partial(person.in_turn, answer))


async def _guide_answers(person: Person, data: dict[str, Any]) -> None:
    """Seven in ten say yes, one no at first, one too late or nearly, one never."""
    drawn = person.chance.random()
    days = 0 if drawn < 0.7 else person.later(2, 8)
    if drawn > 0.95:
        return

    async def answer() -> None:
        if person.guide:
            on = person.driver.calendar.today
            said = statements.answered(data["proposal"], person.id, on, yes=drawn < 0.75)
            await person.by_guide(said)

    if days:
        person.driver.calendar.after(days, lambda: person.in_turn(answer))
    else:
        await answer()


async def _start(person: Person, data: dict[str, Any]) -> None:
    """The host states a contract; one in twelve never comes to it, and the room is lost."""
    if person.chance.random() < 0.08:
        return
    calendar, placement = person.driver.calendar, f"c-{data['proposal']}"
    days = person.later(5, 25)
    said = statements.started(
        placement, person.id, data["place"], data["proposal"], calendar.today, days if days % 3 else _LONG
    )
    await person.by("emco", said)
    if days % 3 == 0:
        calendar.after(days, lambda: person.in_turn(partial(way_back.step_up, person, placement)))
    elif days % 5 == 0:
        calendar.after(1, lambda: person.in_turn(lambda: _extend(person, placement)))


async def _extend(person: Person, placement: str) -> None:
    calendar = person.driver.calendar
    more = PlacementChanged(
        placement=placement, participant=person.id, changed_on=calendar.today, hours=Decimal(28),
        ends_on=None, contract=ContractKind.PERMANENT, reason=PlacementChangeReason.PERMANENT,
    )  # fmt: skip
    await person.by("emco", more)
    calendar.after(person.later(5, 15), lambda: person.in_turn(partial(way_back.step_up, person, placement)))


async def _bridge(person: Person, _data: dict[str, Any]) -> None:
    await person.by_guide(statements.stepped(person.id, person.driver.calendar.today))


REACTIONS: Final[Mapping[str, Callable[[Person, dict[str, Any]], Awaitable[None]]]] = {
    ProposalMade.TYPE: _answer,
    ProposalAccepted.TYPE: _start,
    BridgeDue.TYPE: _bridge,
}
"""By type of event."""
