"""Events a second: ours, the bare loop and the newcomer's in turn, on the same events, several rounds.

Records are put on their topics while the process is held still; the time runs from the start of its first
transaction after that to the last of its effects: the last commit, or the last of its own events on the
topic by the broker's clock. Both are read from the servers afterwards, so nobody looks on while it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import mean, median
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from tests.bench import contenders, scaled, workload
from tests.bench.contenders import Contender, Model
from tests.bench.ground import PARTITIONS, Corner, Ground, hold, processor_s, reader
from tests.bench.tasks import Stage, Task, Wave, timed_alone
from tests.bench.workload import SOURCES

_POLL_S: Final = 0.2
_PATIENCE_S: Final = 180.0
_SOURCES: Final = list(SOURCES.values())


@dataclass(frozen=True, slots=True)
class Lap:
    """One run of one contender.

    Attributes:
        processor_s: what its processes used, in seconds.
        database_s: what PostgreSQL used meanwhile, all of its processes.
        broker_s: what Kafka used meanwhile.
        parked: events that had to wait for what they build on; of ours alone.
    """

    events: int
    seconds: float
    processor_s: float
    database_s: float
    broker_s: float
    parked: int

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    def per_event_us(self, seconds: float) -> float:
        """Microseconds an event."""
        return 1e6 * seconds / self.events


async def compare(
    ground: Ground, task: Task, rounds: int, tell: Callable[[str], None]
) -> dict[str, list[Lap]]:
    """All contenders in turn, so many times."""
    laps: dict[str, list[Lap]] = {"ours": [], "bare": [], "newcomer": []}
    everybody = workload.people(task.people)
    for number in range(1, rounds + 1):
        corner = await ground.corner(f"{task.name}-{number}-ours")
        first = await contenders.ours(corner, task.stages)
        laps["ours"].append(await lap(first, task.waves(corner.topics, everybody)))
        tell(f"{task.name}, round {number}: ours {laps['ours'][-1].rate:,.0f}/s")
        model = Model(first.databases, everybody[0], await _answer_bytes(corner, task.stages))

        corner = await ground.corner(f"{task.name}-{number}-bare")
        second = await contenders.bare(corner, task.stages, model)
        laps["bare"].append(await lap(second, timed_alone(task.waves(corner.topics, everybody))))
        tell(f"{task.name}, round {number}: bare {laps['bare'][-1].rate:,.0f}/s")
        await _same_rows(first, second, task)

        corner = await ground.corner(f"{task.name}-{number}-newcomer")
        third = await contenders.newcomer(corner, task.stages)
        laps["newcomer"].append(await lap(third, task.waves(corner.topics, everybody[: task.fewer])))
        tell(f"{task.name}, round {number}: newcomer's {laps['newcomer'][-1].rate:,.0f}/s")
    return laps


async def _same_rows(ours: Contender, bare: Contender, task: Task) -> None:
    """See that the bare loop has left the rows of people that ours left, in every table.

    Raises:
        RuntimeError: it has not, so that the comparison is none: see `WRITES` of the bare loop.
    """
    if task.beforehand is None:
        return
    for stage in task.stages:
        there, here = [await scaled.of_people(c.databases[stage.name]) for c in (ours, bare)]
        for table in sorted(set(there) - set(task.beforehand)):
            if there[table] != here.get(table, 0):
                raise RuntimeError(
                    f"{table}: ours left {there[table]} rows, the bare loop {here.get(table, 0)}"
                )


async def alone(ground: Ground, task: Task) -> Lap:
    """Ours once, without the others."""
    corner = await ground.corner(f"{task.name}-ours")
    contender = await contenders.ours(corner, task.stages)
    return await lap(contender, task.waves(corner.topics, workload.people(task.people)))


def figures(laps: dict[str, list[Lap]]) -> dict[str, Any]:
    """Medians and ratios; the ratio of a round is of what ran side by side in it."""
    rates = {name: median(lap.rate for lap in each) for name, each in laps.items()}
    return {
        **{name: round(rate, 1) for name, rate in rates.items()},
        **{
            f"ratio_{rival}": round(
                median(a.rate / b.rate for a, b in zip(laps["ours"], laps[rival], strict=True)), 3
            )
            for rival in ("bare", "newcomer")
        },
        "rounds": {name: [round(lap.rate, 1) for lap in each] for name, each in laps.items()},
        "processor_us_per_event": {
            name: round(median(lap.per_event_us(lap.processor_s) for lap in each), 1)
            for name, each in laps.items()
        },
        "servers_us_per_event": {
            name: {
                "postgresql": round(median(lap.per_event_us(lap.database_s) for lap in each), 1),
                "kafka": round(median(lap.per_event_us(lap.broker_s) for lap in each), 1),
            }
            for name, each in laps.items()
        },
        "parked": max(lap.parked for lap in laps["ours"]),
    }


async def lap(contender: Contender, waves: Sequence[Wave]) -> Lap:
    """Start the processes and send wave after wave through them."""
    (only,) = await laps(contender, [waves])
    return only


async def laps(
    contender: Contender, rounds: Sequence[Sequence[Wave]], around: Callable[[], None] = lambda: None
) -> list[Lap]:
    """Several rounds of waves through the same processes, which are ended at the end.

    Args:
        around: called before and after each wave that counts, while nothing is under way.
    """
    async with at_work(contender) as once:
        return [await once(waves, around) for waves in rounds]


@asynccontextmanager
async def at_work(contender: Contender) -> AsyncIterator[Callable[..., Awaitable[Lap]]]:
    """The processes, started, and ended at the end; what is given takes a round of waves through them."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(contender.end)
        looks = [await asyncpg.connect(dsn) for dsn in contender.databases.values()]
        for look in looks:
            stack.push_async_callback(look.close)
        watcher = await stack.enter_async_context(reader(contender.corner.ground.bootstrap))
        await contender.start()

        async def once(waves: Sequence[Wave], around: Callable[[], None] = lambda: None) -> Lap:
            return await _round(contender, looks, watcher, waves, around)

        yield once


