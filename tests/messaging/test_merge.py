"""Many partitions as one log: nothing lost, each in its order, and by time over all."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.base import Stream
from shared.messaging import merge
from shared.messaging.service import Record
from shared.messaging.topics import Topics

TOPICS = Topics()
FACTS, OWN = "werkbedrijf.menso.intake", "werkbedrijf.menso.matching"


class Reader:
    """A consumer that hands out a few records at a time, of the partitions that are not paused."""

    def __init__(self, log: dict[TopicPartition, list[int]], piece: int) -> None:
        self._log, self._piece = log, piece
        self._at = dict.fromkeys(log, 0)
        self._paused: set[TopicPartition] = set()
        self.asked = 0

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused = set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused -= set(partitions)

    async def getmany(self, **_options: Any) -> dict[TopicPartition, list[Any]]:
        self.asked += 1
        assert self.asked < 10_000, "it asks and asks"
        found: dict[TopicPartition, list[Any]] = {}
        for place, times in self._log.items():
            start = self._at[place]
            some = range(start, min(start + self._piece, len(times)))
            if place not in self._paused and some:
                found[place] = [
                    SimpleNamespace(offset=n, timestamp=times[n], key=None, value=None) for n in some
                ]
                self._at[place] = some.stop
        return found

    async def position(self, partition: TopicPartition) -> int:
        return self._at[partition]


async def merged(log: dict[TopicPartition, list[int]], piece: int) -> list[Record]:
    reader: Any = Reader(log, piece)
    starts, ends = dict.fromkeys(log, 0), {place: len(times) for place, times in log.items()}
    pieces = merge.by_time(reader, starts, ends, TOPICS, {Stream.MATCHING})
    return [record async for piece in pieces for record in piece]


def places(log: Sequence[list[int]]) -> dict[TopicPartition, list[int]]:
    return {TopicPartition((FACTS, OWN)[n % 2], n): times for n, times in enumerate(log)}


@given(st.lists(st.lists(st.integers(0, 20), max_size=30), max_size=5), st.integers(1, 7))
async def test_nothing_is_lost_and_every_partition_keeps_its_order(log: list[list[int]], piece: int):
    found = await merged(places(log), piece)
    for place, times in places(log).items():
        mine = [r.offset for r in found if (r.topic, r.partition) == (place.topic, place.partition)]
        assert mine == list(range(len(times)))


@given(st.lists(st.lists(st.integers(0, 20), max_size=30).map(sorted), max_size=5), st.integers(1, 7))
async def test_by_time_and_at_the_same_time_causes_first(log: list[list[int]], piece: int):
    found = await merged(places(log), piece)
    order = [(r.timestamp_ms, r.topic == OWN, r.topic, r.partition, r.offset) for r in found]
    assert order == sorted(order)


async def test_a_partition_full_of_one_moment_does_not_stand_in_its_own_way():
    moment = [7] * (2 * merge._BUFFER + 1)
    found = await merged(places([moment, [1, 7, 9], [7] * 3]), 500)
    assert len(found) == len(moment) + 6
    assert [r.timestamp_ms for r in found] == sorted(r.timestamp_ms for r in found)
