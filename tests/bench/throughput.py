"""Events a second: ours, the bare loop and the newcomer's in turn, on the same events, several rounds.

Records are put on their topics while the process is held still; the time runs from the start of its first
transaction after that to the last of its effects: the last commit, or the last of its own events on the
topic by the broker's clock. Both are read from the servers afterwards, so nobody looks on while it runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import mean, median
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from shared.messaging.event import Event
from tests.bench import contenders, workload
from tests.bench.contenders import INTAKE, MATCHING, NOTIFICATIONS, Contender, Model, Stage
from tests.bench.ground import PARTITIONS, Corner, Ground, hold, processor_s, reader
from tests.bench.workload import Sent

_POLL_S: Final = 0.2
_PATIENCE_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class Wave:
    """Records put on the topics at once.

    Attributes:
        answers: own events of the last stage that there are once all is done.
    """

    records: Sequence[Sent]
    answers: int
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Lap:
    """One run of one contender.

    Attributes:
        processor_s: what its processes used, in seconds.
        parked: events that had to wait for what they build on; of ours alone.
    """

    events: int
    seconds: float
    processor_s: float
    parked: int

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@dataclass(frozen=True, slots=True)
class Task:
    """What all contenders do.

    Attributes:
        waves: for so many people.
        people: how many, for us and the bare loop; the newcomer's takes the first `fewer` of them.
    """

    name: str
    stages: Sequence[Stage]
    waves: Callable[[Corner, Sequence[str]], list[Wave]]
    people: int
    fewer: int


def joining(corner: Corner, people: Sequence[str]) -> list[Wave]:
    """Through matching: four statements a person, of which the decision makes the person wait."""
    facts = (workload.registered, workload.profiled, workload.advised)
    return [
        Wave(_of(corner, people, *facts), 0),
        Wave(_of(corner, people, workload.decided), len(people)),
    ]


def catching_up(corner: Corner, people: Sequence[str]) -> list[Wave]:
    """The same all at once, in the order in which topics happen to be read."""
    every = (workload.registered, workload.profiled, workload.advised, workload.decided)
    return [Wave(_of(corner, people, *every), len(people))]


def journey(corner: Corner, people: Sequence[str]) -> list[Wave]:
    """From the door's topic to the queued message: people known before, then their decisions."""
    before = (workload.registered, workload.profiled, workload.advised)
    return [
        Wave(_of(corner, people, *before, at_the_door=True), 2 * len(people), timed=False),
        Wave(_of(corner, people, workload.decided, at_the_door=True), 4 * len(people)),
    ]


def decisions_alone(corner: Corner, people: Sequence[str]) -> list[Wave]:
    """The journey for who needs to know nobody beforehand."""
    return [Wave(_of(corner, people, workload.decided, at_the_door=True), 2 * len(people))]


JOINING: Final = ((MATCHING,), joining)
JOURNEY: Final = ((INTAKE, MATCHING, NOTIFICATIONS), journey)


async def compare(
    ground: Ground, task: Task, rounds: int, tell: Callable[[str], None]
) -> dict[str, list[Lap]]:
    """All contenders in turn, so many times."""
    laps: dict[str, list[Lap]] = {"ours": [], "bare": [], "newcomer": []}
    everybody = workload.people(task.people)
    for number in range(1, rounds + 1):
        corner = await ground.corner(f"{task.name}-{number}-ours")
        first = await contenders.ours(corner, task.stages)
        laps["ours"].append(await _lap(first, task.waves(corner, everybody)))
        tell(f"{task.name}, round {number}: ours {laps['ours'][-1].rate:,.0f}/s")
        model = Model(first.databases, everybody[0], await _answer_bytes(corner, task.stages))

        corner = await ground.corner(f"{task.name}-{number}-bare")
        second = await contenders.bare(corner, task.stages, model)
        waves = (decisions_alone if task.waves is journey else task.waves)(corner, everybody)
        laps["bare"].append(await _lap(second, waves))
        tell(f"{task.name}, round {number}: bare {laps['bare'][-1].rate:,.0f}/s")

        corner = await ground.corner(f"{task.name}-{number}-newcomer")
        third = await contenders.newcomer(corner, task.stages)
        laps["newcomer"].append(await _lap(third, task.waves(corner, everybody[: task.fewer])))
        tell(f"{task.name}, round {number}: newcomer's {laps['newcomer'][-1].rate:,.0f}/s")
    return laps


