"""What can be asked of matching over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from services.matching import store
from services.matching.rules.figures import InLine
from services.matching.rules.proposals import Proposal, State
from services.matching.world import PROPOSALS, World
from shared.contracts import (
    Alternatives,
    CalendarDate,
    Hours,
    Municipality,
    OpaqueId,
    Part,
    PartnerName,
    Reasons,
    Rung,
)
from shared.messaging.process import Process

_MUNICIPALITY = Query(pattern="^[0-9]{4}$", description="CBS code, four digits", examples=["0114"])
_DAY = Query(description="At the end of this day; today when left out")


class Waiting(Part):
    """Somebody on the list."""

    participant: OpaqueId
    municipality: Municipality
    rank: int | None
    policy: OpaqueId | None
    joined_on: CalendarDate
    decided_on: CalendarDate
    priority_group: str | None
    bridge: Rung | None
    bridged_on: CalendarDate | None


class Figures(Part):
    """How many wait, and how many of them have something to do meanwhile (Pw art. 10b(7))."""

    municipality: Municipality | None
    on: CalendarDate
    waiting: int
    bridged: int


class ProposalShown(Part):
    """A proposal, why it was made and what became of it."""

    proposal: OpaqueId
    rung: Rung
    reservation: OpaqueId | None
    participant: OpaqueId
    municipality: Municipality
    place: OpaqueId
    host: PartnerName
    guide: PartnerName
    year: int | None
    hours: Hours | None
    rank: int
    policy: OpaqueId
    requested_on: CalendarDate | None
    made_on: CalendarDate | None
    expires_on: CalendarDate | None
    state: State
    closed_on: CalendarDate | None
    outcome: str | None
    reasons: Reasons
    alternatives: Alternatives


def router(process: Process[World]) -> APIRouter:
    """Routes of the list; the process has its pool once it has started."""
    routes = APIRouter(prefix="/v1", tags=["waiting list"])

    @routes.get("/waiting")
    async def show_waiting(
        municipality: Annotated[str, _MUNICIPALITY], on: Annotated[date | None, _DAY] = None
    ) -> list[Waiting]:
        """The list of a municipality, the first in line first."""
        async with process.pool.acquire() as connection:
            day = on or await store.today(connection)
            return [_waiting(row) for row in await store.line(connection, municipality, day)]

    @routes.get("/figures")
    async def show_figures(
        municipality: Annotated[str | None, _MUNICIPALITY] = None, on: Annotated[date | None, _DAY] = None
    ) -> Figures:
        """How many wait and how many of them have a bridge; of all municipalities, or of one."""
        async with process.pool.acquire() as connection:
            day = on or await store.today(connection)
            waiting, bridged = await store.figures(connection, municipality, day)
        return Figures(municipality=municipality, on=day, waiting=waiting, bridged=bridged)

    @routes.get("/proposals/{proposal}")
    async def show_proposal(proposal: str) -> ProposalShown:
        """One proposal, with its reasons and what else was looked at."""
        async with process.pool.acquire() as connection:
            found = (await PROPOSALS.fetch(connection, "proposal", [proposal])).get(proposal)
        if found is None:
            raise HTTPException(404, f"There is no proposal {proposal}")
        return _proposal(found)

    return routes


def _waiting(row: InLine) -> Waiting:
    return Waiting(**{name: getattr(row, name) for name in Waiting.model_fields})


def _proposal(row: Proposal) -> ProposalShown:
    # Not strict: what the database has as JSON are lists.
    shown = {name: getattr(row, name) for name in ProposalShown.model_fields}
    if row.bridge:
        shown |= {"year": None, "hours": None}  # it takes no room, so neither was asked
    return ProposalShown.model_validate(shown, strict=False)
