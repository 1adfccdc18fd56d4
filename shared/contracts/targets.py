"""The yearly number of a municipality, per fund (Pw art. 10b(4) and (5))."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    Amount,
    CalendarDate,
    Data,
    Fund,
    Hours,
    Municipality,
    Role,
    Stream,
    Text,
    Year,
)
from shared.contracts.vocabulary import Unit


class TargetSet(Data, name="targets.set", stream=Stream.INTAKE, key="municipality", role=Role.MUNICIPALITY):
    """The number for a year; it may come late, be retroactive, rise or fall, and replaces the one before."""

    municipality: Municipality
    """Whose number."""
    year: Year
    """The year at whose end it must be reached."""
    fund: Fund
    """Who pays for these places."""
    number: Annotated[Amount, Field(ge=0)]
    """How many places; whole when contracts are counted."""
    unit: Unit
    """In what it is counted."""
    hours_per_unit: Annotated[Hours, Field(gt=0)] | None = None
    """Hours a week that make one place, where hours are counted."""
    provisional: bool
    """Whether it can still change by publication."""
    published_on: CalendarDate
    """Day of publication; after 1 January of `year` means retroactive."""
    source: Text
    """Where it is published."""
    counts: bool = True
    """False for a figure of another source: it is kept to be compared, and the year does not run on it."""
    reason: Text | None = None
    """Why it differs from what was stated before, where it corrects that."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.unit is Unit.HOURS and self.hours_per_unit is None:
            raise ValueError("hours_per_unit must say how many hours make one place when unit is hours")
        if self.unit is Unit.CONTRACTS and self.number != self.number.to_integral_value():
            raise ValueError(f"number ({self.number}) must be whole when unit is contracts")
        return self

    @classmethod
    def sample(cls) -> Self:
        """Emmen's first number, three weeks late."""
        return cls(
            municipality="0114",
            year=2017,
            fund=Fund.MINISTRY,
            number=Decimal(20),
            unit=Unit.CONTRACTS,
            provisional=False,
            published_on=date(2017, 1, 23),
            source="Staatscourant 2017, 4882",
        )
