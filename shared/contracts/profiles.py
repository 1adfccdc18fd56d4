"""What somebody can and needs in work; on a stream of its own, which only matching may read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import CalendarDate, Data, Hours, OpaqueId, Postcode4, Role, Stream
from shared.contracts.checks import require_range, require_unique
from shared.contracts.vocabulary import Kinds, Need, Needs

Kilometres = Annotated[int, Field(ge=0, le=400)]
"""Whole kilometres."""


class ProfileStated(Data, name="profiles.stated", stream=Stream.PROFILES, key="participant", role=Role.GUIDE):
    """A functional profile; it replaces the one before."""

    participant: OpaqueId
    """The person."""
    hours_min: Hours
    """Fewest hours a week that make sense for the person."""
    hours_max: Hours
    """Most hours a week that the person can work."""
    postcode4: Postcode4
    """Where the person travels from."""
    max_travel_km: Kilometres
    """How far the person can travel, one way."""
    kinds: Kinds
    """Kinds of work that the person wants; empty means any."""
    needs: Needs
    """What the work must have; every one of them."""
    available_from: CalendarDate
    """First day on which the person can start."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_range(self.hours_min, self.hours_max)
        require_unique("kinds", self.kinds)
        require_unique("needs", self.needs)
        return self

    @classmethod
    def sample(cls) -> Self:
        """Somebody who wants to work outdoors, at an own pace."""
        return cls(
            participant="p-7f3k2m",
            hours_min=Decimal(16),
            hours_max=Decimal("28.5"),
            postcode4="7811",
            max_travel_km=12,
            kinds=("groen", "montage"),
            needs=(Need.OWN_PACE, Need.FIXED_COUNSELLOR),
            available_from=date(2020, 12, 1),
        )
