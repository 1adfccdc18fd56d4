"""The figures of a municipality as they were reported: said once, and shown again exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    Amount,
    CalendarDate,
    Count,
    Data,
    Fund,
    Hours,
    Municipality,
    Part,
    ServiceName,
    Stream,
    Text,
    Year,
)
from shared.contracts.checks import require_unique
from shared.contracts.vocabulary import Unit

TotalHours = Annotated[Amount, Field(ge=0)]
"""Hours a week of all contracts together."""


class ReportedFund(Part):
    """One fund's part of the number."""

    fund: Fund
    """Who pays."""
    target: Amount
    """The number."""
    realised: Amount
    """What the contracts in force take of it; more than the number where there are more contracts."""
    provisional: bool
    """Whether it could still change by publication."""
    set_for: Year
    """For which year it was set; an earlier one when it was carried over."""
    source: Text
    """Where it was published."""


class FiguresReported(
    Data, name="figures.reported", stream=Stream.QUOTA, key="municipality", service=ServiceName.QUOTA
):
    """A month is over, and this is what the ledger knew of its last day.

    What comes to light later changes the figures of that day and not what was reported of it.
    """

    municipality: Municipality
    """Whose figures."""
    on: CalendarDate
    """The day they are about: the last of a month."""
    reported_on: CalendarDate
    """Day on which they were drawn up."""
    year: Year
    """The year whose number applies."""
    unit: Unit
    """In what is counted."""
    hours_per_unit: Annotated[Hours, Field(gt=0)] | None = None
    """Hours a week that make one place, where hours are counted."""
    target: Amount
    """The number, all funds together."""
    provisional: bool
    """Whether any part of the number could still change; true when there is none."""
    contracts: Count
    """Employment contracts in force."""
    hours: TotalHours
    """Their hours a week."""
    realised: Amount
    """Their places, as is counted."""
    waiting: Count
    """People on the waiting list."""
    bridged: Count
    """How many of them have something to do meanwhile."""
    funds: Annotated[tuple[ReportedFund, ...], Field(max_length=len(Fund))]
    """The number and what fills it, each fund once."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        require_unique("funds", tuple(part.fund for part in self.funds))
        return self

    @classmethod
    def sample(cls) -> Self:
        """Emmen at the end of 2018."""
        return cls(
            municipality="0114",
            on=date(2018, 12, 31),
            reported_on=date(2019, 1, 7),
            year=2018,
            unit=Unit.CONTRACTS,
            target=Decimal(35),
            provisional=False,
            contracts=35,
            hours=Decimal("962.5"),
            realised=Decimal(35),
            waiting=12,
            bridged=12,
            funds=(
                ReportedFund(
                    fund=Fund.MINISTRY,
                    target=Decimal(35),
                    realised=Decimal(35),
                    provisional=False,
                    set_for=2018,
                    source="Staatscourant 2017, 68246",
                ),
            ),
        )
