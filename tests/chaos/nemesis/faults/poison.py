"""Records that cannot be processed, on partners' streams and inboxes, among what is sound."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import orjson

from shared.messaging.event import encode
from tests.chaos.driver import statements
from tests.chaos.nemesis.faults.fault import Fault, Field
from tests.chaos.nemesis.strikes import Poison


async def _poison(field: Field, chance: Random) -> str:
    driver = field.driver
    partner = chance.choice(sorted(driver.offices))
    key = f"x-{''.join(chance.choices('bdfgkmnrtz', k=10))}"
    office = driver.offices["menso"]
    sound = encode(office.event(statements.stepped(key, driver.calendar.today), "poison"))
    wire = orjson.loads(sound)
    kinds = {
        "tombstone": (None, "type.unknown"),
        "empty": (b"", "schema.invalid"),
        "broken-json": (sound[:-9], "schema.invalid"),
        "not-utf8": (b'{"id": "\xff\xfe"}', "schema.invalid"),
        "deep-json": (b"[" * 60_000, "schema.invalid"),
        "no-object": (b"[]", "schema.invalid"),
        "wrong-data": (orjson.dumps(wire | {"data": {"rung": 7}}), "schema.invalid"),
        "too-large": (orjson.dumps(wire | {"x": "x" * 70_000}), "size.too-large"),
        "unknown-type": (orjson.dumps(wire | {"type": "nl.werkbedrijf.participants.danced.v1"}), ""),
        "anothers-source": (
            orjson.dumps(wire | {"source": "urn:nld:kvknr:12345678:systeem:x"}),
            "source.not-yours",
        ),
    }
    name = chance.choice(sorted(kinds))
    value, code = kinds[name]
    stream = chance.choice(("intake", "intake", "inbox"))
    topic = f"{field.ground.topics.prefix}.{partner}.{stream}"
    # Noted first: a broker that was asked may have taken it, whatever it answers.
    field.strikes.planted(Poison(name, topic, key, code))
    await driver.post.put(topic, key.encode(), value)
    return f"{name} on {partner}.{stream}"


FAULTS: Sequence[Fault] = (Fault("poison", 6, _poison),)
