"""What became of each message to a participant or to staff; never to whom or what it said."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from shared.contracts.base import Code, Data, EventType, Instant, OpaqueId, ServiceName, Stream


class MessageChannel(StrEnum):
    """How a message travels; a letter unless the person chose otherwise (Awb art. 2:8)."""

    LETTER = "letter"
    EMAIL = "email"
    SMS = "sms"


class Recipient(StrEnum):
    """For whom a message is; who that is, is asked of the vault at the moment of sending."""

    PARTICIPANT = "participant"
    GUIDE = "guide"
    HOST = "host"
    MUNICIPALITY = "municipality"


class SuppressReason(StrEnum):
    """Why a message was not sent on purpose."""

    NO_CONSENT = "no-consent"
    NO_ADDRESS = "no-address"
    ERASED = "erased"
    DECEASED = "deceased"
    OVERTAKEN = "overtaken"
    REBUILT = "rebuilt"


class FailureCode(StrEnum):
    """What stood in the way of a message."""

    VAULT_UNREACHABLE = "vault-unreachable"
    VAULT_REFUSED = "vault-refused"
    PROVIDER_UNREACHABLE = "provider-unreachable"
    ADDRESS_REFUSED = "address-refused"
    BOUNCED = "bounced"
    TEMPLATE_INVALID = "template-invalid"
    OUTCOME_UNKNOWN = "outcome-unknown"
    """It was handed over and no answer was seen: it may have arrived, so it is not sent again."""


Attempt = Annotated[int, Field(ge=1, le=1000)]
"""Which try, 1 is the first."""


class _Notification(Data):
    """Which message, in words that say nothing about the person."""

    notification: OpaqueId
    """The message."""
    participant: OpaqueId
    """The person it is about."""
    recipient: Recipient
    """For whom it is."""
    template: Code
    """Which text."""
    channel: MessageChannel
    """How it travels."""
    about: EventType
    """What it tells of."""
    at: Instant
    """When this became of it."""


class NotificationQueued(
    _Notification,
    name="notifications.queued",
    stream=Stream.NOTIFICATIONS,
    key="participant",
    service=ServiceName.NOTIFICATIONS,
):
    """A message is to be sent."""

    @classmethod
    def sample(cls) -> Self:
        """A letter about a proposal."""
        return cls(
            notification="n-31-1",
            participant="p-7f3k2m",
            recipient=Recipient.PARTICIPANT,
            template="proposal-made",
            channel=MessageChannel.LETTER,
            about="nl.werkbedrijf.proposals.made.v1",
            at=datetime(2020, 12, 1, 8, 0, tzinfo=UTC),
        )


class NotificationSent(
    _Notification,
    name="notifications.sent",
    stream=Stream.NOTIFICATIONS,
    key="participant",
    service=ServiceName.NOTIFICATIONS,
):
    """A message was handed to whoever brings it."""

    attempt: Attempt
    """The try that succeeded."""

    @classmethod
    def sample(cls) -> Self:
        """Sent at the first try."""
        return cls(
            notification="n-31-1",
            participant="p-7f3k2m",
            recipient=Recipient.PARTICIPANT,
            template="proposal-made",
            channel=MessageChannel.EMAIL,
            about="nl.werkbedrijf.proposals.made.v1",
            at=datetime(2020, 12, 1, 8, 0, 1, tzinfo=UTC),
            attempt=1,
        )


class NotificationDelivered(
    _Notification,
    name="notifications.delivered",
    stream=Stream.NOTIFICATIONS,
    key="participant",
    service=ServiceName.NOTIFICATIONS,
):
    """Whoever brings it says that it arrived."""

    attempt: Attempt
    """The try that arrived."""

    @classmethod
    def sample(cls) -> Self:
        """Arrived the next day."""
        return cls(
            notification="n-31-1",
            participant="p-7f3k2m",
            recipient=Recipient.PARTICIPANT,
            template="proposal-made",
            channel=MessageChannel.LETTER,
            about="nl.werkbedrijf.proposals.made.v1",
            at=datetime(2020, 12, 2, 11, 30, tzinfo=UTC),
            attempt=1,
        )


class NotificationFailed(
    _Notification,
    name="notifications.failed",
    stream=Stream.NOTIFICATIONS,
    key="participant",
    service=ServiceName.NOTIFICATIONS,
):
    """A message could not be sent or did not arrive."""

    attempt: Attempt
    """The try that failed."""
    code: FailureCode
    """What stood in the way."""
    final: bool
    """Whether no further try follows, so that a person must look at it."""

    @classmethod
    def sample(cls) -> Self:
        """An address that does not exist."""
        return cls(
            notification="n-31-1",
            participant="p-7f3k2m",
            recipient=Recipient.PARTICIPANT,
            template="proposal-made",
            channel=MessageChannel.EMAIL,
            about="nl.werkbedrijf.proposals.made.v1",
            at=datetime(2020, 12, 1, 8, 0, 2, tzinfo=UTC),
            attempt=1,
            code=FailureCode.ADDRESS_REFUSED,
            final=True,
        )


class NotificationSuppressed(
    _Notification,
    name="notifications.suppressed",
    stream=Stream.NOTIFICATIONS,
    key="participant",
    service=ServiceName.NOTIFICATIONS,
):
    """A message is not sent, on purpose."""

    reason: SuppressReason
    """Why."""

    @classmethod
    def sample(cls) -> Self:
        """Something newer made it needless."""
        return cls(
            notification="n-31-1",
            participant="p-7f3k2m",
            recipient=Recipient.PARTICIPANT,
            template="proposal-made",
            channel=MessageChannel.LETTER,
            about="nl.werkbedrijf.proposals.made.v1",
            at=datetime(2020, 12, 1, 9, 0, tzinfo=UTC),
            reason=SuppressReason.OVERTAKEN,
        )
