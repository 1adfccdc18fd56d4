"""Every effect once: what must follow from a step follows, and follows one time."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_ONCE: Final = {
    "reservations.requested": ("asked", "reservation"),
    "reservations.granted": ("answered", "reservation"),
    "reservations.refused": ("answered", "reservation"),
    "reservations.released": ("closed", "reservation"),
    "reservations.expired": ("closed", "reservation"),
    "reservations.used": ("closed", "reservation"),
    "proposals.made": ("made", "proposal"),
    "proposals.accepted": ("accepted", "proposal"),
    "proposals.declined": ("fell", "proposal"),
    "proposals.expired": ("fell", "proposal"),
    "proposals.withdrawn": ("fell", "proposal"),
    "deviations.reported": ("reported", "deviation"),
}
"""Of each type: as which step it counts, and whose step it is. Each step is taken once."""
_NAMED: Final = {
    "reservations.granted": "reservation",
    "proposals.answered": "proposal",
    "waiting.joined": "participant",
    "deviations.decided": "deviation",
}
"""Of each type: what it names, so that something must follow."""


class EveryEffectOnce:
    """Follows reservations, proposals and decisions from service to service."""

    def __init__(self) -> None:
        self._steps: dict[str, Counter[str]] = defaultdict(Counter)
        self._proposal_of: dict[str, str] = {}
        self._made_for: dict[str, set[str]] = defaultdict(set)
        self._placed: set[str] = set()
        self._named: dict[str, set[str]] = defaultdict(set)
        self._decided: set[str] = set()
        self._started: set[str] = set()
        self._due: Counter[tuple[str, ...]] = Counter()

    def see(self, told: Told) -> None:
        """Count the steps."""
        if not told.first or told.stream == "inbox":
            return
        data = told.data
        if told.type in _ONCE:
            step, whose = _ONCE[told.type]
            self._steps[step][data[whose]] += 1
        if told.type in _NAMED:
            self._named[told.type].add(data[_NAMED[told.type]])
        elif told.type.startswith("proposals.") and data.get("reservation"):
            self._proposal_of[data["reservation"]] = data["proposal"]
            if told.type == "proposals.made":
                self._made_for[data["participant"]].add(data["proposal"])
        elif told.type == "waiting.left" and data["reason"] == "placed":
            # A contract on an earlier proposal's word ends a later one without an answer to it.
            self._placed |= self._made_for[data["participant"]]
        elif told.type == "participants.decided" and data["outcome"] == "granted":
            self._decided.add(data["participant"])
        elif told.type == "placements.started" and data.get("proposal"):
            self._started.add(data["proposal"])
        elif told.type == "deadlines.due":
            self._due[told.key, data["kind"], data["due_on"], data.get("placement") or ""] += 1

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Steps that were taken twice, and steps that never came."""
        del evidence
        made, fell = self._steps["made"], self._steps["fell"]
        found = [
            Violation("doubled", name, f"{step} {count} times")
            for step, counts in self._steps.items()
            for name, count in counts.items()
            # What fell before it was made gives its room back once more when that is granted after all.
            if count > (1 if step != "fell" or made[name] else 2)
        ]
        found += [
            Violation("doubled", due[0], f"due {n} times: {due}") for due, n in self._due.items() if n > 1
        ]
        asked, answered, closed = (set(self._steps[step]) for step in ("asked", "answered", "closed"))
        deviations = self._named["deviations.decided"]
        missing = {
            "room was asked for and never answered": asked - answered,
            "a proposal was answered and nothing came of it": {
                p
                for p in self._named["proposals.answered"] - self._placed
                if p in made and not (fell[p] or self._steps["accepted"][p])
            },
            "a deviation was decided and nothing was reported of it": deviations
            - set(self._steps["reported"]),
            "a deviation was reported that nobody decided": set(self._steps["reported"]) - deviations,
            "a decision that grants did not put the person on the list": self._decided
            - self._named["waiting.joined"],
        }
        for what, names in missing.items():
            found += [Violation("lost", name, what) for name in sorted(names)]
        for reservation in sorted(self._named["reservations.granted"]):
            proposal = self._proposal_of.get(reservation, "")
            if not (made[proposal] or fell[proposal]):
                found.append(Violation("lost", reservation, "room was granted and nothing was proposed"))
            elif (fell[proposal] or proposal in self._started) and reservation not in closed:
                found.append(
                    Violation("lost", reservation, "the proposal is over and the room is still held")
                )
        return found
