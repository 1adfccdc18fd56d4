"""Places to work or to take part: what a host offers, and how full they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    CalendarDate,
    Count,
    Data,
    Hours,
    OpaqueId,
    Postcode4,
    Role,
    Rung,
    ServiceName,
    Stream,
)
from shared.contracts.checks import require_order, require_range, require_unique
from shared.contracts.vocabulary import Kinds, Municipalities, Need, Needs


class _Place(Data):
    """What there is to say of a place; the host is the partner that states it."""

    place: OpaqueId
    """The place."""
    rung: Rung
    """What kind of step it is."""
    municipalities: Annotated[Municipalities, Field(min_length=1)]
    """Whose residents may have it."""
    seats: Annotated[int, Field(ge=1, le=10_000)]
    """How many people it has room for."""
    hours_min: Hours
    """Fewest hours a week."""
    hours_max: Hours
    """Most hours a week."""
    postcode4: Postcode4
    """Where it is."""
    kinds: Kinds
    """Kinds of work it is."""
    offers: Needs
    """Needs that it can meet."""
    from_on: CalendarDate
    """First day on which somebody can start."""
    until_on: CalendarDate | None = None
    """Last day of the offer; null when it has none."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_range(self.hours_min, self.hours_max)
        require_order("from_on", self.from_on, "until_on", self.until_on)
        require_unique("municipalities", self.municipalities)
        require_unique("kinds", self.kinds)
        require_unique("offers", self.offers)
        return self

    @classmethod
    def sample(cls) -> Self:
        """Two seats in a gardening team of EMCO."""
        return cls(
            place="emco-groen-12",
            rung=Rung.SHELTERED_WORK,
            municipalities=("0114", "0109", "1681"),
            seats=2,
            hours_min=Decimal(20),
            hours_max=Decimal(32),
            postcode4="7821",
            kinds=("groen",),
            offers=(Need.OWN_PACE, Need.FIXED_COUNSELLOR, Need.SMALL_TEAM),
            from_on=date(2020, 12, 1),
        )


class PlaceOffered(_Place, name="places.offered", stream=Stream.INTAKE, key="place", role=Role.HOST):
    """A host has a place."""


class PlaceChanged(_Place, name="places.changed", stream=Stream.INTAKE, key="place", role=Role.HOST):
    """A place is different from now on; this replaces all that was said of it."""


class PlaceWithdrawn(Data, name="places.withdrawn", stream=Stream.INTAKE, key="place", role=Role.HOST):
    """A place is no longer offered; whoever works there stays."""

    place: OpaqueId
    """The place."""
    withdrawn_on: CalendarDate
    """First day without it."""

    @classmethod
    def sample(cls) -> Self:
        """The gardening team is full for good."""
        return cls(place="emco-groen-12", withdrawn_on=date(2021, 6, 1))


class PlaceWeighed(
    _Place, name="places.weighed", stream=Stream.MATCHING, key="place", service=ServiceName.MATCHING
):
    """A place with a free seat was held against the waiting list, as it is said to be here.

    Stated when it is weighed for the first time, and again when place or outcome are others than the
    last time. With it everyone on the list can be told why they were not proposed this place.
    """

    weighed_on: CalendarDate
    """Day of the round."""
    seats_free: Count
    """Seats that were free before the round."""
    seats_left: Count
    """Seats that were free after it."""
    block: OpaqueId | None = None
    """Set when somebody who fits it got none: places with the same block all went to people who stand
    before that person and could go to none but these, or to others that went in the same way."""

    @classmethod
    def sample(cls) -> Self:
        """Two seats, both given; others fit as well."""
        fields = {name: getattr(PlaceOffered.sample(), name) for name in _Place.model_fields}
        return cls(
            **fields, weighed_on=date(2020, 12, 1), seats_free=2, seats_left=0, block="block-2020-12-01-1"
        )


class _Occupation(Data):
    """A seat was taken or came free, by a proposal or by a placement."""

    place: OpaqueId
    """The place."""
    participant: OpaqueId
    """Who took or left the seat."""
    proposal: OpaqueId | None = None
    """The proposal that holds or held it."""
    placement: OpaqueId | None = None
    """The placement that holds or held it."""
    seats_free: Count
    """Seats that are free afterwards."""

    @model_validator(mode="after")
    def _held_by_something(self) -> Self:
        if self.proposal is None and self.placement is None:
            raise ValueError("a seat is held by a proposal or a placement: give one of them")
        return self


class PlaceFilled(
    _Occupation, name="places.filled", stream=Stream.MATCHING, key="place", service=ServiceName.MATCHING
):
    """A seat is taken."""

    filled_on: CalendarDate
    """From which day."""

    @classmethod
    def sample(cls) -> Self:
        """A proposal takes the first of two seats."""
        return cls(
            place="emco-groen-12",
            participant="p-7f3k2m",
            proposal="prop-31",
            seats_free=1,
            filled_on=date(2020, 12, 1),
        )


class PlaceFreed(
    _Occupation, name="places.freed", stream=Stream.MATCHING, key="place", service=ServiceName.MATCHING
):
    """A seat is free again."""

    freed_on: CalendarDate
    """From which day."""

    @classmethod
    def sample(cls) -> Self:
        """A placement ended."""
        return cls(
            place="emco-groen-12",
            participant="p-7f3k2m",
            placement="pl-88",
            seats_free=2,
            freed_on=date(2022, 1, 1),
        )
