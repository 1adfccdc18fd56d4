"""What became of a message, as an event: caused by the one that queued it, and the same again if repeated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Failed, Sent, Suppressed
from shared.contracts import NotificationFailed, NotificationSent, NotificationSuppressed
from shared.messaging.event import Event, derive

Final = Sent | Suppressed | Failed
"""Verdicts after which nothing follows."""


@dataclass(frozen=True, slots=True)
class _Queued:
    """The event that queued a message, as a cause."""

    id: str
    source: str
    time: datetime
    correlation: str | None


def report(
    message: Message, verdict: Final, *, attempt: int, at: datetime, operator: str, source: str
) -> Event:
    """The event that tells what became of `message`.

    Args:
        attempt: the try it is about.
        at: when it came to that.
        source: the `source` of what this service states for its operator.
    """
    common: dict[str, Any] = {
        "notification": message.notification,
        "participant": message.participant,
        "recipient": message.recipient,
        "template": message.template,
        "channel": message.channel,
        "about": message.about,
        "at": at,
    }
    data: NotificationSent | NotificationSuppressed | NotificationFailed
    match verdict:
        case Sent():
            data = NotificationSent(**common, attempt=attempt)
        case Suppressed(reason):
            data = NotificationSuppressed(**common, reason=reason)
        case Failed(code):
            data = NotificationFailed(**common, attempt=attempt, code=code, final=True)
    cause = _Queued(message.queued_id, source, at, message.correlation)
    return derive(cause, 0, data, partner=operator, source=source)
