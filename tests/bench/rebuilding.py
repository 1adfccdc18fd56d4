"""Events a second when a service's state is rebuilt from offset 0."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from deploy.partners_file import load_all
from shared.contracts.base import Stream
from tests.bench import contenders, scaled, throughput, workload
from tests.bench.ground import Corner, Ground, rows
from tests.bench.replay import SAYS
from tests.bench.scaled import SMALL
from tests.bench.tasks import SERVICES, Stage, Wave
from tests.bench.workload import PERSON, Sent
from tests.delivery.programs import ROOT

_PATIENCE_S: Final = 900.0
_PERSON: Final = re.compile(rf"{PERSON}\d{{7}}".encode())
_NOT_READ: Final = frozenset({Stream.INBOX, Stream.REGISTRY})


async def measure(ground: Ground, sizes: Mapping[str, int], tell: Callable[[str], None]) -> dict[str, Any]:
    """Each service from a log of so many events, which is that of a small real run many times.

    Raises:
        RuntimeError: what was rebuilt is not what the small run left, as many times.
    """
    found = {}
    for name, events in sizes.items():
        stage, waves = SERVICES[name]
        small = await ground.corner(f"rebuild-{name}-model")
        live = await contenders.ours(small, [stage])
        stated = waves(small.topics, workload.people(SMALL))
        await throughput.lap(live, stated)
        rounds = in_order(stated, await _log(small))
        length = sum(map(len, rounds))
        copies = max(1, events // length)
        corner = await ground.corner(f"rebuild-{name}")
        moved = [_moved(each, small, corner) for each in rounds]
        await workload.preload(ground.bootstrap, scaled.rounds(moved, copies))
        tell(f"{name}: a log of {copies * length:,} events")
        dsn = await corner.database(stage.name, stage.package)
        database_s = ground.database_s()
        found[name] = await _rebuilt(corner, stage, dsn)
        found[name]["postgresql_s"] = round(ground.database_s() - database_s, 2)
        await _check(live.databases[name], dsn, found[name].pop("tables"), copies)
        await corner.drop(dsn)
        tell(f"{name} rebuilt: {found[name]['rate']:,.0f}/s")
    return found


def slowest(found: Mapping[str, Any]) -> float:
    """The rate of the service that takes longest for an event."""
    return min(float(each["rate"]) for each in found.values())


def in_order(waves: Sequence[Wave], log: Sequence[Sent]) -> list[list[Sent]]:
    """What lies on the topics in rounds, in none of which anybody has more than one record.

    Put there round after round, every record has a later time than what it follows from, as the log of
    services at work has. What is put there as fast as it goes has not: the broker gives a batch of a
    thousand records one time, and a tenth of the events were then parked until what they build on came.

    Args:
        waves: what was stated, in the order in which it could be.
        log: these records, and what the service stated because of them.
    """
    places: dict[str, tuple[int, ...]] = {}
    for number, wave in enumerate(waves):
        seen: Counter[bytes] = Counter()
        for record in wave.records:
            person = _person(record)
            places[orjson.loads(record.value)["id"]] = (number, seen[person])
            seen[person] += 1
    rounds: defaultdict[tuple[int, ...], list[Sent]] = defaultdict(list)
    left = [(orjson.loads(record.value), record) for record in log]
    while left:
        later = []
        for event, record in left:
            if event["id"] not in places and event["causationid"] in places:
                places[event["id"]] = (*places[event["causationid"]], 0)
            if event["id"] in places:
                rounds[places[event["id"]]].append(record)
            else:
                later.append((event, record))
        if len(later) == len(left):
            raise RuntimeError(f"{len(left)} events follow from nothing, such as {later[0][0]['id']}")
        left = later
    return [rounds[place] for place in sorted(rounds)]


def _person(record: Sent) -> bytes:
    """Who it is about; a number of nobody is its own."""
    found = _PERSON.search(record.value)
    return found[0] if found else record.key


async def _log(corner: Corner) -> list[Sent]:
    """What lies on the topics after the small run."""
    records = [
        record
        for each in load_all(ROOT / "deploy" / "partners")
        for stream in each.streams
        if stream not in _NOT_READ
        for record in await corner.records(corner.topics.of(each.record.partner, stream))
    ]
    records.sort(key=lambda record: record.timestamp)
    return [Sent(record.topic, record.key, record.value) for record in records]


def _moved(log: Sequence[Sent], of: Corner, to: Corner) -> list[Sent]:
    return [Sent(to.topics.prefix + r.topic.removeprefix(of.topics.prefix), r.key, r.value) for r in log]


async def _rebuilt(corner: Corner, stage: Stage, dsn: str) -> dict[str, Any]:
    program = corner.program(
        f"replay-{stage.name}", "tests.bench.replay", dsn, STAGE=stage.name, **stage.told
    )
    program.start()
    end = time.monotonic() + _PATIENCE_S
    try:
        while not (said := program.said(SAYS)):
            if not program.running or time.monotonic() > end:
                raise RuntimeError(f"{stage.name} was not rebuilt: {program.said()[-5:]}")
            await asyncio.sleep(0.2)
    finally:
        corner.end()
    told = orjson.loads(said[-1].partition(SAYS)[2])
    return {
        "events": told["events"],
        "rate": round(told["events"] / told["seconds"], 1),
        "seconds": round(told["seconds"], 2),
        "processor_s": round(told["processor_s"], 2),
        "tables": told["tables"],
    }


async def _check(live: str, rebuilt: str, tables: Sequence[str], copies: int) -> None:
    for table in tables:
        (there,) = await rows(live, f"SELECT count(*) FROM {table}")
        (here,) = await rows(rebuilt, f"SELECT count(*) FROM {table}")
        # What is of nobody in particular is there once; see `scaled`.
        if here[0] not in {there[0] * copies, there[0]}:
            raise RuntimeError(f"{table}: {here[0]} rows were rebuilt from {copies} times {there[0]}")
