"""What is free under a municipality's number, per fund."""

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
    Municipality,
    Part,
    ServiceName,
    Stream,
    Year,
)
from shared.contracts.checks import require_unique
from shared.contracts.vocabulary import Unit


class FundCapacity(Part):
    """One fund's part of the number."""

    fund: Fund
    """Who pays."""
    target: Amount
    """The number."""
    in_use: Amount
    """What the contracts of today take; it can be more than the number, for a job is a fact."""
    reserved: Amount
    """What is held for proposals."""
    free: Amount
    """What can still be reserved; below zero when there are more contracts than the number."""


class CapacityChanged(
    Data, name="capacity.changed", stream=Stream.QUOTA, key="municipality", service=ServiceName.QUOTA
):
    """How full the number is; it replaces what was said before for the same year."""

    municipality: Municipality
    """Whose number."""
    year: Year
    """Of which year."""
    as_of: CalendarDate
    """On which day it is so."""
    unit: Unit
    """In what is counted."""
    provisional: bool
    """Whether the number can still change by publication."""
    funds: Annotated[tuple[FundCapacity, ...], Field(max_length=len(Fund))]
    """Each fund once."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        require_unique("funds", tuple(part.fund for part in self.funds))
        return self

    @classmethod
    def sample(cls) -> Self:
        """Emmen at the end of 2018."""
        return cls(
            municipality="0114",
            year=2018,
            as_of=date(2018, 12, 3),
            unit=Unit.CONTRACTS,
            provisional=False,
            funds=(
                FundCapacity(
                    fund=Fund.MINISTRY,
                    target=Decimal(35),
                    in_use=Decimal(33),
                    reserved=Decimal(1),
                    free=Decimal(1),
                ),
            ),
        )
