"""A message's life, as this service stated it: queued, and then sent, failed or suppressed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from services.notifications.rules.telling import Telling
from shared.contracts import (
    MessageChannel,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    NotificationSuppressed,
    Recipient,
)
from shared.messaging.identity import named_uuid

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:werkbedrijf:notification")
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class State(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Message(Struct, frozen=True):
    """A message as this service's own events tell it; every field is decided here.

    Attributes:
        about: type of the event that it tells of.
        queued_id: id of the event that queued it; what becomes of it is caused by that one.
        code: why it failed or was suppressed.
        attempt: the try that succeeded or was the last.
        ended_on: the day in Amsterdam on which it came to its end; the year's figures count by it.
    """

    notification: str
    participant: str
    recipient: Recipient
    template: str
    channel: MessageChannel
    about: str
    queued_id: str
    queued_at: datetime
    correlation: str | None = None
    state: State = State.QUEUED
    code: str | None = None
    attempt: int | None = None
    ended_on: date | None = None


def notification_id(participant: str, recipient: Recipient, telling: Telling) -> str:
    """The message's id, from what it is and not from the event that asked for it.

    The same step told twice, whatever the ids of the events, is so one message: a person must not get
    the same letter again because a partner stated a fact again.
    """
    return _id(f"{participant}\x1f{recipient}\x1f{telling.template}\x1f{telling.subject}")


@lru_cache(maxsize=4096)  # asked for at loading, at deciding and at remembering, of the same message
def _id(name: str) -> str:
    return named_uuid(_NAMESPACE.bytes, name)


def queue(telling: Telling, *, participant: str, about: str, at: datetime) -> NotificationQueued:
    """A message to the person; by e-mail, for that is what the vault must allow at sending (Awb art. 2:8)."""
    recipient = Recipient.PARTICIPANT
    return NotificationQueued(
        notification=notification_id(participant, recipient, telling),
        participant=participant,
        recipient=recipient,
        template=telling.template,
        channel=MessageChannel.EMAIL,
        about=about,
        at=at,
    )


def queued(data: NotificationQueued, *, event_id: str, correlation: str | None) -> Message:
    """The message is to be sent."""
    return Message(
        notification=data.notification,
        participant=data.participant,
        recipient=data.recipient,
        template=data.template,
        channel=data.channel,
        about=data.about,
        queued_id=event_id,
        queued_at=data.at,
        correlation=correlation,
    )


def sent(message: Message, data: NotificationSent) -> Message:
    """It was handed over. This also mends an earlier `outcome-unknown`: the answer was seen after all."""
    return replace(
        message,
        state=State.SENT,
        code=None,
        attempt=data.attempt,
        ended_on=_day(data.at),
    )


def failed(message: Message, data: NotificationFailed) -> Message:
    """It could not be sent; unless that is final another try follows."""
    if not data.final:
        return message
    return replace(
        message, state=State.FAILED, code=str(data.code), attempt=data.attempt, ended_on=_day(data.at)
    )


def suppressed(message: Message, data: NotificationSuppressed) -> Message:
    """It is not sent, on purpose."""
    return replace(message, state=State.SUPPRESSED, code=str(data.reason), ended_on=_day(data.at))


def _day(at: datetime) -> date:
    return at.astimezone(_AMSTERDAM).date()
