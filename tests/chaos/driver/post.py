"""How events get onto topics: a producer that is made anew when it has failed, and tries until it succeeds."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics

_AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Lies:
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


class Post:
    """Puts events on topics; what it does not know to be there it puts there again."""

    def __init__(self, kafka: str, topics: Topics) -> None:
        self._kafka = kafka
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        await self._drop(self._producer)

    async def send(self, event: Event) -> Lies:
        """Put an event on its topic; returns when the broker has it."""
        return await self.put(self._topics.of(event.partner, event.stream), event.key.encode(), encode(event))

    async def put(self, topic: str, key: bytes | None, value: bytes | None) -> Lies:
        """Put any bytes on any topic; returns when the broker has them."""
        while True:
            producer: AIOKafkaProducer | None = None
            try:
                producer = await self._made()
                lies = await producer.send_and_wait(topic, value, key=key)
                return Lies(lies.topic, lies.partition, lies.offset)
            except (KafkaError, OSError):
                # One that lost a batch is out of sequence for good.
                await self._drop(producer)
                await asyncio.sleep(_AGAIN_S)

    async def _made(self) -> AIOKafkaProducer:
        async with self._making:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka,
                    enable_idempotence=True,
                    linger_ms=2,
                    request_timeout_ms=8_000,
                )
                try:
                    await producer.start()
                except BaseException:
                    with contextlib.suppress(Exception):
                        await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None and producer is self._producer:
            self._producer = None
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)
