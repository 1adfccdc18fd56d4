"""Many partitions read as one log, in order of the broker's time: no effect comes before its cause."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.base import Stream
from shared.messaging.service import Record
from shared.messaging.topics import Topics

_POLL_MS: Final = 500
_BUFFER: Final = 500
"""Records of one partition in memory at most, but for the one that all others wait for."""

_Place = tuple[int, bool, str, int, int]
"""Time, whether it is the service's own, topic, partition, offset: no two records have the same."""


@dataclass(slots=True)
class _Lane:
    """One partition: what has been read of it and not been handed out.

    Attributes:
        own: its events are the service's own. At the same millisecond a cause goes before what this
            service stated because of it.
        clock: the latest time seen in it. A record never goes before one that lies before it.
        open: there is more to come.
    """

    partition: TopicPartition
    end: int
    own: bool
    waiting: list[tuple[_Place, Record]] = field(default_factory=list)
    clock: int = 0
    open: bool = True

    def take_in(self, found: Iterable[Any]) -> None:
        """Add what was read, up to the end that was set."""
        topic, number = self.partition.topic, self.partition.partition
        for raw in found:
            if raw.offset < self.end:
                self.clock = max(self.clock, raw.timestamp)
                record = Record(topic, raw.value, raw.key, number, raw.offset, raw.timestamp)
                self.waiting.append(((self.clock, self.own, topic, number, raw.offset), record))

    def hand_out(self, before: int | None) -> list[tuple[_Place, Record]]:
        """What is older than a time; all, if none is given."""
        count = len(self.waiting) if before is None else bisect_left(self.waiting, before, key=_time)
        taken = self.waiting[:count]
        del self.waiting[:count]
        return taken


async def by_time(
    consumer: AIOKafkaConsumer,
    starts: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
    topics: Topics,
    own: Collection[Stream],
) -> AsyncIterator[list[Record]]:
    """Every record between those offsets, in pieces as they come; the merge waits for the slowest partition.

    Args:
        own: streams on which the service states its own events.
    """
    lanes = {
        p: _Lane(p, ends[p], topics.parse(p.topic)[1] in own) for p in sorted(ends) if starts[p] < ends[p]
    }
    while any(lane.open for lane in lanes.values()):
        await _fill(consumer, lanes)
        # Of a partition that goes on, more of its latest time may come; of all others nothing older can.
        horizon = min(
            (lane.clock if lane.waiting else -1 for lane in lanes.values() if lane.open), default=None
        )
        found = [each for lane in lanes.values() for each in lane.hand_out(horizon)]
        if found:
            found.sort(key=_place)
            yield [record for _, record in found]


def _time(each: tuple[_Place, Record]) -> int:
    return each[0][0]


def _place(each: tuple[_Place, Record]) -> _Place:
    return each[0]


async def _fill(consumer: AIOKafkaConsumer, lanes: dict[TopicPartition, _Lane]) -> None:
    """Read on, where there is room; and where all others wait for it, whatever there is."""
    open_ = [lane for lane in lanes.values() if lane.open]
    slowest = min(lane.clock if lane.waiting else -1 for lane in open_)
    full = [
        lane.partition for lane in open_ if len(lane.waiting) >= _BUFFER and lane.waiting[0][0][0] > slowest
    ]
    consumer.pause(*full)
    found = await consumer.getmany(timeout_ms=_POLL_MS)
    consumer.resume(*full)
    for partition, records in found.items():
        lanes[partition].take_in(records)
    # The position, not the last record: compaction and transaction markers leave gaps.
    for lane in open_:
        if lane.partition in found or not lane.waiting:
            lane.open = await consumer.position(lane.partition) < lane.end
