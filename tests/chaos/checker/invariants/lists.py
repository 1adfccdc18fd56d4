"""Nobody on two lists: who joins was not on the list, and the list that is shown is the one that was told."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_EMMEN = "0114"


class OnOneList:
    """Follows everybody's joining and leaving."""

    def __init__(self) -> None:
        self._moves: dict[str, list[str]] = defaultdict(list)

    def see(self, told: Told) -> None:
        """Note who joined and who left."""
        if told.first and told.type in {"waiting.joined", "waiting.left"}:
            self._moves[told.key].append(told.type)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Who joined twice, and where what is shown differs from what was told."""
        found = []
        for person, moves in self._moves.items():
            expected = ["waiting.joined", "waiting.left"] * len(moves)
            if moves != expected[: len(moves)]:
                found.append(Violation("two_lists", person, f"joined and left: {', '.join(moves)}"))
        waiting = {person for person, moves in self._moves.items() if moves[-1] == "waiting.joined"}
        rows = await evidence.ask("matching", f"/v1/waiting?municipality={_EMMEN}&on=2199-12-31")
        shown = Counter(row["participant"] for row in rows)
        found += [Violation("two_lists", p, f"shown {n} times") for p, n in shown.items() if n > 1]
        found += [Violation("lost", p, "told to wait and not shown") for p in sorted(waiting - set(shown))]
        return found + [
            Violation("doubled", p, "shown on the list, and not told to wait")
            for p in sorted(set(shown) - waiting)
        ]
