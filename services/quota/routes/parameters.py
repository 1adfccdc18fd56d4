"""What every question to the ledger has in common: whose, of which day, as known on which day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import Field

from services.quota.world import World
from shared.messaging.process import Process
from shared.messaging.registry import amsterdam_date

Day = Annotated[date, Field(ge=date(2015, 1, 1), le=date(2199, 12, 31))]
"""From the year of the Participatiewet on."""

Whose = Annotated[
    str,
    Query(alias="municipality", pattern="^[0-9]{4}$", description="CBS code, four digits", examples=["0114"]),
]

AsOf = Annotated[Day | None, Query(description="The day it is about, at its end; today when left out")]
AsKnownOn = Annotated[
    Day | None, Query(description="Only what was known at the end of this day; all when left out")
]
YearAsked = Annotated[int, Query(ge=2015, le=2199)]

MOST_CONTRACTS: Final = 1000
"""Contracts in one answer at most; the next ones by `after`."""


@asynccontextmanager
async def snapshot(process: Process[World]) -> AsyncIterator[Any]:
    """A connection on which everything read is of one moment."""
    async with (
        process.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def today(connection: Any) -> date:
    """Today, or the day that the scenario clock has come to."""
    ticked = await connection.fetchval("SELECT ticked_at FROM clock")
    day: date = amsterdam_date(ticked if ticked is not None else datetime.now(UTC))
    return day
