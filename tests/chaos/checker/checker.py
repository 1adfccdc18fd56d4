"""Shows every invariant the whole log once, and asks each for its verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants import INVARIANTS
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import histories, read

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


async def check(evidence: Evidence, say: Callable[[str], None] = lambda _: None) -> Findings:
    """Read the log once and give every invariant its say.

    Args:
        say: is told how far it is, since a long campaign takes minutes to check.
    """
    findings = Findings()
    invariants = [make() for make in INVARIANTS]
    ground, poisoned, began = evidence.ground, evidence.poisoned, time.monotonic()
    async for told in read(ground.kafka, ground.topics, poisoned, evidence.found_poison):
        findings.records += 1
        findings.events += told.first
        for invariant in invariants:
            invariant.see(told)
    say(f"         read {findings.records} records in {time.monotonic() - began:.0f} s")
    for invariant in invariants:
        began = time.monotonic()
        found = await invariant.verdict(evidence)
        findings.violations += found
        seconds = time.monotonic() - began
        say(f"         {type(invariant).__name__}: {len(found)} found, {seconds:.0f} s")
    await _show(findings, evidence)
    return findings


async def _show(findings: Findings, evidence: Evidence) -> None:
    """Add the shortest histories of the first violations of each kind."""
    shown: Counter[str] = Counter()
    asked: set[str] = set()
    for violation in findings.violations:
        shown[violation.counts_as] += 1
        if violation.subject and shown[violation.counts_as] <= _SHOWN:
            if violation.history is None:
                asked.add(violation.subject)
            else:
                findings.histories.setdefault(violation.subject, violation.history)
    if asked:
        ground = evidence.ground
        found = await histories(ground.kafka, ground.topics, evidence.poisoned, asked)
        findings.histories |= {subject: lines for subject, lines in found.items() if lines}
