"""Door to effect: from a decision at the door over HTTP to the message that is queued because of it.

The way: intake's door, Kafka, matching, which puts the person on the list, Kafka, notifications, which
queues a message, Kafka, and a reader of its topic. The load is open: decisions are sent at their times
whatever became of those before, and the time of each counts from when it was due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.base import Stream
from shared.messaging.event import encode
from shared.messaging.topics import Topics
from tests.bench import workload
from tests.bench.caller import MANY, ONE, Caller
from tests.bench.ground import reader
from tests.bench.workload import ADVISOR, GUIDE, MUNICIPALITY

ACCEPTED: Final = 202
TOO_MANY: Final = 429
_TOGETHER: Final = 250
_TRIES: Final = 60
_PATIENCE_S: Final = 120.0
_LAST_S: Final = 15.0
"""How long the last ones may take; what has not come by then is counted as missing."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where the decisions go in and the messages come out.

    Attributes:
        door: base address of intake.
        tokens: bearer token of each partner.
        partitions: of the topic that is read.
    """

    bootstrap: str
    topics: Topics
    door: str
    tokens: Mapping[str, str]
    partitions: int

    @property
    def messages(self) -> str:
        """The topic of what notifications states."""
        return self.topics.of(MUNICIPALITY, Stream.NOTIFICATIONS)


@dataclass(slots=True)
class Times:
    """Milliseconds, of every decision after the warm-up.

    Attributes:
        to_answer: until the door said 202, which is after its commit.
        to_effect: until the reader had the queued message.
    """

    to_answer: list[float] = field(default_factory=list)
    to_effect: list[float] = field(default_factory=list)
    sent: int = 0

    def figures(self) -> dict[str, Any]:
        """The quantiles that the promises are about, and how many never came."""
        effect, answer = sorted(self.to_effect), sorted(self.to_answer)
        return {
            "p50_ms": round(quantile(effect, 0.50), 1),
            "p90_ms": round(quantile(effect, 0.90), 1),
            "p99_ms": round(quantile(effect, 0.99), 1),
            "max_ms": round(effect[-1], 1) if effect else None,
            "door_p50_ms": round(quantile(answer, 0.50), 1),
            "door_p99_ms": round(quantile(answer, 0.99), 1),
            "sent": self.sent,
            "missing": self.sent - len(effect),
        }


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which that part lies; not a number when there is none."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


async def prepare(region: Region, people: Sequence[str]) -> None:
    """Have people registered, profiled and advised at the door, and wait until that has had its effect."""
    steps = ((GUIDE, workload.registered), (GUIDE, workload.profiled), (ADVISOR, workload.advised))
    async with _listening(region) as consumer, Caller(f"{region.door}/v1/events") as caller:
        before = await _lying(region, consumer)
        for partner, make in steps:
            for start in range(0, len(people), _TOGETHER):
                events = [encode(make(person)) for person in people[start : start + _TOGETHER]]
                await _hand_in(caller, b"[" + b",".join(events) + b"]", region.tokens[partner])
        end = time.monotonic() + _PATIENCE_S
        while await _lying(region, consumer) - before < 2 * len(people):
            if time.monotonic() > end:
                raise RuntimeError(f"{len(people)} people were not known within {_PATIENCE_S:.0f} s")
            await asyncio.sleep(0.25)


async def measure(region: Region, people: Sequence[str], *, rate: float, warm_up_s: float) -> Times:
    """Decide on these people, so many a second.

    Args:
        warm_up_s: for so long nothing is counted.
    """
    times, due = Times(), {person: number / rate for number, person in enumerate(people)}
    async with AsyncExitStack() as stack:
        consumer = await stack.enter_async_context(_listening(region))
        caller = await stack.enter_async_context(Caller(f"{region.door}/v1/events"))
        bodies = [encode(workload.decided(person)) for person in people]
        start = time.perf_counter() + 0.5
        arrived = asyncio.create_task(_arrivals(consumer, len(people)))
        sending = []
        for person, body in zip(people, bodies, strict=True):
            wait = start + due[person] - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            sending.append(
                asyncio.create_task(_answered(caller, body, region.tokens[MUNICIPALITY], start + due[person]))
            )
        answers = await asyncio.gather(*sending)
        came = await arrived
    for person, answer in zip(people, answers, strict=True):
        if due[person] >= warm_up_s:
            times.sent += 1
            times.to_answer.append(answer)
            if person in came:
                times.to_effect.append((came[person] - start - due[person]) * 1000)
    return times


async def _answered(caller: Caller, body: bytes, token: str, due: float) -> float:
    status = await caller.post(body, token, ONE)
    if status != ACCEPTED:
        raise RuntimeError(f"the door answered {status}")
    return (time.perf_counter() - due) * 1000


async def _arrivals(consumer: AIOKafkaConsumer, expected: int) -> dict[str, float]:
    """When the message to each person came, until all have or nothing comes any more."""
    came: dict[str, float] = {}
    quiet_since = time.perf_counter()
    while len(came) < expected and time.perf_counter() - quiet_since < _LAST_S:
        batches = await consumer.getmany(timeout_ms=1000)
        now = time.perf_counter()
        for records in batches.values():
            quiet_since = now
            for record in records:
                if b'"template":"waiting-joined"' in record.value:
                    came.setdefault(record.key.decode(), now)
    return came


@asynccontextmanager
async def _listening(region: Region) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of the messages' topic, from its present end."""
    async with reader(region.bootstrap) as consumer:
        partitions = [TopicPartition(region.messages, n) for n in range(region.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        yield consumer


async def _lying(region: Region, consumer: AIOKafkaConsumer) -> int:
    ends = await consumer.end_offsets([TopicPartition(region.messages, n) for n in range(region.partitions)])
    return sum(ends.values())


async def _hand_in(caller: Caller, body: bytes, token: str) -> None:
    for _ in range(_TRIES):
        status = await caller.post(body, token, MANY)
        if status != TOO_MANY:
            break
        await asyncio.sleep(1)
    if status != ACCEPTED:
        raise RuntimeError(f"the door answered {status}")
