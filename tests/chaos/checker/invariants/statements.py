"""Nothing lost: what a partner stated and was taken lies on that partner's stream; what was not, does not."""

from __future__ import annotations

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told
from tests.chaos.driver.ledger import TAKEN, UNANSWERED


class NothingLost:
    """Compares the ledger with the streams."""

    def __init__(self) -> None:
        self._there: dict[tuple[str, str, str, str], bytes] = {}
        self._refused: dict[tuple[str, str], str] = {}
        self._changed: list[Told] = []

    def see(self, told: Told) -> None:
        """Note what partners stated, and what came back refused."""
        if told.type == "events.refused":
            self._refused[told.partner, told.data.get("event_id") or ""] = told.data["code"]
        elif told.stream != "inbox":
            before = self._there.setdefault((told.partner, told.stream, told.source, told.id), told.digest)
            if before != told.digest:
                self._changed.append(told)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Events that were taken and are not there, and the other way round."""
        found = [
            Violation("doubled", told.key, f"{told.id} lies on {told.topic} with two different bodies")
            for told in self._changed
        ]
        for entry in evidence.ledger:
            there = (entry.partner, entry.stream, entry.source, entry.id) in self._there
            refused = self._refused.get((entry.partner, entry.id), "")
            taken = entry.answer in TAKEN
            if taken and not there:
                what = f"{entry.partner} stated {entry.id} over {entry.over}, was told `{entry.answer}`"
                found.append(Violation("lost", entry.key, f"{what}; refused: `{refused or 'no'}`"))
            elif not taken and entry.answer != UNANSWERED and there:
                found.append(Violation("doubled", entry.key, f"{entry.id} was {entry.answer} and lies there"))
            elif not taken and entry.answer != UNANSWERED:
                what = f"{entry.partner}'s sound statement {entry.id} was refused: {entry.answer}"
                found.append(Violation("lost", entry.key, what))
        there_too = {(source, number) for _, _, source, number in self._there} & evidence.turned_away
        return found + [
            Violation("doubled", number, "turned away by the door with 429, and taken all the same")
            for _, number in sorted(there_too)
        ]
