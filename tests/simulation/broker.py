"""Kafka in memory: partitioned logs, producers whose answers get lost, and groups whose partitions move."""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, OutOfOrderSequenceNumber

from shared.messaging.service import Record
from tests.simulation.chance import Chance, Fault, Place
from tests.simulation.connection import Client
from tests.simulation.history import History

Partition = tuple[str, int]

_RESTART_S: Final = 0.2
_MOST_IN_A_BATCH: Final = 20
_EPOCH_MS: Final = 1_600_000_000_000


class Broker:
    """The log.

    Args:
        partitions: of each topic.
    """

    def __init__(self, partitions: int, chance: Chance, history: History) -> None:
        self.log: dict[Partition, list[Record]] = {}
        self.up = True
        self.groups: list[Group] = []
        self._partitions = partitions
        self._counts: dict[str, int] = {}
        self.chance = chance
        self._history = history

    def create(self, topic: str, partitions: int | None = None) -> None:
        """Make a topic, as `provision` does; nothing else makes one."""
        self._counts[topic] = partitions or self._partitions
        for number in range(self._counts[topic]):
            self.log[topic, number] = []

    def partitions(self, topic: str) -> int:
        """How many a topic has."""
        return self._counts[topic]

    def append(
        self, who: str, topic: str, key: bytes, value: bytes | None, partition: int | None = None
    ) -> Record:
        """Write a record; from here on it is read.

        Args:
            partition: where; by its key when not given.
        """
        if partition is None:
            partition = zlib.crc32(key) % self._counts[topic]
        place = topic, partition
        log = self.log[place]
        at = _EPOCH_MS + round(asyncio.get_running_loop().time() * 1000)
        record = Record(topic, value, key, place[1], len(log), at)
        log.append(record)
        self._history.note(who, "published", topic, place[1], record.offset, key.decode())
        for group in self.groups:
            group.news(place)
        return record

    def restart(self) -> None:
        """Answer nobody for a while; what was written is still there."""
        self.up = False
        asyncio.get_running_loop().call_later(self.chance.between(0.0, _RESTART_S), self._come_up)

    def _come_up(self) -> None:
        self.up = True
        for group in self.groups:
            group.news()


class Batch:
    """Records that go to one partition together.

    Args:
        most: how many go in.
    """

    def __init__(self, most: int) -> None:
        self.records: list[tuple[bytes, bytes]] = []
        self._most = most

    def append(self, *, timestamp: int | None, key: bytes, value: bytes, headers: Any) -> object | None:
        """Add a record; None when it is full."""
        assert timestamp is None
        assert headers
        if len(self.records) == self._most:
            return None
        self.records.append((key, value))
        return self


class Producer:
    """What the relay sees of aiokafka's idempotent producer.

    Per partition one thing follows the other: once something was lost there, nothing more gets in.
    """

    def __init__(self, broker: Broker, client: Client, who: str) -> None:
        self._broker = broker
        self._client = client
        self._who = who
        self._broken: set[Partition] = set()
        self._due: dict[Partition, float] = {}

    async def start(self) -> None:
        """Find the broker."""
        await self._client.ready()
        if not self._broker.up:
            raise KafkaConnectionError("no broker answers")

    async def stop(self) -> None:
        """Nothing is kept."""

    async def partitions_for(self, topic: str) -> set[int]:
        """The partitions of a topic."""
        await self._client.ready()
        if not self._broker.up:
            raise KafkaConnectionError("no broker answers")
        return set(range(self._broker.partitions(topic)))

    def create_batch(self) -> Batch:
        """An empty batch; how much goes in is left to chance, for records here are small."""
        return Batch(self._broker.chance.at_most(_MOST_IN_A_BATCH))

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[None]:
        """Send; the acknowledgement comes later, or never."""
        await self._client.ready()
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()
        place = topic, partition
        fault = self._broker.chance.fault(Place.SEND)
        if fault is Fault.CRASH:
            self._client.crash()
            await self._client.ready()
        elif fault is Fault.PAUSE:
            self._client.pause()
            await self._client.ready()
        elif fault is Fault.BROKER_RESTART:
            self._broker.restart()
        if place in self._broken:
            acknowledged.set_exception(OutOfOrderSequenceNumber())
        elif fault is Fault.SEND_LOST or not self._broker.up:
            self._broken.add(place)
            acknowledged.set_exception(KafkaTimeoutError("not sent in time"))
        else:
            if fault is Fault.ACK_LOST:
                self._broken.add(place)

            def arrive() -> None:
                for key, value in batch.records:
                    self._broker.append(self._who, topic, key, value, partition)
                if acknowledged.done():
                    return
                if fault is Fault.ACK_LOST:
                    acknowledged.set_exception(KafkaTimeoutError("not acknowledged in time"))
                else:
                    acknowledged.set_result(None)

            self._after(self._broker.chance.hesitation(), place, arrive)
        return acknowledged

    def _after(self, late: float, place: Partition, arrive: Callable[[], None]) -> None:
        """Let it arrive, behind what goes to the same partition."""
        loop = asyncio.get_running_loop()
        due = max(loop.time() + late, self._due.get(place, 0.0))
        if due <= loop.time():
            arrive()
        else:
            # Timers of one moment have no order of their own.
            due = self._due[place] = due + 1e-5
            loop.call_at(due, arrive)