async def alone(ground: Ground, task: Task) -> Lap:
    """Ours once, without the others."""
    corner = await ground.corner(f"{task.name}-ours")
    contender = await contenders.ours(corner, task.stages)
    return await _lap(contender, task.waves(corner, workload.people(task.people)))


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
            name: round(median(1e6 * lap.processor_s / lap.events for lap in each), 1)
            for name, each in laps.items()
        },
        "parked": max(lap.parked for lap in laps["ours"]),
    }


async def _lap(contender: Contender, waves: Sequence[Wave]) -> Lap:
    """Start the processes and send wave after wave through them."""
    corner, seconds, events, used, taken = contender.corner, 0.0, 0, 0.0, 0
    bootstrap = corner.ground.bootstrap
    async with AsyncExitStack() as stack:
        stack.push_async_callback(contender.end)
        looks = [await asyncpg.connect(dsn) for dsn in contender.databases.values()]
        for look in looks:
            stack.push_async_callback(look.close)
        watcher = await stack.enter_async_context(reader(bootstrap))
        await contender.start()
        before = 0
        for wave in waves:
            hold(contender.first, still=True)
            await workload.preload(bootstrap, wave.records)
            since, start = await looks[0].fetchval("SELECT now()"), _processor(contender)
            hold(contender.first, still=False)
            taken += len(wave.records)
            await _done(contender, looks, watcher, taken, wave.answers)
            if wave.timed:
                events += len(wave.records)
                used += _processor(contender) - start
                seconds += await _span(contender, looks[0], watcher, since, answered=wave.answers > before)
            before = wave.answers
        parked = await _parked(contender)
    return Lap(events, seconds, used, parked)


async def _done(contender: Contender, looks: Sequence[Any], watcher: Any, taken: int, answers: int) -> None:
    """Wait until all was taken and all that is stated has been published."""

    async def nothing_left() -> bool:
        if await looks[0].fetchval("SELECT count(*) FROM inbox WHERE source LIKE '%:bench'") < taken:
            return False
        if await _answered(watcher, contender.answers_topic) < answers:
            return False
        return not any([await look.fetchval("SELECT count(*) FROM outbox") for look in looks])

    end = time.monotonic() + _PATIENCE_S
    while not await nothing_left():
        for program, look in zip(contender.programs, looks, strict=True):
            if not program.running:
                raise RuntimeError(f"{program.name} ended: {program.said()[-3:]}")
            if letter := await look.fetchrow("SELECT code, detail FROM dead_letters LIMIT 1"):
                raise RuntimeError(f"{program.name} has dead letters: {letter['code']}: {letter['detail']}")
        if time.monotonic() > end:
            raise RuntimeError(f"not done within {_PATIENCE_S:.0f} s: see {contender.corner.folder}")
        await asyncio.sleep(_POLL_S)


async def _span(contender: Contender, look: Any, watcher: Any, since: Any, *, answered: bool) -> float:
    """From the start of the first transaction to the last effect, in seconds."""
    row = await look.fetchrow(
        "SELECT extract(epoch FROM min(received_at))::float8 AS first, "
        "extract(epoch FROM max(pg_xact_commit_timestamp(xmin)))::float8 AS last "
        "FROM inbox WHERE received_at >= $1",
        since,
    )
    last: float = row["last"]
    if answered:
        records = await contender.corner.records(contender.answers_topic)
        last = max(last, max(record.timestamp for record in records) / 1000)
    return last - float(row["first"])


async def _answered(watcher: Any, topic: str) -> int:
    ends = await watcher.end_offsets([TopicPartition(topic, n) for n in range(PARTITIONS)])
    return sum(ends.values())


def _processor(contender: Contender) -> float:
    return sum(processor_s(program.pid) for program in contender.programs if program.running)


async def _parked(contender: Contender) -> int:
    if contender.first.name not in {INTAKE.name, MATCHING.name}:
        return 0
    return round(
        sum([await p.counted("werkbedrijf_inbox_events_total", status="parked") for p in contender.programs])
    )


async def _answer_bytes(corner: Corner, stages: Sequence[Stage]) -> dict[str, int]:
    """The size of what each of our services states, on average."""
    sizes: dict[str, int] = {}
    for stage in stages:
        partner, stream = stage.answers_on
        records = await corner.records(corner.topics.of(partner, stream))
        sizes[stage.name] = round(mean(len(record.value) for record in records))
    return sizes


def _of(
    corner: Corner, people: Sequence[str], *kinds: Callable[[str], Event], at_the_door: bool = False
) -> list[Sent]:
    events = [kind(person) for person in people for kind in kinds]
    return workload.on_topics(events, corner.topics, at_the_door=at_the_door)
