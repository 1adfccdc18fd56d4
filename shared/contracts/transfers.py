"""How the guidance of a person passes from one partner to another."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from shared.contracts.base import (
    CalendarDate,
    Data,
    OpaqueId,
    PartnerName,
    Role,
    Stream,
)


class TransferDeclineReason(StrEnum):
    """Why a partner did not take over the guidance it was offered."""

    NO_ROOM = "no-room"
    NOT_OUR_TASK = "not-our-task"
    PARTICIPANT_PREFERS_TO_STAY = "participant-prefers-to-stay"
    OTHER = "other"


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
