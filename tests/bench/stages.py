"""Where the processor goes: each step of a matching batch by itself, in memory, without any server.

`python -m tests.bench.stages` prints microseconds of processor an event. The best of several goes counts,
so a busy machine disturbs it little; what waiting, PostgreSQL and Kafka cost is not in it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.partners_file import load_all
from services.matching.handlers import Matching, served, speaks_for
from services.matching.world import World
from shared.messaging import locks, outbox
from shared.messaging.batch import Arrival, Batch, Result
from shared.messaging.doorkeeping import Doorkeeper
from shared.messaging.event import Event, decode
from shared.messaging.inbox import enter
from shared.messaging.registry import Registry
from shared.messaging.service import Record
from shared.messaging.topics import Topics
from shared.telemetry import metrics
from tests.bench import workload
from tests.bench.workload import GUIDE
from tests.delivery.programs import ROOT

_BATCH: Final = 500
_GOES: Final = 15
_FACTS: Final = (workload.registered, workload.profiled, workload.advised)
_TOPICS: Final = Topics("bench")


class _Nowhere:
    """A connection that takes everything and has nothing."""

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def execute(self, *_: Any) -> str:
        return ""

    async def copy_records_to_table(self, *_: Any, records: Sequence[Any], columns: Sequence[str]) -> None:
        pass


class Stages:
    """A batch of one kind of events, step by step.

    Args:
        kinds: what is stated of each person in the batch.
        known: whether the facts about them are known already.
    """

    def __init__(self, kinds: Sequence[Callable[[str], Event]], *, known: bool) -> None:
        self._service = Matching(GUIDE)
        self._registry = Registry.of([f.record for f in load_all(ROOT / "deploy" / "partners")])
        self._doorkeeper = Doorkeeper(self._service, _TOPICS, frozenset({GUIDE}))
        self._records = _records(kinds)
        self._arrivals = self._sorted(self._records)
        self._events = [a.event for a in self._arrivals if a.event is not None]
        self._before = [a.event for a in self._sorted(_records(_FACTS))] if known else []

    def measure(self) -> dict[str, float]:
        """Microseconds of processor an event, by step."""
        worlds = [self._world() for _ in range(_GOES)]
        batches = [Batch(self._service, self._registry, GUIDE, world) for world in worlds]
        results: list[Result] = []
        nowhere: Any = _Nowhere()
        entering = list(zip(self._events, self._records, strict=True))
        steps: dict[str, Callable[[], object]] = {
            "read": self._decode,
            "checks at the door, reading included": lambda: self._sorted(self._records),
            "inbox": lambda: _run(enter(nowhere, entering)),
            "locks": lambda: locks.of(self._touched()),
            "load, without what is found": lambda: _run(
                self._service.load(nowhere, self._events, self._registry)
            ),
            "decide and evolve": lambda: results.append(batches.pop().run(self._arrivals, [])),
            "save": lambda: _run(self._service.save(nowhere, worlds[-1])),
            "outbox": lambda: _run(outbox.add(nowhere, _TOPICS, results[-1].stated)),
            "metrics": lambda: metrics.outcomes(self._service.name, results[-1].outcomes(self._records)),
        }
        return {name: 1e6 * _best(step) / len(self._records) for name, step in steps.items()}

    def _touched(self) -> set[str]:
        return {name for event in self._events for name in self._service.touches(event)}

    def _decode(self) -> None:
        for record in self._records:
            partner, stream = _TOPICS.parse(record.topic)
            decode(record.value or b"", partner=partner, stream=stream, wanted=self._service.types)

    def _sorted(self, records: Sequence[Record]) -> list[Arrival]:
        arrivals = self._doorkeeper.sort(records, self._registry, datetime.now(UTC))
        assert all(a.event is not None and a.settled is None for a in arrivals), arrivals[0]
        return arrivals

    def _world(self) -> World:
        world = World(serves=served(self._registry, GUIDE), speaks_for=speaks_for(self._registry))
        for event in self._before:
            assert event is not None
            self._service.evolve(world, event)
        return world


def table() -> dict[str, dict[str, float]]:
    """Every step, for facts and for decisions."""
    return {
        "facts": Stages(_FACTS, known=False).measure(),
        "decisions": Stages((workload.decided,), known=True).measure(),
    }


def _records(kinds: Sequence[Callable[[str], Event]]) -> list[Record]:
    people = workload.people(_BATCH)
    sent = workload.on_topics([kind(person) for kind in kinds for person in people], _TOPICS)
    return [Record(each.topic, each.value, each.key, 0, n) for n, each in enumerate(sent)]


def _run(step: Coroutine[Any, Any, Any]) -> None:
    # Nothing in it waits, so it needs no loop; and a loop of its own would be in the figure.
    try:
        step.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


def _best(step: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_GOES):
        gc.collect()
        started = time.process_time()
        step()
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    """Print the table."""
    found = table()
    shown = Table("", *[f"{kind}, µs" for kind in found])
    for name in found["facts"]:
        shown.add_row(name, *[f"{found[kind][name]:.1f}" for kind in found])
    Console().print(shown)


if __name__ == "__main__":
    main()
