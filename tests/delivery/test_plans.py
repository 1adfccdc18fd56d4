"""A batch looks its rows up by index, also by statements whose plans were made while tables were empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest

from deploy.partners_file import load_all
from services.intake.handlers import Intake
from services.matching.handlers import Matching
from services.notifications.handlers import Notifications
from services.quota.handlers import Quota
from shared.messaging import database as db
from shared.messaging.registry import save_partner
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Service, Status
from shared.messaging.topics import Topics
from tests.bench.tasks import SERVICES
from tests.bench.workload import ADVISOR, GUIDE, MUNICIPALITY, Sent, people
from tests.delivery.programs import ROOT

_TOPICS: Final = Topics("plans")
_DOORS: Final = (GUIDE, ADVISOR, MUNICIPALITY)
_MOMENT: Final = datetime(2021, 4, 1, tzinfo=UTC)
_BATCH: Final = 500
_KNOWN: Final = 2_000
_NEW: Final = 5
_A_HANDFUL: Final = 50
"""Rows; where there are no more, nobody need look anything up."""


def _service(name: str) -> tuple[Service[Any], str]:
    """A service, and for whom it speaks."""
    match name:
        case "intake":
            ahead = timedelta(days=1)
            return Intake(_TOPICS, doors=_DOORS, public_url="http://127.0.0.1", ahead=ahead), ""
        case "matching":
            return Matching(GUIDE), GUIDE
        case "quota":
            return Quota(MUNICIPALITY), MUNICIPALITY
        case _:
            return Notifications(MUNICIPALITY), MUNICIPALITY


def _records(sent: Sequence[Sent], before: int) -> list[Record]:
    return [Record(each.topic, each.value, each.key, 0, before + n) for n, each in enumerate(sent)]


async def _read_from_end_to_end(pool: asyncpg.Pool[Any]) -> Counter[str]:
    """By table of more than a handful of rows, how many were read so."""
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    rows = await pool.fetch("SELECT relname, seq_tup_read, n_live_tup FROM pg_stat_user_tables")
    return Counter({r["relname"]: r["seq_tup_read"] for r in rows if r["n_live_tup"] > _A_HANDFUL})


@pytest.mark.parametrize("name", list(SERVICES))
async def test_no_table_is_read_from_end_to_end(database: str, name: str):
    service, operator = _service(name)
    stage, waves = SERVICES[name]
    # One connection, so that the statements are those of the empty tables.
    pool = await db.open_pool(database, size=1, wait_s=30, **db.BY_INDEX)
    try:
        await db.migrate(pool, stage.package)
        # What is read is counted, and nobody tells the planner how tables have grown.
        for table in service.tables:
            await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        for file in load_all(ROOT / "deploy" / "partners"):
            await save_partner(pool, file.record)
        runner = Runner(
            service,
            pool,
            _TOPICS,
            operator=operator,
            own=_DOORS if name == "intake" else (),
            now=lambda: _MOMENT,
        )

        async def do(sent: Sequence[Sent], at_once: int) -> None:
            records = _records(sent, 0)
            for start in range(0, len(records), at_once):
                outcomes = await runner.process(records[start : start + at_once])
                assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}

        for wave in waves(_TOPICS, people(10 * _NEW)):
            await do(wave.records, _NEW)
        for wave in waves(_TOPICS, people(_KNOWN, 100)):
            await do(wave.records, _BATCH)
        before = await _read_from_end_to_end(pool)
        for wave in waves(_TOPICS, people(_NEW, 10_000)):
            await do(wave.records, _NEW)
        after = await _read_from_end_to_end(pool)
        assert set(after) & set(service.tables)
        assert {table: after[table] - before[table] for table in after if after[table] > before[table]} == {}
    finally:
        await db.close_pool(pool)
