"""Tells the story: a tick, rest, what the partners say, rest; four weeks at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from deploy.demo import facts
from deploy.demo.back_offices import BackOffices, Plan
from deploy.demo.door import Doors
from deploy.demo.listener import Listener
from deploy.demo.people import Person, people
from deploy.demo.rest import Rest
from shared.contracts import Agreement, ClockTicked, ParticipantRegistered, PartnerChanged
from shared.contracts.base import Data, Role, Rung, Stream
from shared.messaging.event import Event, encode
from shared.messaging.registry import AMSTERDAM, Partner
from shared.messaging.topics import Topics

_STEP: Final = timedelta(days=28)
_FIRST: Final = date(2017, 1, 2)
LAST: Final = date(2023, 1, 23)
_TICK_AT: Final = time(7, 0)
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the story is told.

    Attributes:
        services: base URLs of all services, doors included.
        doors: each partner's door.
        tokens: each partner's bearer token at the door.
        groups: consumer groups of the services.
    """

    bootstrap: str
    topics: Topics
    services: Sequence[str]
    doors: Mapping[str, str]
    tokens: Mapping[str, str]
    groups: Sequence[str]
    partners: Mapping[str, Partner]


async def tell(around: Surroundings, progress: Callable[[date], None] = lambda _: None) -> int:
    """Tell the whole story; returns how many events the partners stated.

    Raises:
        NoRest: a service did not finish what it was given.
        Turned: the door refused what it should take.
    """
    everybody = tuple(people())
    doors = Doors(around.doors, around.tokens, around.partners)
    producer = AIOKafkaProducer(bootstrap_servers=around.bootstrap.split(","), enable_idempotence=True)
    await producer.start()
    try:
        rest = Rest(
            around.bootstrap, around.topics, around.services, groups=around.groups, patience_s=_PATIENCE_S
        )
        matching = [around.topics.of(name, Stream.MATCHING) for name in around.partners]
        async with rest, Listener(around.bootstrap, around.topics, matching) as listener:
            teller = _Teller(around, doors, producer, rest, listener, everybody)
            await teller.run(progress)
    finally:
        await producer.stop()
        await doors.close()
    return sum(doors.receipts.values())


class _Teller:
    def __init__(
        self,
        around: Surroundings,
        doors: Doors,
        producer: AIOKafkaProducer,
        rest: Rest,
        listener: Listener,
        everybody: Sequence[Person],
    ) -> None:
        self._around = around
        self._doors = doors
        self._producer = producer
        self._rest = rest
        self._listener = listener
        self._people = everybody
        self._plan = Plan()
        self._offices = BackOffices(doors, self._plan, everybody)
        self._changes: list[Data] = []
        (self._regie,) = [p for p in around.partners.values() if Role.REGIE in p.roles]

    async def run(self, progress: Callable[[date], None]) -> None:
        await self._hand_over()
        self._offices.prepare()
        self._plan.on(facts.WERKBEDRIJF_STARTS, self._start_of_the_werkbedrijf)
        told_early = False
        today = _FIRST
        while today <= LAST:
            progress(today)
            await self._registry(ClockTicked(at=_at(today, _TICK_AT)), today)
            await self._rest.wait()
            if not told_early and today > facts.BUURTSUPPORT_JOINS - _STEP:
                await self._too_early(today)
                told_early = True
            await self._react(today)
            self._plan.until(today)
            while self._changes:
                await self._registry(self._changes.pop(0), today)
            await self._doors.send()
            await self._rest.wait()
            today += _STEP

    def _start_of_the_werkbedrijf(self) -> None:
        for name in ("emco", "menso"):
            partner = self._around.partners[name]
            agreement = Agreement(
                name="Emmens Werkbedrijf (sinds 2018-01-01)", effective_on=partner.agreement.effective_on
            )
            fields = {field: getattr(partner, field) for field in PartnerChanged.model_fields}
            self._changes.append(PartnerChanged(**fields | {"agreement": agreement}))

    async def _too_early(self, today: date) -> None:
        """Buurtsupport tries before the day it joins, and is told so."""
        self._doors.say(
            "buurtsupport",
            today,
            ParticipantRegistered(
                participant="p-9999",
                municipality=facts.EMMEN,
                rung=Rung.DAY_ACTIVITY,
                registered_on=today,
                school_leaver=False,
            ),
        )
        code = await self._doors.refused("buurtsupport")
        if code != "partner.not-active":
            raise AssertionError(f"refused for another reason than that it has not joined: {code}")

    async def _hand_over(self) -> None:
        for person in self._people:
            details: dict[str, Any] = {"name": person.name, "language": "nl"}
            if person.has_mail:
                mail = f"{person.participant}@voorbeeld.example"
                details |= {"channel": "email", "email": mail, "consent": True}
            await self._doors.hand_over(person.guide, person.participant, details)

    async def _react(self, today: date) -> None:
        """Let the back offices act on what the services have stated since the last look."""
        self._offices.read(await self._listener.news(), today)

    async def _registry(self, data: Data, today: date) -> None:
        event = Event(
            id=f"{today.isoformat()}/{data.TYPE}/{data.kafka_key}",
            source=f"{self._regie.urn}:systeem:regie",
            time=_at(today, _TICK_AT),
            key=data.kafka_key,
            data=data,
            partner="",
            stream=Stream.REGISTRY,
        )
        await self._producer.send_and_wait(
            self._around.topics.registry, encode(event), key=event.key.encode()
        )


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, AMSTERDAM)
