"""The same when rebuilt: a service's state from offset 0 is its live state, row by row."""

from __future__ import annotations

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
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told
from tests.delivery.databases import empty_database
from tests.delivery.region import SERVICES
from tests.delivery.site import PARTNERS

_SHOWN = 2


class SameWhenRebuilt:
    """Rebuilds every service beside the live one."""

    def see(self, told: Told) -> None:
        """The rebuild reads the log itself."""

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Tables that differ, with a row or two of each side."""
        found = []
        ground = evidence.ground
        for service in _services(evidence):
            live = ground.database.name_of(service.name)
            async with empty_database(ground.database.server.dsn) as into:
                await rebuild.rebuild(
                    service,
                    package=f"services.{service.name}",
                    bootstrap=ground.kafka,
                    topics=ground.topics,
                    operator=SERVICES[service.name],
                    into=into,
                    live=live,
                )
                report = await rebuild.compare(service, live, into)
                for table, (only_live, only_rebuilt) in report.differs.items():
                    rows = await _differing(live, into, table)
                    what = f"{service.name}.{table}: {only_live} rows only live, {only_rebuilt} only rebuilt"
                    found.append(Violation("rebuild_differs", _subject(rows), "\n    ".join([what, *rows])))
        return found


def _services(evidence: Evidence) -> list[Service[Any]]:
    doors = tuple(file.record.partner for file in PARTNERS)
    settings = IntakeSettings(
        database_url=SecretStr("unused"),
        topic_prefix=evidence.ground.topics.prefix,
        doors=doors,
        public_url=f"http://{HOST}:{evidence.ground.links['vault'][0].port}",
        clock=Clock.SCENARIO,
    )
    return [
        make_service(settings),
        Matching(SERVICES["matching"]),
        Quota(SERVICES["quota"]),
        Notifications(SERVICES["notifications"]),
    ]


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
