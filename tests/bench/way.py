"""Where the time goes between the door and the queued message, hop by hop, from the notes of the services."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench.latency import quantile
from tests.bench.marked import ACKNOWLEDGED, COMMITTED, FETCHED, LIFTED, READ, ROAD, TAKEN

Notes = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By service, point and person: when the person's decision passed there."""

_SAYS: Final = {
    FETCHED: "handed out by Kafka, once asked",
    TAKEN: "waiting for the batch before it",
    COMMITTED: "in its batch, to the commit",
    LIFTED: "waiting for the relay",
    ACKNOWLEDGED: "sent, to Kafka's answer",
}
_PATIENCE_S: Final = 10.0


def hops(notes: Notes) -> list[dict[str, Any]]:
    """Milliseconds of each hop at the middle and at the slow end, of those who passed both of its ends."""
    points = [(stage, point) for stage in ROAD for point in _SAYS if (stage, point) != ("intake", FETCHED)]
    found: list[dict[str, Any]] = []
    before = notes["intake"].get(READ, {})
    first = before
    for stage, point in points:
        now = notes[stage].get(point, {})
        found.append({"where": stage, "hop": _SAYS[point], **_spread(before, now)})
        before = now
    return [*found, {"where": "", "hop": "in all", **_spread(first, before)}]


def _spread(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    took = sorted(1000 * (now[who] - before[who]) for who in now.keys() & before.keys())
    return {"p50_ms": round(quantile(took, 0.5), 1), "p99_ms": round(quantile(took, 0.99), 1)}


def ask(pid: int, path: Path) -> Mapping[str, Mapping[str, float]]:
    """Have a service write its notes, and read them."""
    path.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + _PATIENCE_S
    while not path.exists():
        if time.monotonic() > end:
            raise RuntimeError(f"there are no notes at {path}")
        time.sleep(0.01)
    notes: Mapping[str, Mapping[str, float]] = orjson.loads(path.read_bytes())
    return notes
