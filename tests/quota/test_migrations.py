"""A ledger of before two times is rebuilt, and not carried on with half of what it must know."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from shared.messaging import database as db

FIRST = Path(str(resources.files("services.quota"))) / "migrations" / "0001_ledger.sql"


@pytest.mark.parametrize("kept", [False, True])
async def test_a_ledger_that_holds_anything_is_not_migrated_but_told_how_to_be_rebuilt(
    database: str, *, kept: bool
):
    pool = await db.open_pool(database, size=1, wait_s=30)
    try:
        await pool.execute(FIRST.read_text(encoding="utf-8"))
        await pool.execute("CREATE TABLE migrations (name text PRIMARY KEY, at timestamptz DEFAULT now())")
        await pool.execute("INSERT INTO migrations (name) VALUES ($1)", "services.quota/0001_ledger.sql")
        if not kept:
            assert "services.quota/0002_two_times.sql" in await db.migrate(pool, "services.quota")
            return
        await pool.execute(
            "INSERT INTO targets VALUES "
            "('0114', 2017, 'ministry', 1, 20, 'contracts', NULL, false, '2017-01-23', 'Stcrt', now())"
        )
        with pytest.raises(db.NotMigrated, match="rebuild it from the log"):
            await db.migrate(pool, "services.quota")
        assert await pool.fetchval("SELECT count(*) FROM targets") == 1
    finally:
        await db.close_pool(pool)
