"""What partners state about a person's way: who guides them, on which rung, advice and decision."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from shared.contracts.base import (
    CalendarDate,
    Code,
    Data,
    Municipality,
    OpaqueId,
    PartnerName,
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


class TransferDeclineReason(StrEnum):
    """Why a partner did not take over the guidance it was offered."""

    NO_ROOM = "no-room"
    NOT_OUR_TASK = "not-our-task"
    PARTICIPANT_PREFERS_TO_STAY = "participant-prefers-to-stay"
    OTHER = "other"


class AdviceOutcome(StrEnum):
    """What UWV advised (Besluit advisering beschut werk)."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class AskedBy(StrEnum):
    """Who asked for the advice: the person may ask UWV directly (Pw art. 10b(3))."""

    PARTICIPANT = "participant"
    MUNICIPALITY = "municipality"


class DecisionOutcome(StrEnum):
    """What the municipality decided; UWV advises, the municipality decides (Pw art. 10b(1))."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


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


class ParticipantTransferOffered(
    Data, name="participants.transfer-offered", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """The partner that guides a person offers the guidance to another; until that one accepts it stays."""

    transfer: OpaqueId
    """This hand-over; the answer names it, for it travels on another partner's topic."""
    participant: OpaqueId
    """The person."""
    to: PartnerName
    """The partner that is asked to take over."""
    offered_on: CalendarDate
    """Day of the offer."""

    @classmethod
    def sample(cls) -> Self:
        """Buurtsupport offers to Menso."""
        return cls(transfer="t-2020-17", participant="p-7f3k2m", to="menso", offered_on=date(2020, 2, 3))


class ParticipantTransferAccepted(
    Data, name="participants.transfer-accepted", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """The partner that was offered the guidance takes it, and holds the person from that day."""

    transfer: OpaqueId
    """The hand-over that is accepted."""
    participant: OpaqueId
    """The person."""
    accepted_on: CalendarDate
    """First day under the new guide."""

    @classmethod
    def sample(cls) -> Self:
        """Menso accepts."""
        return cls(transfer="t-2020-17", participant="p-7f3k2m", accepted_on=date(2020, 2, 10))


class ParticipantTransferDeclined(
    Data, name="participants.transfer-declined", stream=Stream.INTAKE, key="participant", role=Role.GUIDE
):
    """The partner that was offered the guidance does not take it; the person stays where they were."""

    transfer: OpaqueId
    """The hand-over that is declined."""
    participant: OpaqueId
    """The person."""
    declined_on: CalendarDate
    """Day of the answer."""
    reason: TransferDeclineReason
    """Why, so that the guide knows whom to ask next."""

    @classmethod
    def sample(cls) -> Self:
        """Menso has no room."""
        return cls(
            transfer="t-2020-17",
            participant="p-7f3k2m",
            declined_on=date(2020, 2, 10),
            reason=TransferDeclineReason.NO_ROOM,
        )


class ParticipantAdvised(
    Data, name="participants.advised", stream=Stream.INTAKE, key="participant", role=Role.ADVISOR
):
    """UWV advised on sheltered work (Pw art. 10b(2)): the outcome alone, never its medical grounds."""

    participant: OpaqueId
    """The person."""
    outcome: AdviceOutcome
    """The advice."""
    requested_on: CalendarDate
    """Day on which the advice was asked for."""
    received_on: CalendarDate
    """Day on which UWV had the request; the eight weeks run from here."""
    advised_on: CalendarDate
    """Day of the advice."""
    asked_by: AskedBy
    """Who asked."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order("requested_on", self.requested_on, "received_on", self.received_on)
        require_order("received_on", self.received_on, "advised_on", self.advised_on)
        return self

    @classmethod
    def sample(cls) -> Self:
        """A positive advice within the eight weeks."""
        return cls(
            participant="p-7f3k2m",
            outcome=AdviceOutcome.POSITIVE,
            requested_on=date(2020, 9, 1),
            received_on=date(2020, 9, 3),
            advised_on=date(2020, 10, 22),
            asked_by=AskedBy.MUNICIPALITY,
        )


class ParticipantDecided(
    Data, name="participants.decided", stream=Stream.INTAKE, key="participant", role=Role.MUNICIPALITY
):
    """The municipality of domicile decided on sheltered work (Pw art. 10b(1))."""

    participant: OpaqueId
    """The person."""
    municipality: Municipality
    """The municipality that decided."""
    outcome: DecisionOutcome
    """The decision."""
    decided_on: CalendarDate
    """Day of the decision."""
    decided_by: OpaqueId
    """Who decided for the college: a staff number or function, not a name."""
    priority_group: Code | None = None
    """Group that the council gave precedence (Pw art. 10b(5)), if the person is in one."""

    @classmethod
    def sample(cls) -> Self:
        """Granted, without precedence."""
        return cls(
            participant="p-7f3k2m",
            municipality="0114",
            outcome=DecisionOutcome.GRANTED,
            decided_on=date(2020, 11, 5),
            decided_by="team-werk-14",
        )
