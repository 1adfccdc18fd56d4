"""Who is measured: our services as they are, the bare loop and the newcomer's, each at the same work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import asyncpg

from tests.bench.ground import Corner, rows
from tests.bench.tasks import NOTIFICATIONS, Stage
from tests.delivery.programs import Program
from tests.delivery.waiting import PATIENCE_S, eventually

SENDERS_LOCK: Final = 4
"""Held by the sender of notifications; while another has it, an instance queues and sends nothing."""

READS: Final = "rival reads"
"""What a rival says once it is about to read."""
ASSIGNED: Final = "assigned "
"""What ours says whenever it is given partitions."""
_SETTLED_S: Final = 4.0
"""Longer than the broker waits for who else may join."""
OK: Final = 200
PARTNERS: Final = 5
"""Those of Emmen; what comes before they are known is parked."""


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
        answers_topics: where the last one states.
        first: those that the records come to; several instances of one service, when scale is measured.
    """

    corner: Corner
    programs: Sequence[Program]
    databases: Mapping[str, str]
    answers_topics: Sequence[str]
    first: Sequence[Program]
    held: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Start all, and wait until they are about to read; ours until they know the partners."""
        for program in self.programs:
            program.start()
        for program in self.programs:
            await eventually(partial(self._reads, program), f"{program.name} reads", patience=PATIENCE_S)
        if len(self.first) > 1:
            await self._shared_out()

    async def _reads(self, program: Program) -> bool:
        if not program.running:
            raise RuntimeError(f"{program.name} ended: {program.said()[-5:]}")
        if program.said(READS):
            return True
        stage = self.databases.get(program.name.partition("-")[0])
        return stage is not None and bool(
            await program.status("/readyz") == OK
            and (await rows(stage, "SELECT count(*) FROM partners"))[0][0] >= PARTNERS
        )

    async def _shared_out(self) -> None:
        """Wait until every instance has its share of the partitions, and nothing moves any more."""
        before: list[int] = []
        while True:
            said = [len(program.said(ASSIGNED)) for program in self.first]
            if all(said) and said == before:
                return
            before = said
            await asyncio.sleep(_SETTLED_S)

    async def end(self) -> None:
        """End its processes."""
        self.corner.end()
        await self.held.aclose()


async def ours(
    corner: Corner, stages: Sequence[Stage], *, instances: int = 1, databases: Mapping[str, str] | None = None
) -> Contender:
    """Our services.

    Args:
        instances: of each service, which share its database.
        databases: of each stage, where they are there already.
    """
    made = databases or {stage.name: await corner.database(stage.name, stage.package) for stage in stages}
    programs = [
        corner.program(
            stage.name if number == 1 else f"{stage.name}-{number}",
            stage.package,
            made[stage.name],
            **stage.told,
        )
        for stage in stages
        for number in range(1, instances + 1)
    ]
    contender = Contender(corner, programs, made, stages[-1].answers(corner.topics), programs[:instances])
    if NOTIFICATIONS in stages:
        await contender.held.enter_async_context(being_the_sender(made[NOTIFICATIONS.name]))
    return contender


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
    return Contender(corner, programs, databases, stages[-1].answers(corner.topics), programs[:1])


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
    return Contender(corner, programs, databases, stages[-1].answers(corner.topics), programs[:1])


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
