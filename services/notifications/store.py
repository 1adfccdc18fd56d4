"""SQL of notifications: load what a batch touches, save what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from services.notifications.rules.messages import Message, notification_id
from services.notifications.rules.people import Person
from services.notifications.rules.telling import telling
from shared.contracts import (
    NotificationDelivered,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    NotificationSuppressed,
    ParticipantErased,
    Recipient,
    ServiceName,
)
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.rows import Rows, Table
from shared.messaging.service import Connection
from shared.messaging.transaction import Together


class Tiding(Struct, frozen=True):
    """What there is to tell in a message; the first statement of a step counts."""

    notification: str
    participant: str
    params: dict[str, str]


PEOPLE = Table("people", Person, "participant")
TIDINGS = Table("tidings", Tiding, "notification")
MESSAGES = Table("messages", Message, "notification")

_OF_A_MESSAGE: Final = (
    NotificationQueued,
    NotificationSent,
    NotificationDelivered,
    NotificationFailed,
    NotificationSuppressed,
)

_QUEUE = """
    INSERT INTO jobs (notification, participant)
    SELECT notification, participant FROM unnest($1::text[], $2::text[])
    WITH ORDINALITY AS new (notification, participant, place) ORDER BY place
    ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class World:
    """What a batch touches.

    Attributes:
        residents_of: municipalities whose residents are written to; None for everyone's.
        queued: messages that are to be sent from now on, and to whom; in the order in which they go.
        ended: messages that are no longer to be sent.
    """

    people: Rows[Person]
    tidings: Rows[Tiding]
    messages: Rows[Message]
    residents_of: frozenset[str] | None = None
    queued: dict[str, str] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, residents_of: frozenset[str] | None = None) -> World:
        """Nothing known yet."""
        return cls(Rows(PEOPLE), Rows(TIDINGS), Rows(MESSAGES), residents_of)

    def writes_to(self, municipality: str) -> bool:
        """Whether residents of this municipality are written to from here."""
        return self.residents_of is None or municipality in self.residents_of


def residents_of(registry: Registry, operator: str) -> frozenset[str] | None:
    """For whose residents the operator runs notifications; two operators must not write to one person."""
    partner = registry.partners.get(operator)
    run = () if partner is None else partner.services
    named = [each.for_municipalities for each in run if each.service is ServiceName.NOTIFICATIONS]
    return frozenset(code for codes in named for code in codes) or None


def message_of(event: Event) -> str | None:
    """The message that an event asks for, or tells what became of."""
    if isinstance(event.data, _OF_A_MESSAGE):
        return event.data.notification
    tell = telling(event.data, event.partner)
    return None if tell is None else notification_id(event.key, Recipient.PARTICIPANT, tell)


async def load(connection: Connection, events: Sequence[Event], registry: Registry, operator: str) -> World:
    """Three statements at most, whatever the size of the batch."""
    people = {event.key for event in events}
    named = {name for event in events if (name := message_of(event)) is not None}
    gone = [event.key for event in events if isinstance(event.data, ParticipantErased)]
    return World(
        people=await PEOPLE.fetch(connection, "participant", people),
        tidings=await TIDINGS.where(
            connection, "notification = ANY($1) OR participant = ANY($2)", sorted(named), sorted(gone)
        ),
        messages=await MESSAGES.fetch(connection, "notification", named),
        residents_of=residents_of(registry, operator),
    )


async def save(connection: Together, world: World) -> None:
    """Write what changed."""
    await PEOPLE.save(connection, world.people)
    await TIDINGS.save(connection, world.tidings)
    await MESSAGES.save(connection, world.messages)
    # How far a message is, is the sender's, so these rows are only made and removed here.
    if world.queued:
        await connection.execute(_QUEUE, list(world.queued), list(world.queued.values()))
    if world.ended:
        await connection.execute("DELETE FROM jobs WHERE notification = ANY($1)", world.ended)
