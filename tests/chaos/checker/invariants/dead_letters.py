"""Dead letters are complete: each poison is one with everybody who reads it, and nothing else is one."""

from __future__ import annotations

from collections import Counter, defaultdict

import orjson

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_READERS = ("matching", "quota", "notifications")
"""Who reads the partners' intake streams; the door is itself their writer and does not read them."""
_UNDECODED = frozenset({"wrong-data", "anothers-source"})
"""Poison that can be told to be of a type; who does not want that type does not read on."""
_OUTCOMES = frozenset(
    {"proposals.accepted", "proposals.declined", "proposals.expired", "proposals.withdrawn"}
)


class DeadLettersComplete:
    """Compares the dead letters with the poison, and refusals on the streams with what was in the inboxes."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, int, int], str] = {}
        self._over: set[str] = set()
        self._made_for: dict[str, set[str]] = defaultdict(set)
        self._refused: Counter[tuple[str, str]] = Counter()

    def see(self, told: Told) -> None:
        """Note answers to proposals, which may rightly come too late, and refusals."""
        if told.type == "proposals.answered" and told.stream == "intake":
            self._answers[told.place] = told.data["proposal"]
        elif told.type in _OUTCOMES:
            self._over.add(told.data["proposal"])
        elif told.type == "proposals.made":
            self._made_for[told.data["participant"]].add(told.data["proposal"])
        elif told.type == "waiting.left" and told.data["reason"] == "placed":
            self._over |= self._made_for[told.data["participant"]]
        elif told.type == "events.refused" and told.first:
            self._refused[told.partner, told.data["code"]] += 1

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Poison without a letter, letters without poison."""
        found = []
        poison = {each.key: each for each in evidence.poisons}
        for service in (*_READERS, "intake"):
            wants = b"participants.stepped" in orjson.dumps(await evidence.ask(service, "/asyncapi"))
            expected = {
                place: poison[key]
                for place, key in evidence.found_poison.items()
                if place[0].endswith(".intake") and poison[key].code
                and service in _READERS
                and (wants or poison[key].name not in _UNDECODED)
            }  # fmt: skip
            letters = {
                (row["topic"], row["partition"], row["offset"]): row
                for row in await evidence.letters(service)
            }
            for place, bad in expected.items():
                if place not in letters:
                    what = f"{service} has no dead letter of {bad.name} at {place}"
                    found.append(Violation("lost", "", what))
                elif letters[place]["code"] != bad.code:
                    found.append(Violation("lost", "", f"{service}: {letters[place]['code']} for {bad}"))
            for place, row in letters.items():
                too_late = row["code"] == "state.conflict" and self._answers.get(place) in self._over
                if place not in expected and not too_late:
                    what = f"{service} buried a sound event at {place}: {row['code']}, {row['detail'][:200]}"
                    found.append(Violation("lost", row["key"] or "", what))
        return found + self._at_the_door(evidence)

    def _at_the_door(self, evidence: Evidence) -> list[Violation]:
        expected: Counter[tuple[str, str]] = Counter()
        codes = {each.key: each.code or "type.unknown" for each in evidence.poisons}
        for (topic, _, _), key in evidence.found_poison.items():
            partner, _, stream = topic.split(".", 1)[1].rpartition(".")
            if stream == "inbox":
                expected[partner, codes[key]] += 1
        return [
            Violation("lost" if expected[name] > self._refused[name] else "doubled", "",
                      f"{expected[name]} were put in an inbox and {self._refused[name]} refused: {name}")
            for name in sorted(expected.keys() | self._refused.keys())
            if expected[name] != self._refused[name]
        ]  # fmt: skip
