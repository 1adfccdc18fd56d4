"""From one guide to another while waiting; the new one answers for the person from then on."""

from __future__ import annotations

from shared.contracts import ParticipantTransferAccepted, ParticipantTransferOffered
from tests.chaos.driver.journeys import leaving
from tests.chaos.driver.journeys.journey import Journey
from tests.chaos.driver.journeys.ordinary import to_the_list
from tests.chaos.driver.people import Person


async def _hand_over(person: Person) -> None:
    async with person.turn:
        if person.guide != "menso":
            return
        on, transfer = person.driver.calendar.today, f"t-{person.id}"
        await person.by(
            "menso",
            ParticipantTransferOffered(
                transfer=transfer, participant=person.id, to="buurtsupport", offered_on=on
            ),
        )
        await person.by(
            "buurtsupport",
            ParticipantTransferAccepted(transfer=transfer, participant=person.id, accepted_on=on),
        )
        person.guide = "buurtsupport"


async def _begin(person: Person) -> None:
    await to_the_list(person)
    person.driver.calendar.after(person.later(1, 4), lambda: _hand_over(person))
    person.driver.calendar.after(person.later(15, 40), lambda: leaving.leave(person))


JOURNEY = Journey("handed-over", 2, _begin)
