"""What was said is said again: at the door, and straight on the streams, a moment or a long while later."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from shared.contracts.base import Stream
from tests.chaos.nemesis.faults.fault import Fault, Field

_STREAMS = (
    "menso.intake", "uwv.intake", "emco.intake", "gemeente-emmen.intake", "buurtsupport.intake",
    "menso.profiles", "menso.matching", "gemeente-emmen.quota", "gemeente-emmen.notifications",
)  # fmt: skip
_PARTITIONS = 3


async def _duplicate(field: Field, chance: Random) -> str:
    """An office states again what it stated before, over both ways.

    What went over the inbox topic may still lie there unread; over HTTP it would overtake what is before it,
    and the order would be the office's own mistake. What the door has answered can come by any way.
    """
    office = field.driver.offices[chance.choice(sorted(field.driver.offices))]
    said = list(office.said)
    if not said:
        return ""
    again = {event.id: (over, event) for over, event in chance.choices(said, k=20)}
    handed_in = [event for over, event in again.values() if over == "http"]
    if handed_in:
        await office.once(handed_in)
    for _, event in list(again.values())[:5]:
        await field.driver.post.send(replace(event, stream=Stream.INBOX))
    return f"{len(handed_in)} events of {office.partner} over HTTP, {min(5, len(again))} over its inbox"


async def _replay(field: Field, chance: Random) -> str:
    """A stretch of a stream, from anywhere in it, lands at its end once more."""
    stream = chance.choice(_STREAMS)
    partition = TopicPartition(f"{field.ground.topics.prefix}.{stream}", chance.randrange(_PARTITIONS))
    consumer = AIOKafkaConsumer(bootstrap_servers=field.ground.kafka, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        if not end:
            return ""
        consumer.seek(partition, first := chance.randrange(end))
        found = await consumer.getmany(partition, timeout_ms=3000, max_records=30)
    except KafkaError:
        return ""  # the broker is away just now
    finally:
        await consumer.stop()
    records = found.get(partition, [])
    for record in records:
        if record.value is not None and record.value.startswith(b'{"specversion'):
            await field.driver.post.put(record.topic, record.key, record.value)
    return f"{len(records)} records of {stream} from {first}"


FAULTS: Sequence[Fault] = (Fault("duplicate", 6, _duplicate), Fault("replay", 8, _replay))
