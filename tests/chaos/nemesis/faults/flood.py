"""One partner hands in far more than is agreed; the door turns it away, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from shared.messaging.event import Event
from tests.chaos.driver import statements
from tests.chaos.nemesis.faults.fault import Fault, Field

_REQUESTS = 12
_EACH = 250
_TOO_MUCH = 429


async def _flood(field: Field, chance: Random) -> str:
    driver = field.driver
    office = driver.offices["buurtsupport"]
    # No digits: nine of them may be a citizen service number, and the door would be right to refuse.
    people = [f"f-{''.join(chance.choices('bdfgkmnrtz', k=10))}" for _ in range(_REQUESTS)]
    today = driver.calendar.today
    for person in people:
        await office.say(statements.registered(person, today), "http", "flood")
    # Profiles: much to take and to pass on, and no letter to anybody.
    batches: list[list[Event]] = [
        [office.event(statements.profile(person, today, n), f"flood-{n}") for n in range(_EACH)]
        for person in people
    ]
    answers = await asyncio.gather(*[office.once(batch, 20.0) for batch in batches])
    turned = 0
    for batch, (status, receipts) in zip(batches, answers, strict=True):
        if status == _TOO_MUCH:
            turned += 1
            field.strikes.turned_away([(event.source, event.id) for event in batch])
            continue
        # What was taken is stated like anything else, and must take effect; without an answer nobody knows.
        for number, event in enumerate(batch):
            entry = driver.ledger.state(event, "http")
            if receipts:
                driver.ledger.answer(entry, receipts[number].get("code") or receipts[number]["state"])
    return f"{_REQUESTS} requests of {_EACH}, {turned} turned away"


FAULTS: Sequence[Fault] = (Fault("flood", 60, _flood, on="flood", heavy=True),)
