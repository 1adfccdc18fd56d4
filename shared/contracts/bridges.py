"""Bridges: what somebody is offered until the sheltered job starts (Pw art. 10b(7))."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import model_validator

from shared.contracts.base import CalendarDate, Data, Municipality, OpaqueId, Rung, ServiceName, Stream
from shared.contracts.checks import require_order


class BridgeDue(
    Data, name="bridges.due", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody waits and is owed something to do meanwhile."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Who owes it."""
    since: CalendarDate
    """First day on which it is owed."""
    due_on: CalendarDate
    """Last day on which it should have been offered."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order("since", self.since, "due_on", self.due_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """Owed within four weeks."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            since=date(2020, 11, 9),
            due_on=date(2020, 12, 7),
        )


class BridgeOffered(
    Data, name="bridges.offered", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody who waits has something to do meanwhile."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Who owed it."""
    rung: Rung
    """What it is."""
    offered_on: CalendarDate
    """First day of it."""
    proposal: OpaqueId | None = None
    """The proposal that led to it, if one did."""

    @classmethod
    def sample(cls) -> Self:
        """A learn-work place."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            rung=Rung.LEARN_WORK,
            offered_on=date(2020, 11, 23),
        )


class BridgeEnded(
    Data, name="bridges.ended", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody who waits has nothing to do meanwhile any more, and is owed a bridge anew."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Who owes it."""
    rung: Rung
    """What it was."""
    ended_on: CalendarDate
    """First day without it."""

    @classmethod
    def sample(cls) -> Self:
        """The learn-work place ended."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            rung=Rung.LEARN_WORK,
            ended_on=date(2021, 5, 1),
        )
