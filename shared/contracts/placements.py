"""Placements: somebody works or takes part at a host's place. They are facts, and always recorded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from shared.contracts.base import CalendarDate, Data, Hours, OpaqueId, Role, Rung, Stream
from shared.contracts.checks import require_order


class ContractKind(StrEnum):
    """Which contract of employment stands behind a placement; only those with one count for the number."""

    NONE = "none"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"


class Scheme(StrEnum):
    """Under which law somebody is employed; old jobs and new ones lie side by side at one employer."""

    PARTICIPATIEWET = "participatiewet"
    WSW = "wsw"


class PlacementChangeReason(StrEnum):
    """Why a placement changed."""

    EXTENSION = "extension"
    HOURS = "hours"
    PERMANENT = "permanent"
    CORRECTION = "correction"


class PlacementEndReason(StrEnum):
    """Why a placement ended."""

    CONTRACT_END = "contract-end"
    OWN_WISH = "own-wish"
    STEP_UP = "step-up"
    STEP_DOWN = "step-down"
    MOVED_AWAY = "moved-away"
    RETIRED = "retired"
    DECEASED = "deceased"
    OTHER = "other"


def _require_no_end_when_permanent(contract: ContractKind, ends_on: date | None) -> None:
    if contract is ContractKind.PERMANENT and ends_on is not None:
        raise ValueError(f"a permanent contract has no end: ends_on ({ends_on}) must be null")


class PlacementStarted(
    Data, name="placements.started", stream=Stream.INTAKE, key="participant", role=Role.HOST
):
    """Somebody starts at a place. Whose number it counts for, quota knows from the person's domicile."""

    placement: OpaqueId
    """The placement."""
    participant: OpaqueId
    """The person."""
    place: OpaqueId
    """The place."""
    rung: Rung
    """The rung that the person is on from now."""
    proposal: OpaqueId | None = None
    """The proposal that led to it, if one did."""
    starts_on: CalendarDate
    """First day."""
    ends_on: CalendarDate | None = None
    """Last day; null when it has none."""
    hours: Hours
    """Hours a week."""
    contract: ContractKind
    """Which contract of employment."""
    scheme: Scheme = Scheme.PARTICIPATIEWET
    """Under which law; a job under the old Wsw is no sheltered work in the sense of the number."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_order("starts_on", self.starts_on, "ends_on", self.ends_on)
        _require_no_end_when_permanent(self.contract, self.ends_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """A first contract of a year."""
        return cls(
            placement="pl-88",
            participant="p-7f3k2m",
            place="emco-groen-12",
            rung=Rung.SHELTERED_WORK,
            proposal="prop-31",
            starts_on=date(2021, 1, 1),
            ends_on=date(2021, 12, 31),
            hours=Decimal("27.5"),
            contract=ContractKind.TEMPORARY,
        )


class PlacementChanged(
    Data, name="placements.changed", stream=Stream.INTAKE, key="participant", role=Role.HOST
):
    """A placement has other terms from a day on; they replace hours, end and contract together."""

    placement: OpaqueId
    """The placement."""
    participant: OpaqueId
    """The person."""
    changed_on: CalendarDate
    """First day of the new terms; it may lie in the past."""
    hours: Hours
    """Hours a week from then."""
    ends_on: CalendarDate | None = None
    """Last day from then; null when it has none."""
    contract: ContractKind
    """Which contract of employment from then."""
    reason: PlacementChangeReason
    """Why."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_order("changed_on", self.changed_on, "ends_on", self.ends_on)
        _require_no_end_when_permanent(self.contract, self.ends_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """An extension by a year."""
        return cls(
            placement="pl-88",
            participant="p-7f3k2m",
            changed_on=date(2022, 1, 1),
            hours=Decimal("27.5"),
            ends_on=date(2022, 12, 31),
            contract=ContractKind.TEMPORARY,
            reason=PlacementChangeReason.EXTENSION,
        )


class PlacementEnded(Data, name="placements.ended", stream=Stream.INTAKE, key="participant", role=Role.HOST):
    """A placement ended."""

    placement: OpaqueId
    """The placement."""
    participant: OpaqueId
    """The person."""
    ended_on: CalendarDate
    """Last day."""
    reason: PlacementEndReason
    """Why."""

    @classmethod
    def sample(cls) -> Self:
        """The contract was not extended."""
        return cls(
            placement="pl-88",
            participant="p-7f3k2m",
            ended_on=date(2022, 12, 31),
            reason=PlacementEndReason.CONTRACT_END,
        )
