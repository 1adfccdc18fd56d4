"""One of our services as it is, which notes when each decision passes the points of its way.

`STAGE=matching NOTES=<file> python -m tests.bench.marked` runs the service as its own module does. At SIGUSR1
it writes the file: by point and by person, when the decision on that person passed there first, in seconds of
the clock that all processes of a machine share.
"""

from __future__ import annotations

import functools
import os
import runpy
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from aiokafka.consumer.fetcher import PartitionRecords

from services.intake.door import Door
from shared.contracts import ParticipantDecided, WaitingJoined
from shared.messaging import relay
from shared.messaging.runner import Runner
from shared.messaging.service import Record

READ: Final = "read"
"""At the door alone: the request is there and its caller is known."""
FETCHED: Final = "fetched"
"""Elsewhere: Kafka's answer with it is there."""
TAKEN: Final = "taken"
COMMITTED: Final = "committed"
LIFTED: Final = "lifted"
"""Out of the outbox, by the relay."""
ACKNOWLEDGED: Final = "acknowledged"

_DECIDED: Final = f'"type":"{ParticipantDecided.TYPE}"'.encode()
_JOINED: Final = f'"type":"{WaitingJoined.TYPE}"'.encode()
_QUEUED: Final = b'"template":"waiting-joined"'
ROAD: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "intake": (_DECIDED, _DECIDED),
    "matching": (_DECIDED, _JOINED),
    "notifications": (_JOINED, _QUEUED),
}
"""By service, what is looked for in the events that it reads, and in those that it states."""


class Notes:
    """When what passed where; one service's.

    Args:
        stage: its name.
    """

    def __init__(self, stage: str) -> None:
        self._coming, self._going = ROAD[stage]
        self._fetched: dict[tuple[str, int], float] = {}
        self.passed: dict[str, dict[str, float]] = {}

    def note(self, point: str, keys: Iterable[bytes], at: float | None = None) -> None:
        """These pass a point, now or at a given moment; who passed it before is not noted again."""
        now, there = at or time.perf_counter(), self.passed.setdefault(point, {})
        for key in keys:
            there.setdefault(key.decode(), now)

    def coming(self, records: Sequence[Record]) -> list[Record]:
        """Those of a batch that are on the way."""
        return [r for r in records if r.key is not None and r.value is not None and self._coming in r.value]

    def write(self, path: Path) -> None:
        """Write all that was noted; whole or not at all, since somebody waits for the file."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(self.passed))
        fresh.replace(path)

    def install(self) -> None:
        """Begin to take notes."""
        self._at_the_door()
        self._of_kafka()
        self._of_the_batches()
        self._of_the_relay()

    def _at_the_door(self) -> None:
        hand_in = Door.hand_in

        @functools.wraps(hand_in)
        async def handed_in(door: Door, partner: str, events: Any) -> Any:
            decided = [event for event in events if event["type"] == ParticipantDecided.TYPE]
            self.note(READ, [event["data"]["participant"].encode() for event in decided])
            return await hand_in(door, partner, events)

        Door.hand_in = handed_in  # type: ignore[assignment, method-assign]

    def _of_kafka(self) -> None:
        made = PartitionRecords.__init__

        @functools.wraps(made)
        def fetched(of: Any, tp: Any, *arguments: Any, **named: Any) -> None:
            # Until these are taken the client asks for no more of the same partition.
            self._fetched[tuple(tp)] = time.perf_counter()
            made(of, tp, *arguments, **named)

        PartitionRecords.__init__ = fetched

    def _of_the_batches(self) -> None:
        process = Runner.process

        @functools.wraps(process)
        async def processed(runner: Runner[Any], records: Sequence[Record]) -> Any:
            coming = self.coming(records)
            keys = [record.key for record in coming if record.key is not None]
            for record in coming:
                if not record.over_http:
                    at = self._fetched[record.topic, record.partition]
                    self.note(FETCHED, [record.key or b""], at)
            self.note(TAKEN, keys)
            outcomes = await process(runner, records)
            self.note(COMMITTED, keys)
            return outcomes

        Runner.process = processed  # type: ignore[assignment, method-assign]

    def _of_the_relay(self) -> None:
        send = relay._send

        @functools.wraps(send)
        async def sent(producer: Any, rows: Sequence[Any]) -> None:
            keys = [row["key"] for row in rows if self._going in row["payload"]]
            self.note(LIFTED, keys)
            await send(producer, rows)
            self.note(ACKNOWLEDGED, keys)

        relay._send = sent


def main(stage: str, path: Path) -> None:
    """Run the service until it is ended."""
    notes = Notes(stage)
    notes.install()
    signal.signal(signal.SIGUSR1, lambda *_: notes.write(path))
    runpy.run_module(f"services.{stage}", run_name="__main__")


if __name__ == "__main__":
    main(os.environ["STAGE"], Path(os.environ["NOTES"]))
