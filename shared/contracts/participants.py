"""What partners state about a person's way: who guides them, and on which rung."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from shared.contracts.base import (
    CalendarDate,
    Data,
    Municipality,
    OpaqueId,
    Role,
    Rung,
    Stream,
)
from shared.contracts.checks import require_order


class StepReason(StrEnum):
    """Why somebody stepped to another rung."""

    READY_FOR_MORE = "ready-for-more"
    OWN_WISH = "own-wish"
    TOO_MUCH = "too-much"
    ACTIVITY_ENDED = "activity-ended"
    OTHER = "other"


class PauseReason(StrEnum):
    """Why somebody is not to be proposed anything for a while; nothing here tells of health."""

    OWN_WISH = "own-wish"
    CIRCUMSTANCES = "circumstances"
    NO_CONTACT = "no-contact"
    OTHER = "other"


class LeaveReason(StrEnum):
    """Why somebody is no longer guided by anyone in the region."""

    REGULAR_WORK = "regular-work"
    OWN_WISH = "own-wish"
    MOVED_AWAY = "moved-away"
    RETIRED = "retired"
    DECEASED = "deceased"
    OTHER = "other"


class ParticipantRegistered(
    Data, name="participants.registered", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """A person is guided by this partner from now on."""

    participant: OpaqueId
    """The person, by an id that means nothing outside the region."""
    municipality: Municipality
    """Where the person lives; this municipality decides and pays."""
    rung: Rung
    """Where on the ladder the person is."""
    registered_on: CalendarDate
    """From which day the partner guides the person."""
    school_leaver: bool
    """Whether the person comes from practical or special secondary education (PrO/VSO)."""

    @classmethod
    def sample(cls) -> Self:
        """Somebody at Menso, living in Emmen."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            rung=Rung.WORK_WITH_BENEFIT,
            registered_on=date(2018, 3, 1),
            school_leaver=False,
        )


class ParticipantStepped(
    Data, name="participants.stepped", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """A person stands on another rung, up or down, outside a placement."""

    participant: OpaqueId
    """The person."""
    rung: Rung
    """The rung from now on."""
    stepped_on: CalendarDate
    """First day on it."""
    place: OpaqueId | None = None
    """Where, if it is a place that was offered."""
    reason: StepReason | None = None
    """Why, if said."""

    @classmethod
    def sample(cls) -> Self:
        """A step up."""
        return cls(
            participant="p-7f3k2m",
            rung=Rung.LEARN_WORK,
            stepped_on=date(2019, 9, 2),
            place="emco-inpak-3",
            reason=StepReason.READY_FOR_MORE,
        )


class ParticipantPaused(
    Data, name="participants.paused", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """A person keeps the place on the list, and is proposed nothing for a while."""

    participant: OpaqueId
    """The person."""
    paused_on: CalendarDate
    """First day of the pause."""
    until_on: CalendarDate | None = None
    """Day on which it is expected to end; it ends when `participants.resumed` says so."""
    reason: PauseReason | None = None
    """Why, if said."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order("paused_on", self.paused_on, "until_on", self.until_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """A pause of three months."""
        return cls(
            participant="p-7f3k2m",
            paused_on=date(2020, 4, 1),
            until_on=date(2020, 7, 1),
            reason=PauseReason.OWN_WISH,
        )


class ParticipantResumed(
    Data, name="participants.resumed", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """The pause is over."""

    participant: OpaqueId
    """The person."""
    resumed_on: CalendarDate
    """First day after the pause."""

    @classmethod
    def sample(cls) -> Self:
        """The end of the pause."""
        return cls(participant="p-7f3k2m", resumed_on=date(2020, 6, 15))


class ParticipantMoved(
    Data, name="participants.moved", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """A person lives in another municipality, which decides and pays from that day."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """The new municipality."""
    moved_on: CalendarDate
    """First day there."""

    @classmethod
    def sample(cls) -> Self:
        """A move to Coevorden."""
        return cls(participant="p-7f3k2m", municipality="0109", moved_on=date(2021, 2, 1))


class ParticipantLeft(
    Data, name="participants.left", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """A person is no longer guided by anyone in the region."""

    participant: OpaqueId
    """The person."""
    left_on: CalendarDate
    """First day without guidance."""
    reason: LeaveReason
    """Why; after `deceased` nobody is written to."""

    @classmethod
    def sample(cls) -> Self:
        """Somebody who found a regular job."""
        return cls(participant="p-7f3k2m", left_on=date(2022, 5, 1), reason=LeaveReason.REGULAR_WORK)


class ParticipantErased(
    Data, name="participants.erased", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """The vault no longer knows who this is; whoever keeps a copy of anything personal removes it."""

    participant: OpaqueId
    """The person, by now an id without anyone behind it."""
    erased_on: CalendarDate
    """Day of the erasure."""

    @classmethod
    def sample(cls) -> Self:
        """An erasure."""
        return cls(participant="p-7f3k2m", erased_on=date(2032, 5, 1))
