"""Deviations: a named person lets somebody go before their turn, says why, and it is reported."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    CalendarDate,
    Count,
    Data,
    Municipality,
    OpaqueId,
    Role,
    ServiceName,
    Stream,
    Text,
)


class DeviationReason(StrEnum):
    """Why somebody is proposed a place before their turn."""

    WORKS_THERE_ALREADY = "works-there-already"
    ONLY_PLACE_THAT_FITS = "only-place-that-fits"
    URGENT = "urgent"
    COUNCIL_DECISION = "council-decision"
    OTHER = "other"


class DeviationOutcome(StrEnum):
    """What came of it."""

    PROPOSED = "proposed"
    NOT_IN_LINE = "not-in-line"
    NOT_AVAILABLE = "not-available"
    NO_SEAT = "no-seat"
    NO_FIT = "no-fit"
    NO_ROOM = "no-room"


class DeviationDecided(
    Data, name="deviations.decided", stream=Stream.INTAKE, key="participant", role=Role.MUNICIPALITY
):
    """Somebody is to be proposed a place before their turn; the municipality answers for it."""

    deviation: OpaqueId
    """The deviation."""
    participant: OpaqueId
    """Who goes first."""
    municipality: Municipality
    """Whose list it is."""
    place: OpaqueId
    """Which place."""
    decided_by: OpaqueId
    """Who decided it: a staff number or a function, not a name."""
    reason: DeviationReason
    """Why."""
    explanation: Text | None = None
    """In a sentence, without personal data; must be there when the reason is `other`."""
    decided_on: CalendarDate
    """Day of the decision."""

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if self.reason is DeviationReason.OTHER and self.explanation is None:
            raise ValueError("explanation must be given when reason is other")
        return self

    @classmethod
    def sample(cls) -> Self:
        """Somebody who has learned the work at this very place."""
        return cls(
            deviation="dev-7",
            participant="p-7f3k2m",
            municipality="0114",
            place="emco-groen-12",
            decided_by="team-werk-14",
            reason=DeviationReason.WORKS_THERE_ALREADY,
            decided_on=date(2020, 11, 30),
        )


class DeviationReported(
    Data,
    name="deviations.reported",
    stream=Stream.MATCHING,
    key="participant",
    service=ServiceName.MATCHING,
):
    """What came of a deviation, and how many people it went before."""

    deviation: OpaqueId
    """The deviation."""
    participant: OpaqueId
    """Who was to go first."""
    municipality: Municipality
    """Whose list it is."""
    place: OpaqueId
    """Which place."""
    outcome: DeviationOutcome
    """What came of it."""
    rank: Annotated[int, Field(ge=1)] | None = None
    """The person's place in the waiting order; null for who is not in line."""
    policy: OpaqueId | None = None
    """The order that was deviated from."""
    passed: Count = 0
    """How many people stood before, could take part and fit the place as well."""
    decided_by: OpaqueId
    """Who decided it."""
    reason: DeviationReason
    """Why."""
    reported_on: CalendarDate
    """Day of the round."""

    @classmethod
    def sample(cls) -> Self:
        """Two people stood before."""
        return cls(
            deviation="dev-7",
            participant="p-7f3k2m",
            municipality="0114",
            place="emco-groen-12",
            outcome=DeviationOutcome.PROPOSED,
            rank=3,
            policy="emmen-volgorde-2017",
            passed=2,
            decided_by="team-werk-14",
            reason=DeviationReason.WORKS_THERE_ALREADY,
            reported_on=date(2020, 12, 1),
        )
