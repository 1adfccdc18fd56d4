"""Event type to rule: the whole behaviour of notifications on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final

from services.notifications import jobs, store
from services.notifications.rules import messages, people
from services.notifications.rules.telling import TOLD, Telling, telling
from services.notifications.store import Tiding, World
from shared.contracts import (
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    NotificationSuppressed,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantRegistered,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    Recipient,
    ServiceName,
    Stream,
)
from shared.messaging.event import Event
from shared.messaging.registry import Registry, amsterdam_date
from shared.messaging.service import Connection, Draft, PassOn, Service
from shared.messaging.transaction import Together

_BY_THE_GUIDE: Final = frozenset(
    data.TYPE for data in (ParticipantMoved, ParticipantLeft, ParticipantErased, ParticipantTransferOffered)
)
_OUTCOMES: Final = frozenset(
    data.TYPE for data in (NotificationSent, NotificationFailed, NotificationSuppressed)
)


def _known(world: World, event: Event) -> people.Person:
    return world.people[event.key]


def _worth_telling(world: World, event: Event) -> Telling | None:
    """What is to be told; a registration by another than the guide changes nothing, so nothing."""
    person = world.people.get(event.key)
    if isinstance(event.data, ParticipantRegistered) and person is not None and person.guide != event.partner:
        return None
    return telling(event.data, event.partner)


def _tell(world: World, event: Event) -> Sequence[Draft]:
    """Queue a message, once for each step."""
    tell = _worth_telling(world, event)
    if tell is None:
        return ()
    draft = messages.queue(tell, participant=event.key, about=event.type, at=event.time)
    # An event that names no municipality is about the one where the person lives.
    named: str | None = getattr(event.data, "municipality", None)
    municipality = named or people.home(_known(world, event), amsterdam_date(event.time))
    if draft.notification in world.messages or not world.writes_to(municipality):
        return ()
    return (draft,)


def _state(_world: World, event: Event) -> Sequence[Draft]:
    """What the sender reports becomes an event of this service's."""
    return (PassOn(event),)


def _registered(world: World, event: Event) -> None:
    data = event.data
    assert isinstance(data, ParticipantRegistered)  # noqa: S101 - the table below says so
    known = world.people.get(event.key)
    world.people.put(people.registered(known, data, event.partner, event.dataref))


def _person(rule: Callable[..., people.Person], *names: str) -> Callable[[World, Event], None]:
    def evolve(world: World, event: Event) -> None:
        attributes = [getattr(event, name) for name in names]
        world.people.put(rule(_known(world, event), event.data, *attributes))

    return evolve


def _erased(world: World, event: Event) -> None:
    _person(people.erased)(world, event)
    for tiding in [each for each in world.tidings if each.participant == event.key]:
        world.tidings.drop(tiding.notification)


def _tiding(world: World, event: Event) -> None:
    """Keep what there is to tell, until the message is sent."""
    tell = _worth_telling(world, event)
    if tell is None:
        return
    name = messages.notification_id(event.key, Recipient.PARTICIPANT, tell)
    if name in world.tidings or _known(world, event).erased:
        return
    world.tidings.put(Tiding(name, event.key, dict(tell.params)))


def _queued(world: World, event: Event) -> None:
    data = event.data
    assert isinstance(data, NotificationQueued)  # noqa: S101 - the table below says so
    if data.notification not in world.messages:
        world.messages.put(messages.queued(data, event_id=event.id, correlation=event.correlation))
        world.queued[data.notification] = data.participant


def _ended(rule: Callable[..., messages.Message]) -> Callable[[World, Event], None]:
    def evolve(world: World, event: Event) -> None:
        name = store.message_of(event)
        message = None if name is None else world.messages.get(name)
        if message is None:
            return
        after = rule(message, event.data)
        world.messages.put(after)
        if after.state is not messages.State.QUEUED:
            world.queued.pop(after.notification, None)
            world.ended.append(after.notification)

    return evolve


def _each(*steps: Callable[[World, Event], None]) -> Callable[[World, Event], None]:
    def evolve(world: World, event: Event) -> None:
        for step in steps:
            step(world, event)

    return evolve


