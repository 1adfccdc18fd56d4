"""What can be asked about one person: their rank, why not a place, their steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException

from services.matching import asking, store
from services.matching.asking import Rank
from services.matching.rules.sentences import rank_said
from services.matching.rules.waiting import Wait
from services.matching.shown import InOrder, StepShown, Why
from services.matching.world import World
from shared.messaging.process import Process
from shared.messaging.service import Connection

_PLACE = Query(max_length=100, description="One place; all that were held against the list when left out")


def router(process: Process[World]) -> APIRouter:
    """Routes about one person."""
    routes = APIRouter(prefix="/v1", tags=["people"])

    @routes.get("/waiting/{participant}")
    async def show_rank(participant: str) -> InOrder:
        """Somebody's rank: the order in force, each of its keys with what it found, and since when."""
        async with process.pool.acquire() as connection:
            wait = await _waiting(connection, participant)
            rank = await asking.rank_of(connection, wait, await store.today(connection))
        return _in_order(wait, rank)

    @routes.get("/waiting/{participant}/reasons")
    async def show_reasons(participant: str, place: Annotated[str | None, _PLACE] = None) -> list[Why]:
        """Why somebody was not proposed each place, the latest round first; a sentence with each."""
        async with process.pool.acquire() as connection:
            wait = await _waiting(connection, participant)
            found = await asking.reasons(connection, wait, place)
        return [Why.of(each) for each in found]

    @routes.get("/people/{participant}/ladder")
    async def show_ladder(participant: str) -> list[StepShown]:
        """Somebody's steps, up and down, over all partners, the first first."""
        async with process.pool.acquire() as connection:
            found = await asking.ladder_of(connection, participant)
        if not found:
            raise HTTPException(404, f"Nothing is known of {participant}")
        return [StepShown.of(each) for each in found]

    return routes


async def _waiting(connection: Connection, participant: str) -> Wait:
    wait = await asking.wait_of(connection, participant)
    if wait is None:
        raise HTTPException(404, f"{participant} is not on a waiting list")
    return wait


def _in_order(wait: Wait, rank: Rank | None) -> InOrder:
    return InOrder(
        participant=wait.participant,
        municipality=wait.municipality,
        rank=rank.rank if rank else None,
        waiting=rank.waiting if rank else 0,
        policy=rank.policy.policy if rank else None,
        policy_since=rank.policy.valid_from if rank else None,
        keys=list(rank.policy.order) if rank else [],
        values=dict(rank.looked_at) if rank else {},
        waiting_since=wait.joined_on,
        bridge=wait.bridge if wait.bridged else None,
        sentence=rank_said(rank.rank, rank.policy, rank.looked_at, wait.joined_on)
        if rank
        else "De gemeenteraad heeft nog geen volgorde vastgesteld.",
    )
