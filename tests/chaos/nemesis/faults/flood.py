"""One partner hands in far more than is agreed; the door turns it away, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from shared.messaging.event import Event
from tests.chaos.driver import statements
from tests.chaos.nemesis.faults.fault import Fault, Field

_REQUESTS = 6
_EACH = 250
_TOO_MUCH = 429


async def _flood(field: Field, chance: Random) -> str:
    driver = field.driver
    office = driver.offices["buurtsupport"]
    begun = chance.randrange(10**6)
    batches: list[list[Event]] = [
        [
            office.event(statements.registered(f"f-{begun:06d}-{r}-{n:03d}", driver.calendar.today), "flood")
            for n in range(_EACH)
        ]
        for r in range(_REQUESTS)
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


FAULTS: Sequence[Fault] = (Fault("flood", 60, _flood, on="flood"),)
