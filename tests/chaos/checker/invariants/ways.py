"""Ways between: a bridge begins and ends in turn, and who steps back from a job is in line as before."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_BRIDGES: Final = frozenset({"day_activity", "work_with_benefit", "trial_placement", "learn_work"})
"""Rungs below sheltered work."""
_OF_A_WAIT: Final = frozenset({"waiting.joined", "waiting.left", "bridges.offered", "bridges.ended"})
_OF_A_PERSON: Final = frozenset(
    {"participants.stepped", "participants.left", "participants.decided", "placements.started"}
)


class BridgesAndWaysBack:
    """Follows what people do while they wait, and after they have left sheltered work for a job."""

    def __init__(self) -> None:
        self._waits: dict[str, list[Told]] = defaultdict(list)
        self._facts: dict[str, list[Told]] = defaultdict(list)
        self._ends: dict[str, Told] = {}

    def see(self, told: Told) -> None:
        """Note waits and facts, in the order of their topics."""
        if not told.first or told.stream == "inbox":
            return
        if told.type in _OF_A_WAIT:
            self._waits[told.key].append(told)
        elif told.type in _OF_A_PERSON:
            self._facts[told.key].append(told)
        elif told.type == "placements.ended":
            self._ends[told.data["placement"]] = told

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Bridges out of turn or never ended, and ways back that were not open or not as before."""
        del evidence
        found = []
        for person, said in self._waits.items():
            found += self._in_turn(person, said)
            found += self._back(person, said)
        for person in self._facts:
            found += self._bridge_over(person) + self._stepped_back(person)
        return found

    def _in_turn(self, person: str, said: list[Told]) -> list[Violation]:
        bridged, found = False, []
        for told in said:
            if told.type.startswith("waiting."):
                bridged = False
                continue
            if bridged == (told.type == "bridges.offered"):
                found.append(Violation("doubled", person, f"{told.type}, and it was so already"))
            bridged = told.type == "bridges.offered"
        return found

    def _back(self, person: str, said: list[Told]) -> list[Violation]:
        """Who is told to be back, from a job that ended for a step up, has the dates of before."""
        found, decided_on = [], ""
        for told in said:
            if told.type != "waiting.joined":
                continue
            placement = told.data.get("back_from")
            end = self._ends.get(placement or "")
            if placement and (end is None or end.key != person or end.data["reason"] != "step-up"):
                found.append(
                    Violation("doubled", person, f"back from {placement}, which was not left for a job")
                )
            elif placement and told.data["decided_on"] != decided_on:
                found.append(
                    Violation("lost", person, f"back, and not with the date of before: {decided_on}")
                )
            decided_on = told.data["decided_on"]
        return found

    def _bridge_over(self, person: str) -> list[Violation]:
        """Who waits with a bridge at a host's place that is over, and does nothing else, is owed one anew."""
        said = self._waits[person]
        joined = [n for n, told in enumerate(said) if told.type == "waiting.joined"]
        if not joined or any(told.type == "waiting.left" for told in said[joined[-1] :]):
            return []
        since, facts = said[joined[-1]].data["joined_on"], self._facts[person]
        if any(f.type == "participants.stepped" and f.data["stepped_on"] >= since for f in facts):
            return []
        there = [f for f in facts if f.type == "placements.started" and f.data["starts_on"] >= since]
        if not there or any(f.data["placement"] not in self._ends for f in there):
            return []
        bridge = [told for told in said[joined[-1] :] if told.type.startswith("bridges.")]
        if bridge and bridge[-1].type == "bridges.offered":
            return [Violation("lost", person, "the bridge is over, and nobody was told so")]
        return []

    def _stepped_back(self, person: str) -> list[Violation]:
        """Who left one sheltered job for a step up, stepped back since and was never let go is in line."""
        facts = self._facts[person]
        jobs = [f for f in facts if f.type == "placements.started" and f.data["rung"] == "sheltered_work"]
        decisions = [f for f in facts if f.type == "participants.decided"]
        steps = [f for f in facts if f.type == "participants.stepped"]
        if len(jobs) != 1 or len(decisions) != 1 or any(f.type == "participants.left" for f in facts):
            return []
        end = self._ends.get(jobs[0].data["placement"])
        if end is None or end.data["reason"] != "step-up" or decisions[0].data["outcome"] != "granted":
            return []
        back = steps and steps[-1].data["rung"] in _BRIDGES
        if not back or steps[-1].data["stepped_on"] <= end.data["ended_on"]:
            return []
        if any(told.data.get("back_from") for told in self._waits[person]):
            return []
        return [Violation("lost", person, "left sheltered work for a job, stepped back, and is not in line")]
