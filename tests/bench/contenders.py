"""Who is measured: our services as they are, the bare loop and the newcomer's, each at the same work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import asyncpg

from shared.contracts.base import Stream
from tests.bench.ground import Corner, rows
from tests.bench.workload import ADVISOR, GUIDE, MUNICIPALITY
from tests.delivery.programs import Program
from tests.delivery.waiting import PATIENCE_S, eventually

SENDERS_LOCK: Final = 4
"""Held by the sender of notifications; while another has it, an instance queues and sends nothing."""

READS: Final = "rival reads"
"""What a rival says once it is about to read."""
OK: Final = 200
PARTNERS: Final = 5
"""Those of Emmen; what comes before they are known is parked."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service, and what it is told.

    Attributes:
        answers_on: partner and stream on which its own events lie.
    """

    name: str
    told: Mapping[str, str]
    answers_on: tuple[str, Stream]

    @property
    def package(self) -> str:
        """Where its migrations are."""
        return f"services.{self.name}"


INTAKE: Final = Stage(
    "intake",
    {"DOORS": f"{GUIDE},{ADVISOR},{MUNICIPALITY}", "DOOR_TOKENS": json.dumps({MUNICIPALITY: "bench"})},
    (MUNICIPALITY, Stream.INTAKE),
)
MATCHING: Final = Stage("matching", {"OPERATOR": GUIDE}, (GUIDE, Stream.MATCHING))
NOTIFICATIONS: Final = Stage(
    "notifications", {"OPERATOR": MUNICIPALITY}, (MUNICIPALITY, Stream.NOTIFICATIONS)
)


@dataclass(frozen=True, slots=True)
class Model:
    """What our services left, for the bare loop to write again.

    Attributes:
        databases: by stage.
        person: whose rows are the pattern.
        answer_bytes: by stage, the size of its own events.
    """

    databases: Mapping[str, str]
    person: str
    answer_bytes: Mapping[str, int]


@dataclass(slots=True)
class Contender:
    """Processes one after the other on a road; not started.

    Attributes:
        databases: of each stage, in the order of the road.
        answers_topic: where the last one states.
    """

    corner: Corner
    programs: Sequence[Program]
    databases: Mapping[str, str]
    answers_topic: str
    held: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def first(self) -> Program:
        """The one that the records come to."""
        return self.programs[0]

    async def start(self) -> None:
        """Start all, and wait until they are about to read; ours until they know the partners."""
        for program in self.programs:
            program.start()
        for program in self.programs:
            await eventually(partial(self._reads, program), f"{program.name} reads", patience=PATIENCE_S)

    async def _reads(self, program: Program) -> bool:
        if not program.running:
            raise RuntimeError(f"{program.name} ended: {program.said()[-5:]}")
        if program.said(READS):
            return True
        stage = self.databases.get(program.name)
        return stage is not None and bool(
            await program.status("/readyz") == OK
            and (await rows(stage, "SELECT count(*) FROM partners"))[0][0] >= PARTNERS
        )

    async def end(self) -> None:
        """End its processes."""
        self.corner.end()
        await self.held.aclose()


async def ours(corner: Corner, stages: Sequence[Stage]) -> Contender:
    """Our services."""
    databases = {stage.name: await corner.database(stage.name, stage.package) for stage in stages}
    programs = [
        corner.program(stage.name, stage.package, databases[stage.name], **stage.told) for stage in stages
    ]
    made = Contender(corner, programs, databases, _answers(corner, stages))
    if NOTIFICATIONS in stages:
        await made.held.enter_async_context(being_the_sender(databases[NOTIFICATIONS.name]))
    return made


async def bare(corner: Corner, stages: Sequence[Stage], model: Model) -> Contender:
    """The bare loop in the place of each."""
    databases = {stage.name: await corner.database(stage.name, stage.package) for stage in stages}
    programs = [
        corner.program(
            f"bare-{stage.name}",
            "tests.bench.rivals.bare",
            databases[stage.name],
            STAGE=stage.name,
            MODEL_DATABASE_URL=model.databases[stage.name],
            MODEL_PERSON=model.person,
            ANSWER_BYTES=str(model.answer_bytes[stage.name]),
        )
        for stage in stages
    ]
    return Contender(corner, programs, databases, _answers(corner, stages))


async def newcomer(corner: Corner, stages: Sequence[Stage]) -> Contender:
    """The newcomer's in the place of each."""
    databases = {stage.name: await corner.database(stage.name, "tests.bench.rivals") for stage in stages}
    programs = [
        corner.program(
            f"newcomer-{stage.name}",
            "tests.bench.rivals.newcomer",
            databases[stage.name],
            STAGE=stage.name,
        )
        for stage in stages
    ]
    return Contender(corner, programs, databases, _answers(corner, stages))


def _answers(corner: Corner, stages: Sequence[Stage]) -> str:
    partner, stream = stages[-1].answers_on
    return corner.topics.of(partner, stream)


@asynccontextmanager
async def being_the_sender(dsn: str) -> AsyncIterator[None]:
    """Be the sender of notifications, and do nothing: what is measured ends where messages are queued."""
    connection, other = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        mine = asyncio.create_task(connection.execute("SELECT pg_advisory_lock($1, 0)", SENDERS_LOCK))
        while not mine.done():
            await asyncio.sleep(0.05)
            # A sender that loses its connection stands by, since we are next in line.
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND classid = $1 AND database = (SELECT oid FROM pg_database WHERE datname = "
                "current_database()) AND pid <> $2",
                SENDERS_LOCK,
                connection.get_server_pid(),
            )
        await mine
        yield
    finally:
        await other.close()
        await connection.close()
