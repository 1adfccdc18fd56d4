"""A figure of a day, as known on a day, and a forecast, over 1,000,000 contracts of one municipality.

On a real PostgreSQL as the tests start it, with the service's own tables, query and rule. One
municipality has all of them, which no municipality in the country has: it is the worst case.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import date, timedelta
from typing import Any, Final

import asyncpg

from deploy.local.environment import dsn_of
from services.quota import asking, outlook
from services.quota.rules.figures import Figures
from services.quota.rules.forecast import Forecast, WhatIf
from shared.messaging import database as db
from tests import servers

CONTRACTS: Final = 1_000_000
ROUNDS: Final = 5
MUNICIPALITY: Final = "0114"
_FIRST: Final = date(2016, 1, 1)

# Ten years of starts. One contract in three ended; one in five was extended or changed its hours, known
# a month before; one start in ten was stated three weeks late, and one in twenty corrected after that.
# Nine in ten took a reservation. What is known differs from what is so, as it does in an office.
FILL: Final = """
INSERT INTO placements (placement, participant, host)
SELECT 'pl-' || n, 'p-' || n, 'emco' FROM generate_series(1, {n}) n;
INSERT INTO reservations (reservation, municipality, participant, place, year, hours, rank, requested_at,
    state, fund, expires_on, closed_at, placement)
SELECT 'res-' || n, '0114', 'p-' || n, 'place-' || n % 500, 2016, 28, 1, f::timestamptz - interval '30 days',
    'used', 'ministry', f + 12, f::timestamptz, 'pl-' || n
FROM (SELECT n, date '2016-01-01' + (n::bigint * 7919 % 3650)::int AS f FROM generate_series(1, {n}) n) t
WHERE n % 10 <> 0;
INSERT INTO spells (placement, participant, municipality, from_on, until_on, ends_on, hours, first, fund,
    took_at, known_from, known_until)
SELECT 'pl-' || n, 'p-' || n, '0114', f, CASE WHEN n % 3 = 0 THEN f + 500 END, f + 364, 20 + n % 17, true,
    CASE WHEN n % 50 = 0 THEN 'council' END,
    CASE WHEN n % 10 <> 0 THEN f::timestamptz END, known,
    CASE WHEN n % 20 = 0 THEN known + interval '40 days' END
FROM (
    SELECT n, f, f::timestamptz + CASE WHEN n % 10 = 0 THEN interval '21 days' ELSE interval '-7 days' END
        AS known
    FROM (
        SELECT n, date '2016-01-01' + (n::bigint * 7919 % 3650)::int AS f FROM generate_series(1, {n}) n
    ) a
) b;
INSERT INTO spells (placement, participant, municipality, from_on, until_on, ends_on, hours, first, fund,
    took_at, known_from, known_until)
SELECT placement, participant, municipality, from_on + 1, until_on, ends_on, hours + 1, first, fund,
    took_at, known_until, NULL FROM spells WHERE known_until IS NOT NULL;
INSERT INTO spells (placement, participant, municipality, from_on, until_on, ends_on, hours, first, fund,
    took_at, known_from, known_until)
SELECT placement, participant, municipality, until_on + 1, NULL, NULL, 24, false, fund,
    took_at, until_on::timestamptz - interval '30 days', NULL
FROM spells WHERE known_until IS NULL AND until_on IS NOT NULL AND substr(placement, 4)::int % 5 = 0;
INSERT INTO targets (municipality, year, fund, version, number, unit, hours_per_unit, provisional,
    published_on, source, counts, reason, known_at)
SELECT '0114', year, 'ministry', 1, 900000, 'contracts', NULL, false, make_date(year - 1, 12, 1), 'assumed',
    true, NULL, make_date(year - 1, 12, 1) FROM generate_series(2016, 2026) year;
"""


def measure() -> dict[str, float]:
    """The median of a few figures of different days, in seconds; each is another day and moment.

    Returns:
        `as_of_1m_s`, `forecast_1m_s`.
    """
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    with servers.postgres_for_tests() as server:
        maintenance = await asyncpg.connect(server)
        name = "bench_quota"
        try:
            await maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await maintenance.execute(f'CREATE DATABASE "{name}"')
            as_of, forecasts = await _figures(dsn_of(server, name))
            await maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await maintenance.close()
    return {
        "as_of_1m_s": round(statistics.median(as_of), 3),
        "forecast_1m_s": round(statistics.median(forecasts), 3),
    }


async def _figures(dsn: str) -> tuple[list[float], list[float]]:
    pool = await db.open_pool(dsn, size=2, wait_s=30)
    try:
        await db.migrate(pool, "services.quota")
        await pool.execute(FILL.format(n=CONTRACTS), timeout=600)
        await pool.execute("VACUUM (ANALYZE) spells, reservations", timeout=600)
        taken, forecasts = [], []
        for n in range(ROUNDS + 1):
            on = _FIRST + timedelta(days=3200 + 70 * n)
            began = time.perf_counter()
            shown = await _ask(pool, on, on - timedelta(days=10 * n))
            taken.append(time.perf_counter() - began)
            if not CONTRACTS // 2 < shown.contracts < CONTRACTS:
                raise AssertionError(f"{shown.contracts} contracts in force on {on}: the ground is wrong")
            began = time.perf_counter()
            ahead = await _look_ahead(pool, on, on - timedelta(days=10 * n))
            forecasts.append(time.perf_counter() - began)
            if ahead.expected <= 0:
                raise AssertionError(f"nothing is forecast on {on}: the ground is wrong")
        return taken[1:], forecasts[1:]  # the first reads the tables into memory
    finally:
        await db.close_pool(pool)


async def _ask(pool: asyncpg.Pool[Any], on: date, known_on: date) -> Figures:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        return await asking.figures_of(connection, MUNICIPALITY, on, known_on)


async def _look_ahead(pool: asyncpg.Pool[Any], on: date, known_on: date) -> Forecast:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        return await outlook.forecast_of(connection, MUNICIPALITY, on, known_on, WhatIf())
