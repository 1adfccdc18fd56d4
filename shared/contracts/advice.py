"""Whether somebody has a right to sheltered work: UWV's advice, the municipality's decision (Pw art. 10b)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from shared.contracts.base import (
    CalendarDate,
    Code,
    Data,
    Municipality,
    OpaqueId,
    Role,
    Stream,
)
from shared.contracts.checks import require_order


class AdviceOutcome(StrEnum):
    """What UWV advised (Besluit advisering beschut werk)."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class AskedBy(StrEnum):
    """Who asked for the advice: the person may ask UWV directly (Pw art. 10b(3))."""

    PARTICIPANT = "participant"
    MUNICIPALITY = "municipality"


class DecisionOutcome(StrEnum):
    """What the municipality decided; UWV advises, the municipality decides (Pw art. 10b(1))."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ParticipantAdvised(
    Data, name="participants.advised", stream=Stream.INTAKE, key="participant", role=Role.ADVISOR
):
    """UWV advised on sheltered work (Pw art. 10b(2)): the outcome alone, never its medical grounds."""

    participant: OpaqueId
    """The person."""
    outcome: AdviceOutcome
    """The advice."""
    requested_on: CalendarDate
    """Day on which the advice was asked for."""
    received_on: CalendarDate
    """Day on which UWV had the request; the eight weeks run from here."""
    advised_on: CalendarDate
    """Day of the advice."""
    asked_by: AskedBy
    """Who asked."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order("requested_on", self.requested_on, "received_on", self.received_on)
        require_order("received_on", self.received_on, "advised_on", self.advised_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """A positive advice within the eight weeks."""
        return cls(
            participant="p-7f3k2m",
            outcome=AdviceOutcome.POSITIVE,
            requested_on=date(2020, 9, 1),
            received_on=date(2020, 9, 3),
            advised_on=date(2020, 10, 22),
            asked_by=AskedBy.MUNICIPALITY,
        )


class ParticipantDecided(
    Data, name="participants.decided", stream=Stream.INTAKE, key="participant", role=Role.MUNICIPALITY
):
    """The municipality of domicile decided on sheltered work (Pw art. 10b(1))."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """The municipality that decided."""
    outcome: DecisionOutcome
    """The decision."""
    decided_on: CalendarDate
    """Day of the decision."""
    decided_by: OpaqueId
    """Who decided for the college: a staff number or function, not a name."""
    priority_group: Code | None = None
    """Group that the council gave precedence (Pw art. 10b(5)), if the person is in one."""

    @classmethod
    def sample(cls) -> Self:
        """Granted, without precedence."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            outcome=DecisionOutcome.GRANTED,
            decided_on=date(2020, 11, 5),
            decided_by="team-werk-14",
        )
