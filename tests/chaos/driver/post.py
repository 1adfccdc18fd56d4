"""How events get onto topics: a producer that is made anew when it failed, and tries until it succeeds."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics

_AGAIN_S: Final = 0.5
_PATIENCE_S: Final = 15.0


class Post:
    """Puts events on topics; what it does not know to be there it puts there again."""

    def __init__(self, kafka: str, topics: Topics) -> None:
        self._kafka = kafka
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        await self._drop()

    async def send(self, event: Event) -> None:
        """Put an event on its topic; returns when the broker has it."""
        await self.put(self._topics.of(event.partner, event.stream), event.key.encode(), encode(event))

    async def put(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Put any bytes on any topic; returns when the broker has them."""
        while True:
            try:
                producer = await self._made()
                await asyncio.wait_for(producer.send_and_wait(topic, value, key=key), _PATIENCE_S)
            except (KafkaError, OSError):
                # One that lost a batch is out of sequence for good, and one that was dropped never answers.
                await self._drop()
                await asyncio.sleep(_AGAIN_S)
            else:
                return

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
                    await asyncio.wait_for(producer.start(), _PATIENCE_S)
                except BaseException:
                    with contextlib.suppress(Exception):
                        await asyncio.wait_for(producer.stop(), 5)
                    raise
                self._producer = producer
            return self._producer

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), 5)
