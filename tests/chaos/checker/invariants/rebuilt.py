"""The same when rebuilt: a service's state from offset 0 is its live state, row by row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import asyncpg
from pydantic import SecretStr

from deploy.local.ports import HOST
from services.intake.settings import IntakeSettings
from services.intake.wiring import make_service
from services.matching.handlers import Matching
from services.notifications.handlers import Notifications
from services.quota.handlers import Quota
from shared.messaging import rebuild
from shared.messaging.service import Service
from shared.messaging.settings import Clock
from shared.messaging.topics import Topics
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told
from tests.delivery.databases import empty_database
from tests.delivery.region import SERVICES
from tests.delivery.site import PARTNERS

_SHOWN = 2
_MAKES: Mapping[str, Callable[[str], Service[Any]]] = {
    "matching": Matching,
    "quota": Quota,
    "notifications": Notifications,
}
_AT_ONCE = 2
"""Rebuilds beside each other; each reads the whole log, on one processor."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a rebuild must know, as another process can be told."""

    kafka: str
    prefix: str
    server: str
    vault: str


class SameWhenRebuilt:
    """Rebuilds every service beside the live one; two at a time, each in a process of its own."""

    def see(self, told: Told) -> None:
        """The rebuild reads the log itself."""

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Tables that differ, with a row or two of each side."""
        ground, loop = evidence.ground, asyncio.get_running_loop()
        vault = f"http://{HOST}:{ground.links['vault'][0].port}"
        told = _Ground(ground.kafka, ground.topics.prefix, ground.database.server.dsn, vault)
        lives = {name: ground.database.name_of(name) for name in SERVICES}
        with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("spawn")) as pool:
            found = await asyncio.gather(
                *[loop.run_in_executor(pool, _rebuilt, told, name, live) for name, live in lives.items()]
            )
        return [violation for violations in found for violation in violations]


def _rebuilt(ground: _Ground, name: str, live: str) -> list[Violation]:
    return asyncio.run(_compared(ground, name, live))


async def _compared(ground: _Ground, name: str, live: str) -> list[Violation]:
    service, found = _service(ground, name), []
    async with empty_database(ground.server) as into:
        await rebuild.rebuild(
            service,
            package=f"services.{name}",
            bootstrap=ground.kafka,
            topics=Topics(ground.prefix),
            operator=SERVICES[name],
            into=into,
            live=live,
        )
        report = await rebuild.compare(service, live, into)
        for table, (only_live, only_rebuilt) in report.differs.items():
            rows = await _differing(live, into, table)
            what = f"{name}.{table}: {only_live} rows only live, {only_rebuilt} only rebuilt"
            found.append(Violation("rebuild_differs", _subject(rows), "\n    ".join([what, *rows])))
    return found


def _service(ground: _Ground, name: str) -> Service[Any]:
    if name != "intake":
        return _MAKES[name](SERVICES[name])
    settings = IntakeSettings(
        database_url=SecretStr("unused"),
        topic_prefix=ground.prefix,
        doors=tuple(file.record.partner for file in PARTNERS),
        public_url=ground.vault,
        clock=Clock.SCENARIO,
    )
    return make_service(settings)


async def _differing(live: str, rebuilt: str, table: str) -> list[str]:
    sides = []
    for dsn in (live, rebuilt):
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        finally:
            await connection.close()
        sides.append({row["row"] for row in rows})
    left, right = sorted(sides[0] - sides[1])[:_SHOWN], sorted(sides[1] - sides[0])[:_SHOWN]
    return [f"live:    {row}" for row in left] + [f"rebuilt: {row}" for row in right]


def _subject(rows: list[str]) -> str:
    """The person whom the first row is about, if it says so."""
    for row in rows[:1]:
        _, _, rest = row.partition('"participant": "')
        return rest.partition('"')[0]
    return ""
