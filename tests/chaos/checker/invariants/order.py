"""Order per key: what was stated in an order about one thing is told, and answered, in that order."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_ANSWERS = ("reservations.granted", "reservations.refused")


class OrderPerKey:
    """Compares the order on each stream with the ledger's, and that of effects with that of their causes."""

    def __init__(self) -> None:
        self._stated: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._asked: list[str] = []
        self._answered: list[str] = []
        self._causes: dict[str, tuple[str, int]] = {}
        self._queued: dict[str, list[str]] = defaultdict(list)

    def see(self, told: Told) -> None:
        """Note the order in which things were told the first time."""
        if not told.first or told.stream == "inbox":
            return
        if told.stream in {"intake", "profiles"}:
            self._stated[told.partner, told.stream, told.key].append(told.id)
        if told.stream in {"intake", "matching"}:
            self._causes[told.id] = (told.topic, told.offset)
        if told.type == "reservations.requested":
            self._asked.append(told.data["reservation"])
        elif told.type in _ANSWERS:
            self._answered.append(told.data["reservation"])
        elif told.type == "notifications.queued":
            self._queued[told.key].append(told.cause)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Where a later one stands before an earlier one."""
        number = {(e.partner, e.id): e.number for e in evidence.ledger}
        found = []
        for (partner, stream, key), ids in self._stated.items():
            numbers = [number[partner, each] for each in ids if (partner, each) in number]
            for before, after in pairwise(numbers):
                if before > after:
                    what = f"on {partner}.{stream} number {before} of the ledger stands before {after}"
                    found.append(Violation("out_of_order", key, what))
        turn = {name: n for n, name in enumerate(self._asked)}
        turns = [turn[name] for name in self._answered if name in turn]
        found += [
            Violation("out_of_order", self._asked[late], "answered after a request that was made later")
            for early, late in pairwise(turns)
            if early > late
        ]
        for person, causes in self._queued.items():
            last: dict[str, int] = {}
            for topic, offset in (self._causes[cause] for cause in causes if cause in self._causes):
                if offset < last.get(topic, -1):
                    what = f"told of {topic}@{offset} after {topic}@{last[topic]}"
                    found.append(Violation("out_of_order", person, what))
                last[topic] = offset
        return found
