"""The waiting list: who waits for sheltered work, and who was passed over for what reason."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from shared.contracts.base import CalendarDate, Code, Data, Municipality, OpaqueId, ServiceName, Stream
from shared.contracts.vocabulary import Reason, Reasons


class WaitingLeaveReason(StrEnum):
    """Why somebody is no longer on the list."""

    PLACED = "placed"
    LEFT = "left"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"


class PassedOverReason(StrEnum):
    """Why somebody was not proposed a place in a round."""

    NO_ROOM = "no-room"
    NO_FIT = "no-fit"
    EARLIER_IN_LINE = "earlier-in-line"
    NO_PROFILE = "no-profile"
    NOT_YET_AVAILABLE = "not-yet-available"
    PAUSED = "paused"
    DECLINED_BEFORE = "declined-before"


class WaitingJoined(
    Data, name="waiting.joined", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody waits for sheltered work; with all that the order may look at."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Whose list."""
    joined_on: CalendarDate
    """First day on the list."""
    requested_on: CalendarDate | None = None
    """Day of the request for advice, if known."""
    advised_on: CalendarDate | None = None
    """Day of the advice, if known."""
    decided_on: CalendarDate
    """Day of the decision."""
    priority_group: Code | None = None
    """Group with precedence, if any."""
    school_leaver: bool
    """Whether the person comes from practical or special secondary education."""
    back_from: OpaqueId | None = None
    """The sheltered job that the person left for a step up and came back from, if so; all dates that
    the order looks at are those of before: trying a job costs nobody their place in line."""

    @classmethod
    def sample(cls) -> Self:
        """On the list of Emmen."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            joined_on=date(2020, 11, 5),
            requested_on=date(2020, 9, 1),
            advised_on=date(2020, 10, 22),
            decided_on=date(2020, 11, 5),
            school_leaver=False,
        )


class WaitingChanged(
    Data, name="waiting.changed", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """What the order looks at is different for somebody who waits: the grant was repeated."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Whose list."""
    priority_group: Code | None = None
    """Group with precedence from now on, if any."""
    changed_on: CalendarDate
    """Day of the decision that says so."""

    @classmethod
    def sample(cls) -> Self:
        """Into the group of school leavers."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            priority_group="pro-vso",
            changed_on=date(2021, 2, 1),
        )


class WaitingLeft(
    Data, name="waiting.left", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody no longer waits."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Whose list it was."""
    left_on: CalendarDate
    """First day off the list."""
    reason: WaitingLeaveReason
    """Why."""

    @classmethod
    def sample(cls) -> Self:
        """Placed."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            left_on=date(2021, 1, 1),
            reason=WaitingLeaveReason.PLACED,
        )


class WaitingPassedOver(
    Data, name="waiting.passed-over", stream=Stream.MATCHING, key="participant", service=ServiceName.MATCHING
):
    """Somebody was not proposed a place in a round, and is told why."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """Whose list."""
    place: OpaqueId | None = None
    """Which place it was about; null when it was about none in particular."""
    passed_over_on: CalendarDate
    """Day of the round."""
    reason: PassedOverReason
    """What decided it."""
    rank: Annotated[int, Field(ge=1)]
    """The person's place in the waiting order, 1 is first."""
    policy: OpaqueId
    """The order in force that gave that rank."""
    detail: Reasons = ()
    """What was looked at."""
    profile: OpaqueId | None = None
    """Which statement of the functional profile was looked at; null where none is known."""

    @classmethod
    def sample(cls) -> Self:
        """No room under the number."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            place="emco-groen-12",
            passed_over_on=date(2020, 11, 9),
            reason=PassedOverReason.NO_ROOM,
            rank=4,
            policy="emmen-volgorde-2017",
            detail=(Reason(rule="quota", code="none-free", params={"ministry": "0", "council": "0"}),),
        )
