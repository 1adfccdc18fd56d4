"""Deviations from the order: decided by a named person with a reason, tried in the next round, reported.

The order is the council's (Pw art. 10b(5)). Who departs from it answers for it; what a place must have
for somebody, its seats and the number hold for them as for anyone.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import (
    DeviationDecided,
    DeviationOutcome,
    DeviationReason,
    DeviationReported,
    Reason,
)


class Deviation(Struct, frozen=True):
    """A deviation; what came of it is stated by matching itself, all else by the municipality."""

    deviation: str
    participant: str
    municipality: str
    place: str = ""
    decided_by: str = ""
    reason: DeviationReason | None = None
    explanation: str | None = None
    decided_on: date | None = None
    outcome: DeviationOutcome | None = None
    rank: int | None = None
    policy: str | None = None
    passed: int = 0
    reported_on: date | None = None

    def pending(self, today: date) -> bool:
        """True when it is to be tried in a round of that day."""
        return self.reported_on is None and self.decided_on is not None and self.decided_on <= today

    def why(self) -> Reason:
        """The reason as it stands with a proposal: that it is before its turn, and who answers for it."""
        code = (self.reason or DeviationReason.OTHER).value
        return Reason(
            rule="deviation", code=code, params={"decided_by": self.decided_by, "deviation": self.deviation}
        )


def decided(known: Deviation | None, data: DeviationDecided) -> Deviation:
    """The deviation as it was decided; the first statement of it stands."""
    row = known or Deviation(data.deviation, data.participant, data.municipality)
    if row.decided_on is not None:
        return row
    return replace(
        row,
        place=data.place,
        decided_by=data.decided_by,
        reason=data.reason,
        explanation=data.explanation,
        decided_on=data.decided_on,
    )


def reported(known: Deviation | None, data: DeviationReported) -> Deviation:
    """What came of it."""
    row = known or Deviation(data.deviation, data.participant, data.municipality)
    return replace(
        row,
        outcome=data.outcome,
        rank=data.rank,
        policy=data.policy,
        passed=data.passed,
        reported_on=data.reported_on,
    )


def report(
    deviation: Deviation,
    outcome: DeviationOutcome,
    today: date,
    *,
    rank: int | None = None,
    policy: str | None = None,
    passed: int = 0,
) -> DeviationReported:
    """What is stated of it, once."""
    return DeviationReported(
        deviation=deviation.deviation,
        participant=deviation.participant,
        municipality=deviation.municipality,
        place=deviation.place,
        outcome=outcome,
        rank=rank,
        policy=policy,
        passed=passed,
        decided_by=deviation.decided_by,
        reason=deviation.reason or DeviationReason.OTHER,
        reported_on=today,
    )
