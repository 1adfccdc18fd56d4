"""Municipalities that merge: CBS codes are valid from a day to a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import CalendarDate, Data, Municipality, Role, Stream, Text
from shared.contracts.checks import require_unique


class MunicipalitiesMerged(
    Data, name="municipalities.merged", stream=Stream.INTAKE, key="municipality", role=Role.REGIE
):
    """From a day on these codes are no longer valid, and what stood under them stands under one code.

    For the direction (regie) to state and not for the municipality: it gives one the ledger of another.
    """

    municipality: Municipality
    """The code that goes on; new, or of one of those that merge."""
    predecessors: Annotated[tuple[Municipality, ...], Field(min_length=1, max_length=50)]
    """The codes that end."""
    merged_on: CalendarDate
    """First day of the merged municipality; in the Netherlands a 1 January."""
    source: Text
    """Where it is laid down."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_unique("predecessors", self.predecessors)
        if self.municipality in self.predecessors:
            raise ValueError(f"municipality ({self.municipality}) goes on, so it is no predecessor")
        return self

    @classmethod
    def sample(cls) -> Self:
        """Groningen, Haren and Ten Boer."""
        return cls(
            municipality="0014",
            predecessors=("0017", "0009"),
            merged_on=date(2019, 1, 1),
            source="Wet tot samenvoeging van de gemeenten Groningen, Haren en Ten Boer",
        )
