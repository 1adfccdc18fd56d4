"""How far a campaign is, while it runs: what lies on all topics, and how far each service is behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.chaos.checker.log import partitions_of
from tests.chaos.ending import ended
from tests.chaos.ground.ground import Ground
from tests.delivery.region import SERVICES

_EVERY_S: Final = 5.0
_PATIENCE_S: Final = 10.0


@dataclass(slots=True)
class Gauge:
    """What was seen last; a broker that is away leaves it as it was.

    Attributes:
        records: on all topics, repeats included.
        lag: records that a service has not settled yet, by service.
    """

    records: int = 0
    lag: dict[str, int] = field(default_factory=dict)

    async def _watch(self, ground: Ground) -> None:
        while True:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await self._look_on(ground)
            await asyncio.sleep(_EVERY_S)

    async def _look_on(self, ground: Ground) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=ground.kafka)
        consumer = AIOKafkaConsumer(bootstrap_servers=ground.kafka, enable_auto_commit=False)
        try:
            await asyncio.wait_for(admin.start(), _PATIENCE_S)
            await asyncio.wait_for(consumer.start(), _PATIENCE_S)
            partitions = await partitions_of(ground.kafka, ground.topics)
            while True:
                ends = await asyncio.wait_for(consumer.end_offsets(partitions), _PATIENCE_S)
                self.records = sum(ends.values())
                for service in SERVICES:
                    committed = await asyncio.wait_for(
                        admin.list_consumer_group_offsets(ground.group(service)), _PATIENCE_S
                    )
                    self.lag[service] = _behind(ends, committed)
                await asyncio.sleep(_EVERY_S)
        finally:
            for client in (consumer.stop, admin.close):
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(client(), _PATIENCE_S)


def _behind(ends: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, Any]) -> int:
    read = {partition: int(known.offset) for partition, known in committed.items() if partition in ends}
    return sum(max(0, ends[partition] - offset) for partition, offset in read.items())


@contextlib.asynccontextmanager
async def gauged(ground: Ground) -> AsyncIterator[Gauge]:
    """A gauge that looks every few seconds."""
    gauge = Gauge()
    task = asyncio.create_task(gauge._watch(ground), name="gauge")
    try:
        yield gauge
    finally:
        await ended([task])
