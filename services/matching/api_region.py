"""What can be asked about the region: places, bridges, proposals, deviations, and a new order."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from services.matching import asking, store
from services.matching.rules.places import Place
from services.matching.shown import (
    DeviationShown,
    Moved,
    NewOrder,
    PlaceShown,
    Previewed,
    ProposalFigures,
    WithoutBridge,
)
from services.matching.world import World
from shared.messaging.process import Process

_MUNICIPALITY = Query(pattern="^[0-9]{4}$", description="CBS code, four digits", examples=["0114"])
_FIRST = Query(description="First day of the period; the first of January when left out")
_LAST = Query(description="Last day of the period; today when left out")


def router(process: Process[World]) -> APIRouter:
    """Routes about the region."""
    routes = APIRouter(prefix="/v1", tags=["region"])

    @routes.post("/orders/preview")
    async def preview_order(order: NewOrder) -> Previewed:
        """Who would rise and who would fall, and by how much, if this order were adopted."""
        async with process.pool.acquire() as connection:
            today = await store.today(connection)
            then = asking.as_policy(order.municipality, today, order.keys, order.priority_groups)
            found = await asking.previewed(connection, order.municipality, then, today)
        if found is None:
            raise HTTPException(404, f"No order is in force in {order.municipality} to hold it against")
        now, seen = found
        return Previewed(
            municipality=order.municipality,
            policy=now.policy,
            waiting=seen.waiting,
            stays=seen.stays,
            rises=[Moved.of(move) for move in seen.rises],
            falls=[Moved.of(move) for move in seen.falls],
        )

    @routes.get("/places")
    async def show_places(municipality: Annotated[str | None, _MUNICIPALITY] = None) -> list[PlaceShown]:
        """Places on offer of any rung and host: seats worked in, kept for a proposal, and free."""
        async with process.pool.acquire() as connection:
            found = await asking.places(connection, municipality, await store.today(connection))
        return [_place(*each) for each in found]

    @routes.get("/bridges/owed")
    async def show_owed(
        municipality: Annotated[str | None, _MUNICIPALITY] = None,
    ) -> list[WithoutBridge]:
        """Who waits with nothing to do meanwhile (Pw art. 10b(7)), the longest first."""
        async with process.pool.acquire() as connection:
            today = await store.today(connection)
            found = await asking.unbridged(connection, municipality, today)
        return [
            WithoutBridge(
                participant=each.wait.participant,
                municipality=each.wait.municipality,
                since=each.since,
                due_on=each.due_on,
                days=(today - each.since).days,
                overdue=each.due_on < today,
            )
            for each in found
        ]

    @routes.get("/figures/proposals")
    async def show_proposals(
        municipality: Annotated[str | None, _MUNICIPALITY] = None,
        first: Annotated[date | None, _FIRST] = None,
        last: Annotated[date | None, _LAST] = None,
    ) -> ProposalFigures:
        """What became of proposals, and the share that people overruled."""
        async with process.pool.acquire() as connection:
            since, until = await _period(connection, first, last)
            found = dict(await asking.proposals_between(connection, municipality, since, until))
        decided = found["accepted"] + found["declined"]
        overruled = found["declined"] + found["deviations"]
        # A deviation that was declined as well is one proposal that people overruled, not two.
        share = round(min(overruled, decided) / decided, 4) if decided else None
        return ProposalFigures(municipality=municipality, first=since, last=until, overruled=share, **found)

    @routes.get("/deviations")
    async def show_deviations(
        municipality: Annotated[str | None, _MUNICIPALITY] = None,
        first: Annotated[date | None, _FIRST] = None,
        last: Annotated[date | None, _LAST] = None,
    ) -> list[DeviationShown]:
        """Deviations from the order: who decided them, why, and before how many people they went."""
        async with process.pool.acquire() as connection:
            since, until = await _period(connection, first, last)
            found = await asking.deviations(connection, municipality, since, until)
        return [DeviationShown.of(each) for each in found]

    return routes


async def _period(connection: Any, first: date | None, last: date | None) -> tuple[date, date]:
    until = last or await store.today(connection)
    return first or date(until.year, 1, 1), until


def _place(place: Place, taken: int, kept: int) -> PlaceShown:
    shown = {name: getattr(place, name) for name in PlaceShown.model_fields if hasattr(place, name)}
    shown |= {"taken": taken, "kept": kept, "free": max(0, place.seats - taken - kept)}
    return PlaceShown.model_validate(shown, strict=False)
