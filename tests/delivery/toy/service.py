"""The toy: every step of a person is counted, chained and answered with one event of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import ParticipantDecided, ParticipantRegistered, ParticipantStepped
from shared.contracts.base import ServiceName, Stream
from shared.contracts.waiting import PassedOverReason, WaitingJoined, WaitingPassedOver
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.rows import Rows, Table
from shared.messaging.service import Connection, Draft, Service
from shared.messaging.transaction import Together

PACKAGE = "tests.delivery.toy"
BREAKS = "breaks-the-rule"
"""A step at this place, or a decision by this function, makes the rule raise until it is mended."""
UNSAVEABLE = "cannot-be-saved"
"""A step at this place is decided, and then refused by the database."""


class Tally(Struct, frozen=True):
    """What is known of one person.

    Attributes:
        registered, steps, chain, decisions, place: from others' facts.
        said, said_chain: from the toy's own events.
    """

    participant: str
    registered: bool = False
    steps: int = 0
    chain: str = ""
    decisions: int = 0
    said: int = 0
    said_chain: str = ""
    place: str | None = None


TALLY = Table("tally", Tally, "participant")


@dataclass(slots=True)
class World:
    """The people that a batch touches."""

    people: Rows[Tally]

    def of(self, participant: str) -> Tally:
        """What is known of a person, which may be nothing yet."""
        return self.people.get(participant) or Tally(participant)


class Toy(Service[World]):
    """States one event for every step, numbered from state, and joins the list on a decision.

    A decision waits for the registration of the person it is about.
    """

    name = ServiceName.MATCHING
    streams = frozenset({Stream.INTAKE})
    types = frozenset(
        model.TYPE
        for model in (
            ParticipantRegistered,
            ParticipantStepped,
            ParticipantDecided,
            WaitingPassedOver,
            WaitingJoined,
        )
    )
    tables = ("tally",)

    def __init__(self, *, mended: bool = False, pause_s: float = 0.0) -> None:
        self._mended = mended
        self._pause_s = pause_s

    def touches(self, event: Event) -> Sequence[str]:
        """The person."""
        return () if event.stream is Stream.REGISTRY else (f"participant:{event.key}",)

    def provides(self, event: Event) -> Sequence[str]:
        """A registration makes the person known."""
        return (f"participant:{event.key}",) if isinstance(event.data, ParticipantRegistered) else ()

    def missing(self, world: World, event: Event) -> Sequence[str]:
        """A decision builds on the registration."""
        known = world.of(event.key).registered
        waits = isinstance(event.data, ParticipantDecided) and not known
        return (f"participant:{event.key}",) if waits else ()

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        """The people of the batch."""
        return World(await TALLY.fetch(connection, "participant", {event.key for event in events}))

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        """One event a step, whose number comes from state: a gap or a repeat there would show."""
        person = world.of(event.key)
        match event.data:
            case ParticipantStepped(place=poison) | ParticipantDecided(decided_by=poison) if (
                poison == BREAKS and not self._mended
            ):
                raise RuntimeError("this rule is broken")
            case ParticipantStepped(stepped_on=day):
                return [
                    WaitingPassedOver(
                        participant=event.key,
                        municipality="0114",
                        passed_over_on=day,
                        reason=PassedOverReason.NO_FIT,
                        rank=person.said + 1,
                        policy="toy",
                    )
                ]
            case ParticipantDecided(municipality=municipality, decided_on=day):
                return [
                    WaitingJoined(
                        participant=event.key,
                        municipality=municipality,
                        joined_on=day,
                        decided_on=day,
                        school_leaver=False,
                    )
                ]
            case _:
                return []

    def evolve(self, world: World, event: Event) -> None:
        """Count and chain."""
        person = world.of(event.key)
        match event.data:
            case ParticipantRegistered():
                person = replace(person, registered=True)
            case ParticipantStepped(place=place):
                person = replace(
                    person,
                    steps=person.steps + 1,
                    chain=linked(person.chain, event.id),
                    # However the steps fall into batches, the database is asked to take this one.
                    place=person.place if person.place == UNSAVEABLE else place,
                )
            case ParticipantDecided():
                person = replace(person, decisions=person.decisions + 1)
            case WaitingPassedOver():
                person = replace(person, said=person.said + 1, said_chain=linked(person.said_chain, event.id))
            case WaitingJoined():
                person = replace(person, said_chain=linked(person.said_chain, event.id))
            case _:
                return
        world.people.put(person)

    async def save(self, connection: Together, world: World) -> None:
        """Write the people that changed, at leisure."""
        if self._pause_s:
            await connection.execute("SELECT pg_sleep($1)", self._pause_s)
        await TALLY.save(connection, world.people)


def linked(chain: str, event_id: str) -> str:
    """The chain with one event more: it tells every event that went in, and their order."""
    return hashlib.blake2b(f"{chain}\x1f{event_id}".encode(), digest_size=12).hexdigest()
