"""Questions to the ledger: figures, numbers, reservations, contracts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.quota import asking, reporting
from services.quota.routes.parameters import (
    MOST_CONTRACTS,
    AsKnownOn,
    AsOf,
    Day,
    Whose,
    YearAsked,
    snapshot,
    today,
)
from services.quota.rules.figures import Figures, Question
from services.quota.rules.mergers import Merger
from services.quota.rules.numbers import Target, differences
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.spells import by
from services.quota.world import MERGERS, TARGETS, World
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


class NumberShown(Part):
    """What a year runs on for one fund."""

    fund: Fund
    places: Amount
    provisional: bool
    set_for: Year
    carried_over: bool
    source: str
    other_sources: tuple[TargetShown, ...]


class ContractShown(Part):
    """A contract in force on a day, and who pays."""

    placement: OpaqueId
    participant: OpaqueId
    host: str
    since: CalendarDate
    ends_on: CalendarDate | None
    hours: Hours
    fund: Fund | None
    assigned: bool
    reserved: bool


class MergerShown(Part):
    """A code that ended, and the one that goes on for it."""

    predecessor: Municipality
    municipality: Municipality
    merged_on: CalendarDate
    source: str


def router(process: Process[World]) -> APIRouter:
    """Routes of the ledger; the pool is there once the process has started."""
    routes = APIRouter(tags=["ledger"])

    @routes.get("/figures")
    async def show_figures(
        municipality: Whose,
        as_of: AsOf = None,
        as_known_on: AsKnownOn = None,
        on: Annotated[Day | None, Query(description="Older name of as_of", deprecated=True)] = None,
        known_on: Annotated[
            Day | None, Query(description="Older name of as_known_on", deprecated=True)
        ] = None,
    ) -> Figures:
        """The number and what fills it, at the end of a day, as known at the end of a day."""
        async with snapshot(process) as connection:
            day = as_of or on or await today(connection)
            return await asking.figures_of(connection, municipality, day, as_known_on or known_on)

    @routes.get("/targets")
    async def show_targets(municipality: Whose) -> list[TargetShown]:
        """Every version of every number, with its source."""
        async with process.pool.acquire() as connection:
            rows = await TARGETS.where(connection, "municipality = $1", municipality)
        return [_target(row) for row in rows]

    @routes.get("/numbers")
    async def show_numbers(
        municipality: Whose, year: YearAsked, as_known_on: AsKnownOn = None
    ) -> list[NumberShown]:
        """What a year runs on, per fund, and what other sources say."""
        async with snapshot(process) as connection:
            basis = await asking.basis(connection, municipality)
        question = Question.of(date(year, 12, 31), as_known_on)
        others = differences(by(basis.targets, question.known))
        return [
            NumberShown(
                fund=number.fund,
                places=number.places,
                provisional=number.provisional,
                set_for=number.version.year,
                carried_over=number.version.year < year,
                source=number.version.source,
                other_sources=tuple(
                    _target(each.other)
                    for each in others
                    if (each.runs_on.year, each.runs_on.fund) == (number.version.year, number.fund)
                ),
            )
            for number in basis.numbers_of(question.on, question.known)
        ]

    @routes.get("/mergers")
    async def show_mergers() -> list[MergerShown]:
        """Municipalities that ended in another, and since when."""
        async with process.pool.acquire() as connection:
            return [_merger(row) for row in await MERGERS.all(connection)]

    @routes.get("/reservations")
    async def show_reservations(
        municipality: Whose,
        state: Annotated[State | None, Query(description="Only those that stand so")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> list[ReservationShown]:
        """Reservations, the last asked for first."""
        async with process.pool.acquire() as connection:
            rows = await asking.last_reservations(connection, municipality, state, limit)
        return [_reservation(row) for row in rows]

    @routes.get("/contracts")
    async def show_contracts(
        municipality: Whose,
        as_of: AsOf = None,
        as_known_on: AsKnownOn = None,
        after: Annotated[str | None, Query(description="Go on after this placement", max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_CONTRACTS)] = 200,
    ) -> list[ContractShown]:
        """The contracts in force on a day, each with the fund that pays and whether room was held for it."""
        async with snapshot(process) as connection:
            question = Question.of(as_of or await today(connection), as_known_on)
            rows = await reporting.contracts(connection, municipality, question, after, limit)
        return [
            ContractShown(**{name: getattr(row, name) for name in ContractShown.model_fields}) for row in rows
        ]

    return routes


def _target(row: Target) -> TargetShown:
    return TargetShown(**{name: getattr(row, name) for name in TargetShown.model_fields})


def _merger(row: Merger) -> MergerShown:
    return MergerShown(**{name: getattr(row, name) for name in MergerShown.model_fields})


def _reservation(row: Reservation) -> ReservationShown:
    return ReservationShown(**{name: getattr(row, name) for name in ReservationShown.model_fields})