async def _round(
    contender: Contender,
    looks: Sequence[Any],
    watcher: Any,
    waves: Sequence[Wave],
    around: Callable[[], None],
) -> Lap:
    seconds, events, used = 0.0, 0, [0.0, 0.0, 0.0]
    taken = await _taken(looks[0])
    before = already = await _answered(watcher, contender.answers_topics)
    for wave in waves:
        for program in contender.first:
            hold(program, still=True)
        await workload.preload(contender.corner.ground.bootstrap, wave.records)
        since, start = await looks[0].fetchval("SELECT now()"), _processors(contender)
        for program in contender.first:
            hold(program, still=False)
        if wave.timed:
            around()
        taken += len(wave.records)
        answers = already + wave.answers
        await _done(contender, looks, watcher, taken, answers)
        if wave.timed:
            events += len(wave.records)
            used = [u + now - then for u, now, then in zip(used, _processors(contender), start, strict=True)]
            seconds += await _span(contender, looks[0], since, answered=answers > before)
            around()
        before = answers
    return Lap(events, seconds, used[0], used[1], used[2], await _parked(contender))


async def _done(contender: Contender, looks: Sequence[Any], watcher: Any, taken: int, answers: int) -> None:
    """Wait until all was taken and all that is stated has been published."""

    async def nothing_left() -> bool:
        if await _taken(looks[0]) < taken:
            return False
        if await _answered(watcher, contender.answers_topics) < answers:
            return False
        return not any([await look.fetchval("SELECT EXISTS (SELECT FROM outbox)") for look in looks])

    end = time.monotonic() + _PATIENCE_S
    while not await nothing_left():
        await _no_fault(contender, looks)
        if time.monotonic() > end:
            raise RuntimeError(f"not done within {_PATIENCE_S:.0f} s: see {contender.corner.folder}")
        await asyncio.sleep(_POLL_S)


async def _no_fault(contender: Contender, looks: Sequence[Any]) -> None:
    for program in contender.programs:
        if not program.running:
            raise RuntimeError(f"{program.name} ended: {program.said()[-3:]}")
    for name, look in zip(contender.databases, looks, strict=True):
        if letter := await look.fetchrow("SELECT code, detail FROM dead_letters LIMIT 1"):
            raise RuntimeError(f"{name} has dead letters: {letter['code']}: {letter['detail']}")


async def _taken(look: Any) -> int:
    """How many of the records that were put there were taken; a million others are not looked at."""
    taken: int = await look.fetchval("SELECT count(*) FROM inbox WHERE source = ANY($1)", _SOURCES)
    return taken


async def _span(contender: Contender, look: Any, since: Any, *, answered: bool) -> float:
    """From the start of the first transaction to the last effect, in seconds."""
    row = await look.fetchrow(
        "SELECT extract(epoch FROM min(received_at))::float8 AS first, "
        "extract(epoch FROM max(pg_xact_commit_timestamp(xmin)))::float8 AS last "
        "FROM inbox WHERE source = ANY($1) AND received_at >= $2",
        _SOURCES,
        since,
    )
    last: float = row["last"]
    if answered:
        last = max(last, await contender.corner.last_put_on(contender.answers_topics))
    return last - float(row["first"])


async def _answered(watcher: Any, topics: Sequence[str]) -> int:
    ends = await watcher.end_offsets([TopicPartition(t, n) for t in topics for n in range(PARTITIONS)])
    return sum(ends.values())


def _processors(contender: Contender) -> list[float]:
    """Seconds of processor used until now: by the contender, PostgreSQL and Kafka."""
    ground = contender.corner.ground
    own = sum(processor_s(program.pid) for program in contender.programs if program.running)
    return [own, ground.database_s(), ground.broker_s()]


async def _parked(contender: Contender) -> int:
    if contender.programs[0].name not in contender.databases:
        return 0
    return round(
        sum([await p.counted("werkbedrijf_inbox_events_total", status="parked") for p in contender.programs])
    )


async def _answer_bytes(corner: Corner, stages: Sequence[Stage]) -> dict[str, int]:
    """The size of what each of our services states, on average."""
    sizes: dict[str, int] = {}
    for stage in stages:
        records = [r for topic in stage.answers(corner.topics) for r in await corner.records(topic)]
        sizes[stage.name] = round(mean(len(record.value) for record in records))
    return sizes
