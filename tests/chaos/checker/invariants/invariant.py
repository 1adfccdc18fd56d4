"""What an invariant is: it sees every event once and then says what was violated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.log import Told


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept.

    Attributes:
        counts_as: key of the report.
        subject: whose history shows it.
        history: the events that show it, where that is less than all of the subject's.
    """

    counts_as: str
    subject: str
    what: str
    history: list[str] | None = None


class Invariant(Protocol):
    """Something that holds whatever happens."""

    def see(self, told: Told) -> None:
        """Look at one event of the log; partition after partition, in order within each."""

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """What was violated."""
