"""When the system is at rest: nothing unread, nothing unpublished, nothing half done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.base import Stream
from shared.messaging.topics import Topics

_LOOK_EVERY_S: Final = 0.05


class NoRest(Exception):  # noqa: N818 - what the caller reports
    """The system did not come to rest; the message says what was still under way."""


class Rest:
    """Looks at Kafka and the services until all is at rest.

    The order of looking makes it sound: ends of the log, then what the groups have committed (nothing
    unread up to those ends), then every outbox and job (nothing decided that is not published), then
    the ends again. If these did not move, nothing was published in between, so nothing is on its way.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Topics,
        services: Sequence[str],
        *,
        groups: Sequence[str],
        patience_s: float,
    ) -> None:
        self._bootstrap = bootstrap.split(",")
        self._topics = topics
        self._services = services
        self._groups = groups
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(timeout=10)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        for topic in await self._admin.describe_topics():
            try:
                self._topics.parse(topic["topic"])
            except ValueError:
                continue
            self._partitions += [
                TopicPartition(topic["topic"], each["partition"]) for each in topic["partitions"]
            ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        await self._consumer.stop()
        await self._admin.close()

    async def wait(self) -> None:
        """Return when the system is at rest.

        Raises:
            NoRest: it was not, for as long as patience goes.
        """
        give_up = time.monotonic() + self._patience_s
        busy = "nothing was seen yet"
        while time.monotonic() < give_up:
            found = await self._busy()
            if found is None:
                return
            busy = found
            await asyncio.sleep(_LOOK_EVERY_S)
        raise NoRest(f"no rest after {self._patience_s:.0f} s: {busy}")

    async def _busy(self) -> str | None:
        ends = await self._consumer.end_offsets(self._partitions)
        for group in self._groups:
            unread = await self._unread(group, ends)
            if unread:
                return f"{group} has not read {unread} records"
        pending = await asyncio.gather(*[self._pending(url) for url in self._services])
        for url, (outbox, jobs) in zip(self._services, pending, strict=True):
            if outbox or jobs:
                return f"{url} has {outbox} events to publish and {jobs} jobs"
        if await self._consumer.end_offsets(self._partitions) != ends:
            return "something was published just now"
        return None

    async def _unread(self, group: str, ends: dict[TopicPartition, int]) -> int:
        committed = await self._admin.list_consumer_group_offsets(group)
        if not committed:
            return sum(ends.values())
        # Of topics that a group does not read it has no offsets; those it reads it commits from the start.
        # Of topics that a group does not read it has no offsets; of those it reads it has them all.
        unread = 0
        for partition, end in ends.items():
            if partition in committed:
                unread += max(0, end - int(committed[partition].offset))
            elif end and self._reads(committed, partition):
                unread += end
        return unread

    def _reads(self, committed: dict[TopicPartition, Any], partition: TopicPartition) -> bool:
        """Whether the group reads this stream: it has committed some other partition of the kind."""
        partner, stream = self._topics.parse(partition.topic)
        if stream is Stream.INTAKE and any(
            self._topics.parse(p.topic) == (partner, Stream.INBOX) for p in committed
        ):
            return False  # a partner's door does not read what it has stated itself
        own_inbox = stream is Stream.INBOX
        return not own_inbox and any(self._topics.parse(p.topic)[1] is stream for p in committed)

    async def _pending(self, url: str) -> tuple[int, int]:
        answer = (await self._http.get(f"{url}/v1/pending")).raise_for_status().json()
        return answer["outbox"], answer["jobs"]
