"""What can be asked of the ledger over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.quota import asking
from services.quota.rules.figures import Figures
from services.quota.rules.numbers import Target
from services.quota.rules.reservations import Reservation, State
from services.quota.world import TARGETS, World
from shared.contracts import (
    Amount,
    CalendarDate,
    Fund,
    Hours,
    Instant,
    Municipality,
    OpaqueId,
    Part,
    Unit,
    Year,
)
from shared.messaging.process import Process
from shared.messaging.registry import amsterdam_date

_Day = Annotated[date, Field(ge=date(2015, 1, 1), le=date(2199, 12, 31))]
"""From the year of the Participatiewet on."""

_MUNICIPALITY = Query(pattern="^[0-9]{4}$", description="CBS code, four digits", examples=["0114"])


class ReservationShown(Part):
    """A reservation and what became of it."""

    reservation: OpaqueId
    municipality: Municipality
    participant: OpaqueId
    place: OpaqueId
    year: Year
    hours: Hours
    rank: int
    requested_at: Instant
    state: State
    fund: Fund | None
    expires_on: CalendarDate | None
    closed_at: Instant | None
    reason: str | None
    placement: OpaqueId | None


class TargetShown(Part):
    """One version of a number."""

    year: Year
    fund: Fund
    version: int
    number: Amount
    unit: Unit
    hours_per_unit: Hours | None
    provisional: bool
    published_on: CalendarDate
    source: str
    counts: bool
    reason: str | None
    known_at: Instant


def router(process: Process[World]) -> APIRouter:
    """Routes of the ledger; the pool is there once the process has started."""
    routes = APIRouter(prefix="/v1", tags=["ledger"])

    @routes.get("/figures")
    async def show_figures(
        municipality: Annotated[str, _MUNICIPALITY],
        as_of: Annotated[
            _Day | None, Query(description="The day they are about; today when left out")
        ] = None,
        as_known_on: Annotated[
            _Day | None, Query(description="Only what was known at the end of this day; all when left out")
        ] = None,
        on: Annotated[_Day | None, Query(description="Older name of as_of", deprecated=True)] = None,
        known_on: Annotated[
            _Day | None, Query(description="Older name of as_known_on", deprecated=True)
        ] = None,
    ) -> Figures:
        """The number and what fills it, at the end of a day, as known at the end of a day."""
        async with snapshot(process) as connection:
            day = as_of or on or await today(connection)
            return await asking.figures_of(connection, municipality, day, as_known_on or known_on)

    @routes.get("/targets")
    async def show_targets(municipality: Annotated[str, _MUNICIPALITY]) -> list[TargetShown]:
        """Every version of every number, with its source."""
        async with process.pool.acquire() as connection:
            rows = await TARGETS.where(connection, "municipality = $1", municipality)
        return [_target(row) for row in rows]

    @routes.get("/reservations")
    async def show_reservations(
        municipality: Annotated[str, _MUNICIPALITY],
        state: Annotated[State | None, Query(description="Only those that stand so")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> list[ReservationShown]:
        """Reservations, the last asked for first."""
        async with process.pool.acquire() as connection:
            rows = await asking.last_reservations(connection, municipality, state, limit)
        return [_reservation(row) for row in rows]

    return routes


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


def _target(row: Target) -> TargetShown:
    return TargetShown(**{name: getattr(row, name) for name in TargetShown.model_fields})


def _reservation(row: Reservation) -> ReservationShown:
    return ReservationShown(**{name: getattr(row, name) for name in ReservationShown.model_fields})
