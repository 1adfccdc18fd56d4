"""Rounds: a place is weighed once a round, its seats are all accounted for, and everybody has a reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Final

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_ASKED: Final = 25
"""People whose reasons are asked at the door; the rest are alike."""
_NOT_IN_LINE: Final = "not-in-line"
_OVER: Final = frozenset(
    {"reservations.refused", "proposals.declined", "proposals.expired", "proposals.withdrawn"}
)


class EveryRoundExplained:
    """Follows the places that are weighed, who is given their seats, and what everybody else is told."""

    def __init__(self) -> None:
        self._weighed: dict[tuple[str, str], list[Told]] = defaultdict(list)
        self._given: Counter[tuple[str, str]] = Counter()
        self._asked: dict[str, set[str]] = defaultdict(set)
        self._over: set[str] = set()
        self._waits: dict[str, list[Told]] = defaultdict(list)

    def see(self, told: Told) -> None:
        """Note rounds, by the tick that caused them."""
        if not told.first:
            return
        data = told.data
        if told.type == "places.weighed":
            self._weighed[data["place"], told.cause].append(told)
        elif told.type == "reservations.requested":
            self._given[data["place"], told.cause] += 1
            self._asked[data["participant"]].add(data["reservation"])
        elif told.type in _OVER and data.get("reservation"):
            self._over.add(data["reservation"])
        elif told.type in {"waiting.joined", "waiting.left", "waiting.passed-over"}:
            self._waits[told.key].append(told)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Rounds held twice, seats that went nowhere, and people who were told nothing."""
        found = []
        for (place, cause), said in self._weighed.items():
            if len(said) > 1:
                found.append(
                    Violation("doubled", place, f"weighed {len(said)} times in the round of {cause}")
                )
            free, left = said[0].data["seats_free"], said[0].data["seats_left"]
            given = self._given[place, cause]
            if free - left != given:
                what = f"{free} seats free and {left} left in the round of {cause}, and {given} given"
                found.append(Violation("doubled" if given > free - left else "lost", place, what))
        for place, cause in sorted(self._given.keys() - self._weighed.keys()):
            found.append(Violation("lost", place, f"given in the round of {cause} and not weighed in it"))
        in_line = []
        for person, said in self._waits.items():
            reasons = _since_joined(said)
            if reasons is None:
                continue
            for before, after in pairwise(reasons):
                # After a proposal that fell the reason is told anew.
                if before == after and not self._asked[person]:
                    found.append(Violation("doubled", person, f"passed over for the same twice: {after}"))
            if not reasons and not self._asked[person] - self._over:
                found.append(Violation("lost", person, "waits, and was never told why there is no proposal"))
            if reasons:
                in_line.append(person)
        return found + await self._at_the_door(evidence, sorted(in_line))

    async def _at_the_door(self, evidence: Evidence, people: list[str]) -> list[Violation]:
        """Of some who were passed over: a reason for each of the places weighed last."""
        found = []
        last: dict[str, Told] = {}
        for (place, _), said in self._weighed.items():
            if place not in last or said[0].at_ms > last[place].at_ms:
                last[place] = said[0]
        for person in people[:: max(1, len(people) // _ASKED)][:_ASKED]:
            told_at = next(t.at_ms for t in reversed(self._waits[person]) if t.type == "waiting.joined")
            rows = await evidence.ask("matching", f"/v1/waiting/{person}/reasons")
            answers = {(row["place"], row["round_on"]): row for row in rows}
            for place, weighing in last.items():
                row = answers.get((place, weighing.data["weighed_on"]))
                if row is None or not row["sentence"]:
                    found.append(Violation("lost", person, f"no reason for {place}, weighed last"))
                elif (
                    row["answer"] == _NOT_IN_LINE
                    and told_at < weighing.at_ms
                    and self._was_told(person, weighing)
                ):
                    found.append(Violation("lost", person, f"{place}: not in line, and passed over in it"))
        return found

    def _was_told(self, person: str, weighing: Told) -> bool:
        """Whether the person was passed over in that very round."""
        return any(t.cause == weighing.cause for t in self._waits[person] if t.type == "waiting.passed-over")


def _since_joined(said: list[Told]) -> list[tuple[str, str | None]] | None:
    """Reason and profile of each passing over in the wait that goes on; None for who does not wait."""
    reasons: list[tuple[str, str | None]] | None = None
    for told in said:
        if told.type == "waiting.joined":
            reasons = []
        elif told.type == "waiting.left":
            reasons = None
        elif reasons is not None:
            reasons.append((told.data["reason"], told.data.get("profile")))
    return reasons
