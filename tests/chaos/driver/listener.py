"""What matching states, as partners' software reads it: each event once, whatever happens to the broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.chaos.ground.ground import Ground

_AGAIN_S: Final = 0.5
_PATIENCE_S: Final = 15.0
_PARTITIONS: Final = 3


async def listen(ground: Ground, tell: Callable[[dict[str, Any]], None]) -> None:
    """Read the region's matching stream from its beginning and pass on each event once, until cancelled."""
    partitions = [TopicPartition(f"{ground.topics.prefix}.menso.matching", n) for n in range(_PARTITIONS)]
    positions = dict.fromkeys(partitions, 0)
    seen: set[str] = set()
    while True:
        consumer = AIOKafkaConsumer(bootstrap_servers=ground.kafka, enable_auto_commit=False)
        try:
            await asyncio.wait_for(consumer.start(), _PATIENCE_S)
            consumer.assign(partitions)
            for partition, position in positions.items():
                consumer.seek(partition, position)
            while True:
                for partition, records in (await consumer.getmany(timeout_ms=300)).items():
                    for record in records:
                        positions[partition] = record.offset + 1
                        with contextlib.suppress(orjson.JSONDecodeError, TypeError):
                            event = orjson.loads(record.value)
                            if isinstance(event, dict) and event["id"] not in seen:
                                seen.add(event["id"])
                                tell(event)
        except (KafkaError, OSError):
            await asyncio.sleep(_AGAIN_S)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 5)
