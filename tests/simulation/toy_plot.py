"""The toy under the same faults: chains that tell every event and its order, and rules that break."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from functools import reduce
from random import Random
from typing import Any, Final

import orjson

from shared.contracts.base import Stream
from shared.contracts.waiting import WaitingJoined, WaitingPassedOver
from shared.messaging.database import is_transient
from shared.messaging.event import Event
from tests.delivery.ledger import Ledger
from tests.delivery.toy.service import BREAKS, UNSAVEABLE, Toy, linked
from tests.simulation import checks
from tests.simulation.world import Part, Shape, Violation, World, book

_MOST_EVENTS: Final = 30


class ToyPlot:
    """Steps, registrations and decisions of a few people; some break the rule, until it is mended."""

    compares = False
    """The ledger says what must come out; there is no need of a second run."""

    def __init__(self, seed: int, without: Collection[str]) -> None:
        self._random = Random(f"{seed}/toy")
        self._without = without
        self._ledger = Ledger()
        self._mended = False
        self.said: list[str] = []

    def parts(self, _shape: Shape) -> list[Part]:
        """The toy alone."""
        return [Part("toy", "toy", lambda: Toy(mended=self._mended), "menso")]

    async def live(self, world: World) -> None:
        """State, redrive in between, mend what is broken, and redrive until nothing is left."""
        events = self._events()
        await world.say(events)
        if self._random.random() < 0.3:
            await self._redrive(world)
        await world.rest()
        self._mend(world)
        while world.databases["toy"].table("dead_letters"):
            await self._redrive(world)
            await asyncio.sleep(0.02)
            await world.rest()
        world.chance.end()
        await world.rest()

    async def check(self, world: World) -> None:
        """The ledger is what came out."""
        self._check_state(world)
        self._check_answers(world)
        await checks.nothing_twice(world)
        await checks.rebuilt_is_live(world)

    def _events(self) -> list[Event]:
        random, events = self._random, []
        people = [f"p-{number}" for number in range(random.randint(1, 4))]
        poisoned = random.random() < 0.5
        for number in range(random.randint(5, _MOST_EVENTS)):
            kind, person = random.choice(("step", "step", "decision")), random.choice(people)
            poison = random.choice((BREAKS, UNSAVEABLE)) if poisoned and random.random() < 0.1 else None
            if str(number) in self._without:
                continue
            self.said.append(str(number))
            if kind == "step":
                events.append(self._ledger.step(person, place=poison))
            else:
                events.append(self._ledger.decision(person, **({"by": BREAKS} if poison else {})))
        for person in people:
            events.insert(random.randint(0, len(events)), self._ledger.registration(person))
        return events

    def _mend(self, world: World) -> None:
        """The next version has the rule right, and the store takes what it did not."""
        self._mended = True
        world.databases["toy"].statements = book("mended toy")
        for process in world.processes:
            process.restart()

    async def _redrive(self, world: World) -> None:
        running = [process for process in world.processes if process.alive]
        if not running:
            return
        process = world.chance.pick(running)
        world.history.note(process.name, "redrives")

        async def redrive() -> None:
            try:
                await process.runner.redrive(None, reason="simulation")
            except Exception as error:
                world.history.note(process.name, "redrive failed", type(error).__name__)
                if self._mended and not is_transient(error):
                    raise

        process.within(redrive)

    def _check_state(self, world: World) -> None:
        database, ledger = world.databases["toy"], self._ledger
        found = {
            row["participant"]: (row["steps"], row["chain"], row["decisions"], row["registered"])
            for row in database.table("tally").values()
        }
        expected = {
            person: (
                len(ledger.steps.get(person, [])),
                ledger.chain(person),
                len(ledger.decisions.get(person, [])),
                person in ledger.registered,
            )
            for person in ledger.people
        }
        if found != expected:
            raise Violation(f"the toy has {found}, and the ledger {expected}")
        if left := [name for name in ("parked", "dead_letters", "outbox") if database.table(name)]:
            raise Violation(f"left at the end: {left}")

    def _check_answers(self, world: World) -> None:
        ledger = self._ledger
        said: dict[str, list[dict[str, Any]]] = defaultdict(list)
        seen: set[str] = set()
        for record in world.stated(Stream.MATCHING):
            event = orjson.loads(record.value or b"")
            if event["id"] not in seen:
                seen.add(event["id"])
                said[event["partitionkey"]].append(event)
        tally = world.databases["toy"].table("tally")
        for person in ledger.people:
            steps = [e for e in said[person] if e["type"] == WaitingPassedOver.TYPE]
            joined = [e["causationid"] for e in said[person] if e["type"] == WaitingJoined.TYPE]
            if [e["causationid"] for e in steps] != ledger.steps.get(person, []):
                raise Violation(f"the answers to the steps of {person} are not as they were taken")
            if [e["data"]["rank"] for e in steps] != list(range(1, len(steps) + 1)):
                raise Violation(f"the steps of {person} are numbered with a gap or a repeat")
            if joined != ledger.decisions.get(person, []):
                raise Violation(f"the answers to the decisions on {person} are not as they were taken")
            if tally[person]["said_chain"] != reduce(linked, [e["id"] for e in said[person]], ""):
                raise Violation(f"what was said of {person} went out in another order than it was decided")