class Group:
    """A consumer group: who reads which partitions, and from where after a change.

    Args:
        wanted: whether a topic is subscribed to.
    """

    def __init__(self, name: str, broker: Broker, wanted: Callable[[str], bool], history: History) -> None:
        self.name = name
        self.broker = broker
        self.partitions = sorted(place for place in broker.log if wanted(place[0]))
        self.committed: dict[Partition, int] = defaultdict(int)
        self.generation = 0
        self.members: list[Member] = []
        self._history = history
        self._mine = frozenset(self.partitions)
        broker.groups.append(self)

    def join(self, member: Member) -> None:
        """One more to share with."""
        self.members.append(member)
        self.rebalance()

    def leave(self, member: Member) -> None:
        """Gone, or thought to be."""
        if member in self.members:
            self.members.remove(member)
            member.news.set()
            self.rebalance()

    def rebalance(self) -> None:
        """Deal the partitions anew; whoever is in the middle of a batch does not hear of it until later.

        That is what happens when a session has expired. In an orderly change the batch is waited for,
        and then there is nothing to go wrong.
        """
        self.generation += 1
        for member in self.members:
            member.positions = {}
        if self.members:
            dealt = self.broker.chance.shuffled(list(self.members))
            for number, place in enumerate(self.partitions):
                dealt[number % len(dealt)].positions[place] = self.committed[place]
        self._history.note(self.name, "partitions dealt to", *[member.name for member in self.members])
        for member in self.members:
            member.generation = self.generation
            member.news.set()

    def rewind(self, member: Member) -> None:
        """An operator sets offsets back, or a commit of long ago is all there is."""
        for place in member.positions:
            at = self.committed[place]
            if at:
                back = self.broker.chance.at_most(min(at, 5))
                self.committed[place] = member.positions[place] = at - back
        self._history.note(self.name, "offsets set back for", member.name)

    def commit(self, member: Member, positions: dict[Partition, int]) -> bool:
        """Keep how far a member has come, if its partitions are still its own."""
        if member.generation != self.generation or member not in self.members:
            return False
        self.committed.update(positions)
        return True

    def news(self, place: Partition | None = None) -> None:
        """There is something to read."""
        for member in self.members:
            if place is None or place in member.positions:
                member.news.set()

    @property
    def lag(self) -> int:
        """Records that nobody has taken yet; offsets whose commit was lost stay behind for good."""
        taken: dict[Partition, int] = {}
        for member in self.members:
            taken |= member.positions
        return sum(
            len(self.broker.log[place]) - taken.get(place, self.committed[place]) for place in self.partitions
        )


class Member:
    """One reader of a group."""

    def __init__(self, name: str, group: Group) -> None:
        self.name = name
        self.group = group
        self.generation = -1
        self.positions: dict[Partition, int] = {}
        self.news = asyncio.Event()

    def poll(self, most: int) -> tuple[list[Record], dict[Partition, int]]:
        """Some of what is there, from some of the partitions, and how far that is."""
        broker = self.group.broker
        chance = broker.chance
        if not broker.up:
            return [], {}
        log = broker.log
        ready = [place for place, at in self.positions.items() if at < len(log[place])]
        ready = chance.shuffled(ready)
        if chance.odds(0.3):
            ready = ready[: chance.at_most(len(ready) or 1)]
        records: list[Record] = []
        reached: dict[Partition, int] = {}
        for place in ready:
            at = self.positions[place]
            found = log[place][at : at + most - len(records)]
            if not found:
                break
            records += found
            reached[place] = self.positions[place] = at + len(found)
        return records, reached

    def seek_back(self) -> None:
        """Read again what is not committed."""
        for place in self.positions:
            self.positions[place] = self.group.committed[place]
        self.news.set()
