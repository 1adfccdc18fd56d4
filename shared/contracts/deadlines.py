"""Days by which something must have happened."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from shared.contracts.base import CalendarDate, Data, Municipality, OpaqueId, ServiceName, Stream


class DeadlineKind(StrEnum):
    """Which deadline."""

    ADVICE = "advice-8-weeks"
    """Besluit advisering beschut werk: UWV advises within eight weeks."""
    BENEFIT_WORK = "benefit-work-9-months"
    """Pw art. 10a: after nine months of work with benefit it is looked at whether it helps."""
    CONTRACT_END = "contract-end"
    """A temporary contract ends soon."""
    NO_CONTACT = "no-contact"
    """Nothing was stated about the person for long."""


class DeadlineDue(
    Data, name="deadlines.due", stream=Stream.INTAKE, key="participant", service=ServiceName.INTAKE
):
    """A deadline is near or past; the guide is told."""

    participant: OpaqueId
    """The person."""
    kind: DeadlineKind
    """Which deadline."""
    due_on: CalendarDate
    """Last day."""
    placement: OpaqueId | None = None
    """The placement it is about, if any."""
    municipality: Municipality | None = None
    """The municipality it concerns, if known."""

    @classmethod
    def sample(cls) -> Self:
        """A contract that ends with the year."""
        return cls(
            participant="p-7f3k2m",
            kind=DeadlineKind.CONTRACT_END,
            due_on=date(2021, 12, 31),
            placement="pl-88",
            municipality="0114",
        )
