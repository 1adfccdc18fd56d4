"""The driver: people begin their journeys at a set rate, and partners react to what the services state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any, Final

import httpx

from tests.chaos.driver import reactions, statements
from tests.chaos.driver.calendar import Calendar
from tests.chaos.driver.journeys import JOURNEYS
from tests.chaos.driver.ledger import Ledger
from tests.chaos.driver.listener import listen
from tests.chaos.driver.office import Office
from tests.chaos.driver.people import Person
from tests.chaos.driver.post import Post
from tests.chaos.ending import ended
from tests.chaos.ground.ground import Ground
from tests.chaos.options import Options
from tests.delivery.site import PARTNERS

_EVENTS_EACH: Final = 14
"""What the partners state of a person on average, to make a rate of events of a rate of people."""
_UNDER_WAY: Final = 400
_UNDER_WAY_S: Final = 30
"""Journeys begun at the same time at most, so many or those of so many seconds: a back office has only so
many desks. A door that is away for a while makes a queue, and those in it are served all the same."""
_EMAIL: Final = 3
"""One in so many has an e-mail address."""


class Driver:
    """Plays all partners.

    Attributes:
        reacts: whether partners act on what the services state.
        failure: what went wrong in the driver itself, first of all.
    """

    def __init__(self, options: Options, ground: Ground, ledger: Ledger, http: httpx.AsyncClient) -> None:
        self.options = options
        self.ground = ground
        self.ledger = ledger
        self.post = Post(ground.kafka, ground.topics)
        self.calendar = Calendar(self.post, every_s=options.tick_s)
        self.offices = {
            file.record.partner: Office(file.record.partner, http, self.post, self.calendar, ledger)
            for file in PARTNERS
        }
        for office in self.offices.values():
            office.held.set()
        self.people: dict[str, Person] = {}
        self.busy: set[asyncio.Task[Any]] = set()
        self._done_on: dict[str, date] = {}
        self._journeys = [journey for journey in JOURNEYS for _ in range(journey.share)]
        self.reacts = True
        self.failure: BaseException | None = None

    async def prepare(self) -> None:
        """State the numbers, the policies and the places, and let the first day come."""
        await self.calendar.pass_(0)
        for partner, mark, data in statements.ground(self.calendar.today):
            answer = await self.offices[partner].say(data, "http", mark)
            assert answer in {"accepted", "duplicate", "parked"}, (partner, answer)

    async def arrivals(self) -> None:
        """Let people arrive until cancelled."""
        pause = _EVENTS_EACH / self.options.rate
        desks = max(_UNDER_WAY, _UNDER_WAY_S / pause)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += pause
            await asyncio.sleep(max(0.0, due - loop.time()))
            while len(self.busy) > desks:
                await asyncio.sleep(0.05)
                due = max(due, loop.time() - _UNDER_WAY_S)
            self._arrive()

    def seldom(self, what: str, days: int) -> bool:
        """True once in so many days: for what happens to the region and to no one person."""
        last = self._done_on.get(what)
        if last is not None and self.calendar.today < last + timedelta(days=days):
            return False
        self._done_on[what] = self.calendar.today
        return True

    def begin(self, what: Coroutine[Any, Any, Any]) -> None:
        """Begin something that the campaign must see finished."""
        task = asyncio.ensure_future(what)
        self.busy.add(task)
        task.add_done_callback(self._finished)

    async def idle(self) -> None:
        """Wait until nothing that was begun is unfinished."""
        while self.busy:
            await asyncio.wait(self.busy)
        await self.calendar.idle()

    def _arrive(self) -> None:
        number = len(self.people) + 1
        person = Person(number, self.options.chance("person", number), self)
        self.people[person.id] = person
        self.begin(self._journey(person))

    async def _journey(self, person: Person) -> None:
        async with person.turn:
            journey = person.chance.choice(self._journeys)
            if not person.number % _EMAIL:
                entry = {"name": "A. Voorbeeld", "channel": "email", "language": "nl", "consent": True}
                await self.offices["menso"].hand_over(
                    person.id, entry | {"email": f"{person.id}@voorbeeld.example"}
                )
            await journey.begin(person)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self.busy.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failure = self.failure or task.exception()


@asynccontextmanager
async def driving(options: Options, ground: Ground, ledger: Ledger) -> AsyncIterator[Driver]:
    """A driver whose offices are open and listen to what the services state."""
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(base_url=ground.door, timeout=10, verify=False, limits=limits) as http:
        driver = Driver(options, ground, ledger, http)
        tasks = [asyncio.create_task(office.run()) for office in driver.offices.values()]
        tasks.append(asyncio.create_task(listen(ground, lambda event: reactions.react(driver, event))))
        try:
            yield driver
        finally:
            await ended([*tasks, *driver.busy])
            await driver.post.close()
