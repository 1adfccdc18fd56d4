"""One of our services as it is, with a clock beside each stage: where the wall time of a batch goes.

`STAGE=matching python -m tests.bench.clocked` runs the service as its own module does. At SIGUSR1 it says
what every stage has taken until then, in seconds. A clock costs some tenths of a microsecond a stage; a
stage that the code no longer has under this name is left out, and so falls to "the rest of the batch".
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import runpy
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.messaging import dead_letters, inbox, outbox, relay, runner, transaction
from shared.messaging.batch import Batch
from shared.messaging.doorkeeping import Doorkeeper
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from shared.messaging.service import Service
from shared.messaging.transaction import Together

SAYS: Final = "walls: "
"""How the line begins in which it says what it found."""
BATCHES: Final = "batches"
INSIDE: Final = "inside the transaction"
"""Once a batch with something in it for this service; those with nothing are read and no more."""
WHOLE: Final = "batch"
"""All of a batch, from records to the commit; what no stage of it has is the rest."""
IN_A_BATCH: Final = (
    "begin, with the locks",
    "how things stand",
    "door",
    "inbox",
    "parked",
    "load",
    "held letters",
    "decide and evolve",
    "save",
    "outcomes",
    "outbox",
    "other writes",
    "what these say together",
    "commit",
)
BESIDE: Final = ("reading ahead", "waiting for records", "offsets")
"""What the consumer does between batches, and beside them."""
RELAY: Final = "relay"
IN_THE_RELAY: Final = ("fetch", "build and send", "acknowledgement", "delete")
"""Beside the batches, in the same process: its time is not added to theirs."""


_WITHIN: Final[ContextVar[list[float] | None]] = ContextVar("within", default=None)
"""What the stages within this one have taken."""


class Walls:
    """Seconds by stage; stages may lie in each other, and each has its own time only."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.times: defaultdict[str, int] = defaultdict(int)
        self.asked = 0.0

    def clock(self, owner: Any, name: str, stage: str) -> None:
        """Put a clock beside a function or method, if there is one of that name."""
        inner = getattr(owner, name, None)
        if inner is not None:
            setattr(owner, name, self.clocked(inner, stage))

    def clocked(self, inner: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The same function, with a clock."""
        times = self.times

        @functools.wraps(inner)
        async def slowly(*arguments: Any, **named: Any) -> Any:
            with self._counting(stage):
                times[stage] += 1
                return await inner(*arguments, **named)

        @functools.wraps(inner)
        def at_once(*arguments: Any, **named: Any) -> Any:
            with self._counting(stage):
                return inner(*arguments, **named)

        return slowly if inspect.iscoroutinefunction(inner) else at_once

    @contextmanager
    def _counting(self, stage: str) -> Iterator[None]:
        around, within = _WITHIN.get(), [0.0]
        token, started = _WITHIN.set(within), time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            _WITHIN.reset(token)
            self.seconds[stage] += took - (0.0 if stage == WHOLE else within[0])
            if around is not None:
                around[0] += took

    def clock_waiting(self, owner: Any, name: str, stage: str) -> None:
        """The same for what waits: only what it waited for something that came, and since it was asked."""
        inner = getattr(owner, name)

        @functools.wraps(inner)
        async def waiting(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            came = await inner(*arguments, **named)
            if came:
                self.seconds[stage] += time.perf_counter() - max(started, self.asked)
            return came

        setattr(owner, name, waiting)

    def say(self, *_: Any) -> None:
        """Say what was found until now."""
        self.asked = time.perf_counter()
        print(SAYS + orjson.dumps({**self.seconds, BATCHES: self.times[INSIDE]}).decode(), flush=True)  # noqa: T201


class _Clocked:
    """A connection of the relay's, with a clock at each question."""

    def __init__(self, connection: Any, walls: Walls) -> None:
        self._connection = connection
        self.fetch = walls.clocked(connection.fetch, "relay: fetch")
        self.execute = walls.clocked(connection.execute, "relay: delete")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def install(walls: Walls, service: type[Service[Any]]) -> None:
    """Put the clocks in."""
    walls.clock(Runner, "_process", WHOLE)
    walls.clock(Runner, "_batch", INSIDE)
    walls.clock(Doorkeeper, "read", "reading ahead")
    walls.clock(transaction, "_begin", "begin, with the locks")
    walls.clock(runner, "standing", "how things stand")
    walls.clock(Runner, "_at_the_door", "door")
    walls.clock(inbox, "once", "inbox")
    walls.clock(Runner, "_parked", "parked")
    walls.clock(service, "load", "load")
    walls.clock(dead_letters, "holds_on", "held letters")
    walls.clock(Batch, "run", "decide and evolve")
    walls.clock(service, "save", "save")
    walls.clock(service, "record_outcomes", "outcomes")
    walls.clock(Runner, "_write", "other writes")
    walls.clock(outbox, "add", "outbox")
    walls.clock(Together, "done", "what these say together")
    walls.clock(transaction, "_commit", "commit")
    walls.clock_waiting(AIOKafkaConsumer, "getmany", "waiting for records")
    walls.clock(AIOKafkaConsumer, "commit", "offsets")
    _clock_the_relay(walls)


def _clock_the_relay(walls: Walls) -> None:
    publish, send, send_batch = (
        getattr(Relay, "_publish", None),
        getattr(relay, "_send", None),
        AIOKafkaProducer.send_batch,
    )
    last = [0.0]

    async def published(self: Relay, connection: Any, producer: Any) -> Any:
        started = time.perf_counter()
        try:
            return await publish(self, _Clocked(connection, walls), producer)  # type: ignore[misc]
        finally:
            walls.seconds[RELAY] += time.perf_counter() - started

    async def sent(*arguments: Any) -> Any:
        started = last[0] = time.perf_counter()
        try:
            return await send(*arguments)  # type: ignore[misc]
        finally:
            # After the last batch was handed to the client, only the broker's answers are waited for.
            walls.seconds["relay: build and send"] += last[0] - started
            walls.seconds["relay: acknowledgement"] += time.perf_counter() - last[0]

    async def handed_over(*arguments: Any, **named: Any) -> Any:
        try:
            return await send_batch(*arguments, **named)
        finally:
            last[0] = time.perf_counter()

    if publish is not None:
        Relay._publish = published  # type: ignore[method-assign]
    if send is not None:
        relay._send = sent  # type: ignore[assignment]
    AIOKafkaProducer.send_batch = handed_over


def stage_class(name: str) -> type[Service[Any]]:
    """The service's class."""
    handlers = importlib.import_module(f"services.{name}.handlers")
    found: type[Service[Any]] = getattr(handlers, name.capitalize())
    return found


def main(name: str) -> None:
    """Run the service with its clocks until it is ended."""
    walls = Walls()
    install(walls, stage_class(name))
    signal.signal(signal.SIGUSR1, walls.say)
    runpy.run_module(f"services.{name}", run_name="__main__")


if __name__ == "__main__":
    main(os.environ["STAGE"])
