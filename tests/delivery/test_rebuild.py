"""The log is read by a process of its own: what becomes of a rebuild, and of it, when either is ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from shared.messaging import rebuild
from shared.messaging.log import Log
from shared.messaging.reader import LogUnread, reading
from shared.messaging.service import Record
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.site import Site
from tests.delivery.toy.service import PACKAGE, Toy
from tests.delivery.waiting import eventually

_PEOPLE: Final = [f"p-{number:03d}" for number in range(50)]
_ROUNDS: Final = 100
_EVENTS: Final = len(_PEOPLE) * _ROUNDS
"""More than pipe and hand-over hold, so that the reader is not done when the rebuild has only begun."""


def _readers(prefix: str) -> Iterator[int]:
    """The processes that read the log of a site."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                said = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if b"shared.messaging.reader" in said and prefix.encode() in said:
                yield int(entry.name)


@pytest.fixture
async def told(site: Site) -> Site:
    """A site on whose topics there are events; no service runs."""
    ledger = Ledger()
    for _ in range(_ROUNDS):
        await site.send([ledger.step(person) for person in _PEOPLE])
    return site


def _log(site: Site) -> Log:
    return Log.of(Toy(), site.kafka, site.topics, GUIDE)


async def _all(log: Log) -> list[Record]:
    async with reading(log) as pieces:
        return [record async for piece in pieces for record in piece]


async def test_what_another_process_reads_is_what_this_one_would(told: Site) -> None:
    here = [record async for piece in _log(told).pieces() for record in piece]

    assert len(here) > _EVENTS  # and the registry
    assert await _all(_log(told)) == here
    assert not list(_readers(told.topics.prefix))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_reader_that_dies_fails_the_rebuild(
    told: Site, database_beside: str, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(rebuild, "_BATCH", 100)
    seen: list[int] = []

    def strike(count: int) -> None:
        if not seen:
            (pid,) = _readers(told.topics.prefix)
            os.kill(pid, how)
        seen.append(count)

    with pytest.raises(LogUnread, match=f"reads the log was killed by {how.name} before it was done"):
        await rebuild.rebuild(
            Toy(), package=PACKAGE, bootstrap=told.kafka, topics=told.topics, operator=GUIDE,
            into=database_beside, progress=strike,
        )  # fmt: skip

    assert 0 < seen[-1] < _EVENTS
    assert not list(_readers(told.topics.prefix))


async def test_a_database_that_is_lost_ends_the_reader_too(
    told: Site, database_beside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_BATCH", 100)

    def strike(count: int) -> None:
        if count < 2 * rebuild._BATCH:
            return
        raise asyncpg.PostgresConnectionError("away")

    with pytest.raises(asyncpg.PostgresConnectionError):
        await rebuild.rebuild(
            Toy(), package=PACKAGE, bootstrap=told.kafka, topics=told.topics, operator=GUIDE,
            into=database_beside, progress=strike,
        )  # fmt: skip

    assert not list(_readers(told.topics.prefix))


async def test_a_broken_off_rebuild_leaves_no_reader(told: Site, database_beside: str) -> None:
    begun = asyncio.create_task(
        rebuild.rebuild(
            Toy(),
            package=PACKAGE,
            bootstrap=told.kafka,
            topics=told.topics,
            operator=GUIDE,
            into=database_beside,
        )
    )

    async def there() -> bool:
        return bool(list(_readers(told.topics.prefix)))

    await eventually(there, "a reader")
    begun.cancel()  # as Ctrl-C does
    with pytest.raises(asyncio.CancelledError):
        await begun

    assert not list(_readers(told.topics.prefix))


async def test_ctrl_c_is_the_others_to_answer(told: Site) -> None:
    async with reading(_log(told)) as pieces:
        count = len(await anext(pieces))
        (pid,) = _readers(told.topics.prefix)
        os.kill(pid, signal.SIGINT)
        count += sum([len(piece) async for piece in pieces])

    assert count > _EVENTS


async def test_a_reader_ends_with_the_process_that_it_reads_for(told: Site) -> None:
    """That one is killed, and can end nobody."""
    waits = (
        "import asyncio, json, sys\n"
        "from shared.messaging.log import Log\n"
        "from shared.messaging.reader import reading\n"
        "async def main():\n"
        "    async with reading(Log(*json.loads(sys.argv[1]))) as pieces:\n"
        "        await anext(pieces)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    log = _log(told)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", waits, json.dumps(astuple(log)))

    async def there() -> bool:
        return bool([pid for pid in _readers(told.topics.prefix) if pid != process.pid])

    async def gone() -> bool:
        return not list(_readers(told.topics.prefix))

    await eventually(there, "a reader")
    process.kill()
    await process.wait()
    await eventually(gone, "no reader is left")


async def test_a_broker_that_is_away_is_said() -> None:
    log = Log("127.0.0.1:1", "nowhere", GUIDE, ("intake",), ("matching",))

    with pytest.raises(LogUnread, match="could not be read to its end: KafkaConnectionError"):
        await _all(log)