DECIDE: Final[Mapping[str, Callable[[World, Event], Sequence[Draft]]]] = {
    **dict.fromkeys(TOLD, _tell),
    **dict.fromkeys(_OUTCOMES, _state),
}

EVOLVE: Final[Mapping[str, Callable[[World, Event], None]]] = {
    **dict.fromkeys(TOLD, _tiding),
    ParticipantRegistered.TYPE: _each(_registered, _tiding),
    ParticipantMoved.TYPE: _person(people.moved, "partner", "dataref"),
    ParticipantTransferOffered.TYPE: _person(people.transfer_offered, "partner"),
    ParticipantTransferAccepted.TYPE: _person(people.transfer_accepted, "partner", "dataref"),
    ParticipantLeft.TYPE: _person(people.left),
    ParticipantErased.TYPE: _erased,
    NotificationQueued.TYPE: _queued,
    NotificationSent.TYPE: _ended(messages.sent),
    NotificationFailed.TYPE: _ended(messages.failed),
    NotificationSuppressed.TYPE: _ended(messages.suppressed),
}


class Notifications(Service[World]):
    """Tells people of each step.

    Args:
        operator: the partner in whose name messages are sent.
        queued: called when a batch leaves something to be sent; before its commit, so it is a hint.
    """

    name = ServiceName.NOTIFICATIONS
    streams: ClassVar = frozenset({Stream.INTAKE, Stream.MATCHING})
    types = frozenset(EVOLVE)
    tables: ClassVar = ("people", "tidings", "messages")

    def __init__(self, operator: str, queued: Callable[[], None] = lambda: None) -> None:
        self._operator = operator
        self._queued = queued

    def touches(self, event: Event) -> Iterable[str]:
        """A person; all that is written here is about one."""
        return (f"participant:{event.key}",) if event.type in EVOLVE else ()

    def provides(self, event: Event) -> Iterable[str]:
        """A person, a partner as their guide, or a hand-over."""
        data = event.data
        if isinstance(data, ParticipantRegistered):
            return (f"participant:{event.key}", f"guide:{event.key}:{event.partner}")
        if isinstance(data, ParticipantTransferAccepted):
            return (f"guide:{event.key}:{event.partner}",)
        if isinstance(data, ParticipantTransferOffered):
            return (f"transfer:{data.transfer}",)
        return ()

    def missing(self, world: World, event: Event) -> Sequence[str]:
        """The person; for what only a guide may say, that the partner is or was their guide."""
        if event.type not in EVOLVE or event.stream is Stream.NOTIFICATIONS:
            return ()
        if isinstance(event.data, ParticipantRegistered):
            return ()
        person = world.people.get(event.key)
        if person is None:
            return (f"participant:{event.key}",)
        if event.type in _BY_THE_GUIDE and event.partner not in person.guides:
            return (f"guide:{event.key}:{event.partner}",)
        if isinstance(event.data, ParticipantTransferAccepted) and event.data.transfer not in person.offers:
            return (f"transfer:{event.data.transfer}",)
        return ()

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        """What the events touch."""
        wanted = [event for event in events if event.type in EVOLVE]
        return await store.load(connection, wanted, registry, self._operator)

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        """A message to queue, or the sender's report to state."""
        rule = DECIDE.get(event.type)
        return () if rule is None else rule(world, event)

    def evolve(self, world: World, event: Event) -> None:
        """Remember a fact, or what became of a message."""
        rule = EVOLVE.get(event.type)
        # A replay reads the messages of every operator; another's are not this service's state.
        elsewhere = event.stream is Stream.NOTIFICATIONS and event.partner != self._operator
        if rule is not None and not elsewhere:
            rule(world, event)

    async def save(self, connection: Together, world: World) -> None:
        """Write what changed."""
        await store.save(connection, world)
        if world.queued:
            self._queued()

    async def jobs(self, connection: Connection) -> int:
        """Messages still to be sent."""
        return await jobs.count(connection)
