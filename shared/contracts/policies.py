"""What a council or college laid down: the order of the list, how to count, and terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    CalendarDate,
    Code,
    Data,
    Hours,
    Municipality,
    OpaqueId,
    Part,
    Role,
    Stream,
    Text,
)
from shared.contracts.checks import require_unique
from shared.contracts.vocabulary import AnsweredBy, Unit


class PolicyKind(StrEnum):
    """What a policy is about; at most one of a kind is in force on a day."""

    ORDER = "order"
    COUNTING = "counting"
    TERMS = "terms"


class OrderKey(StrEnum):
    """What the order of the waiting list can look at (Pw art. 10b(5) leaves it to the council)."""

    PRIORITY_GROUP = "priority_group"
    REQUEST_DATE = "request_date"
    ADVICE_DATE = "advice_date"
    DECISION_DATE = "decision_date"
    SCHOOL_LEAVER = "school_leaver"
    IN_BRIDGE = "in_bridge"
    OFFERS_DECLINED = "offers_declined"
    """Who refused fewer offers comes first. Without this key refusing costs nobody their place."""


class OrderRules(Part):
    """In which order people on the list are served."""

    keys: Annotated[tuple[OrderKey, ...], Field(min_length=1, max_length=len(OrderKey))]
    """What is compared, the weightiest first; what is equal in all of them goes by participant id."""
    priority_groups: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    """The groups with precedence, the first before the second; who is in none comes after all."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_unique("keys", self.keys)
        require_unique("priority_groups", self.priority_groups)
        if (OrderKey.PRIORITY_GROUP in self.keys) != bool(self.priority_groups):
            raise ValueError("priority_groups must be given when keys holds priority_group, and only then")
        return self


class CountingRules(Part):
    """How contracts are held against the number."""

    method: Unit
    """By contracts, or by their hours."""
    hours_per_unit: Annotated[Hours, Field(gt=0)] | None = None
    """Hours a week that make one place, where hours are counted."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.method is Unit.HOURS and self.hours_per_unit is None:
            raise ValueError("hours_per_unit must say how many hours make one place when method is hours")
        return self


Days = Annotated[int, Field(ge=1, le=365)]
"""Calendar days."""


class TermsRules(Part):
    """How long things may take, and whose answer is needed."""

    answer_days: Days
    """How long a proposal can be answered."""
    reservation_days: Days
    """How long room is held for a proposal and its contract."""
    bridge_within_days: Days
    """Within how many days somebody who waits should have a bridge."""
    answers_needed: Annotated[tuple[AnsweredBy, ...], Field(min_length=1, max_length=len(AnsweredBy))] = (
        AnsweredBy.GUIDE,
    )
    """Who must say yes before a proposal is accepted; one no declines it."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_unique("answers_needed", self.answers_needed)
        if self.reservation_days < self.answer_days:
            raise ValueError(
                f"reservation_days ({self.reservation_days}) is less than answer_days ({self.answer_days}): "
                "room would be gone while the proposal can still be accepted"
            )
        return self


class PolicyAdopted(
    Data, name="policies.adopted", stream=Stream.INTAKE, key="municipality", role=Role.MUNICIPALITY
):
    """A policy, in force from a day on until the next of its kind."""

    municipality: Municipality
    """For whose residents."""
    policy: OpaqueId
    """The policy; every rank names the one that gave it."""
    kind: PolicyKind
    """What it is about, and so which of the three bodies is given."""
    valid_from: CalendarDate
    """First day in force."""
    adopted_by: Text
    """Which body adopted it: council or college."""
    source: Text
    """Where it is published."""
    order: OrderRules | None = None
    """The order of the list, when `kind` is `order`."""
    counting: CountingRules | None = None
    """How to count, when `kind` is `counting`."""
    terms: TermsRules | None = None
    """Terms, when `kind` is `terms`."""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [kind.value for kind in PolicyKind if getattr(self, kind.value) is not None]
        if given != [self.kind.value]:
            found = " and ".join(given) or "none of the three"
            raise ValueError(
                f"a policy of kind {self.kind.value} has the body {self.kind.value}, not {found}"
            )
        return self

    @classmethod
    def sample(cls) -> Self:
        """An order: school leavers first, then by day of the decision."""
        return cls(
            municipality="0114",
            policy="emmen-volgorde-2017",
            kind=PolicyKind.ORDER,
            valid_from=date(2017, 1, 1),
            adopted_by="Gemeenteraad van Emmen",
            source="Verordening beschut werk (aangenomen)",
            order=OrderRules(
                keys=(OrderKey.PRIORITY_GROUP, OrderKey.DECISION_DATE), priority_groups=("pro-vso",)
            ),
        )

    @classmethod
    def sample_counting(cls) -> Self:
        """Counting by hours, 31 to a place."""
        return cls(
            municipality="0114",
            policy="emmen-telwijze-2017",
            kind=PolicyKind.COUNTING,
            valid_from=date(2017, 1, 1),
            adopted_by="College van Emmen",
            source="Uitvoeringsbesluit beschut werk (aangenomen)",
            counting=CountingRules(method=Unit.HOURS, hours_per_unit=Decimal(31)),
        )

    @classmethod
    def sample_terms(cls) -> Self:
        """Two weeks to answer, room held for six."""
        return cls(
            municipality="0114",
            policy="emmen-termijnen-2017",
            kind=PolicyKind.TERMS,
            valid_from=date(2017, 1, 1),
            adopted_by="College van Emmen",
            source="Uitvoeringsbesluit beschut werk (aangenomen)",
            terms=TermsRules(answer_days=14, reservation_days=42, bridge_within_days=28),
        )
