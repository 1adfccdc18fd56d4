"""Shows every invariant the whole log once, and asks each for its verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants import INVARIANTS
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import history, read

_SHOWN = 3
"""Histories that are printed of each kind; they are alike as a rule."""


@dataclass(slots=True)
class Findings:
    """What the checker found.

    Attributes:
        records: on all topics, repeats included.
        events: without repeats.
        histories: the shortest history of some of the violations.
    """

    records: int = 0
    events: int = 0
    violations: list[Violation] = field(default_factory=list)
    histories: dict[str, list[str]] = field(default_factory=dict)

    @property
    def counted(self) -> Counter[str]:
        """How many violations there are, by the key of the report."""
        return Counter(violation.counts_as for violation in self.violations)


async def check(evidence: Evidence) -> Findings:
    """Read the log once and give every invariant its say."""
    findings = Findings()
    invariants = [make() for make in INVARIANTS]
    ground, poisoned = evidence.ground, evidence.poisoned
    async for told in read(ground.kafka, ground.topics, poisoned, evidence.found_poison):
        findings.records += 1
        findings.events += told.first
        for invariant in invariants:
            invariant.see(told)
    for invariant in invariants:
        findings.violations += await invariant.verdict(evidence)
    shown: Counter[str] = Counter()
    for violation in findings.violations:
        shown[violation.counts_as] += 1
        if violation.subject and shown[violation.counts_as] <= _SHOWN:
            found = violation.history or await history(
                ground.kafka, ground.topics, poisoned, violation.subject
            )
            findings.histories.setdefault(violation.subject, found)
    return findings
