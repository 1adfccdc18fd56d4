"""SQL of notifications: load what a batch touches, save what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.rules.messages import Message, notification_id
from services.notifications.rules.people import Person
from services.notifications.rules.telling import telling
from shared.contracts import ParticipantErased, Recipient, ServiceName
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.rows import Rows, Table
from shared.messaging.service import Connection


@dataclass(frozen=True, slots=True)
class Tiding:
    """What there is to tell in a message; the first statement of a step counts."""

    notification: str
    participant: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """A message still to be sent. How far that is, is the sender's and not rebuilt from the log."""

    notification: str
    participant: str


PEOPLE = Table("people", Person, "participant")
TIDINGS = Table("tidings", Tiding, "notification")
MESSAGES = Table("messages", Message, "notification")
JOBS = Table("jobs", Job, "notification")


@dataclass(slots=True)
class World:
    """What a batch touches.

    Attributes:
        residents_of: municipalities whose residents are written to; None for everyone's.
    """

    people: Rows[Person]
    tidings: Rows[Tiding]
    messages: Rows[Message]
    jobs: Rows[Job]
    residents_of: frozenset[str] | None = None

    @classmethod
    def empty(cls, residents_of: frozenset[str] | None = None) -> World:
        """Nothing known yet."""
        return cls(Rows(PEOPLE), Rows(TIDINGS), Rows(MESSAGES), Rows(JOBS), residents_of)

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
    told = getattr(event.data, "notification", None)
    if isinstance(told, str):
        return told
    tell = telling(event.data, event.partner)
    return None if tell is None else notification_id(event.key, Recipient.PARTICIPANT, tell)


async def load(connection: Connection, events: Sequence[Event], registry: Registry, operator: str) -> World:
    """Four statements at most, whatever the size of the batch."""
    people = {event.key for event in events}
    named = {name for event in events if (name := message_of(event)) is not None}
    gone = [event.key for event in events if isinstance(event.data, ParticipantErased)]
    return World(
        people=await PEOPLE.fetch(connection, "participant", people),
        tidings=await TIDINGS.where(
            connection, "notification = ANY($1) OR participant = ANY($2)", sorted(named), sorted(gone)
        ),
        messages=await MESSAGES.fetch(connection, "notification", named),
        jobs=await JOBS.fetch(connection, "notification", named),
        residents_of=residents_of(registry, operator),
    )


async def save(connection: Connection, world: World) -> None:
    """Write what changed."""
    await PEOPLE.save(connection, world.people)
    await TIDINGS.save(connection, world.tidings)
    await MESSAGES.save(connection, world.messages)
    await JOBS.save(connection, world.jobs)
