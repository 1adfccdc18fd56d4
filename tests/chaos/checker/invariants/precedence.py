"""Precedence: a repeated grant changes the group of who waits once, and only as it was granted."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_Group = str | None


class PrecedenceAsGranted:
    """Follows the group of everybody who waits, beside what the municipality granted."""

    def __init__(self) -> None:
        self._grants: dict[str, list[tuple[str, _Group]]] = defaultdict(list)
        self._told: dict[str, list[tuple[str, _Group, str]]] = defaultdict(list)

    def see(self, told: Told) -> None:
        """Note grants, and the group that matching goes by."""
        if not told.first or told.stream == "inbox":
            return
        data = told.data
        if told.type == "participants.decided":
            group = data.get("priority_group") if data["outcome"] == "granted" else None
            self._grants[told.key].append((data["decided_on"], group))
        elif told.type in {"waiting.joined", "waiting.changed"}:
            on = data["decided_on"] if told.type == "waiting.joined" else data["changed_on"]
            self._told[told.key].append((on, data.get("priority_group"), told.type))
        elif told.type == "waiting.left":
            self._told[told.key].append(("", None, told.type))

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Changes that nobody granted, changes told twice, and groups that never took effect."""
        del evidence
        found = []
        for person, said in self._told.items():
            grants = Counter(self._grants[person])
            before: _Group = None
            for on, group, kind in said:
                if kind == "waiting.changed" and (on, group) not in grants:
                    found.append(Violation("doubled", person, f"group {group} of {on}, which nobody granted"))
                if kind == "waiting.changed" and group == before:
                    found.append(Violation("doubled", person, f"group {group} told again on {on}"))
                before = group
            waits = said[-1][2] != "waiting.left"
            if waits and self._grants[person] and self._grants[person][-1][1] != before:
                found.append(Violation("lost", person, f"waits in group {before}, and not as granted last"))
        return found
