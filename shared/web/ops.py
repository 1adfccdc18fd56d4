"""What operators do: look at dead letters and parked facts, redrive them or give them up."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from shared.messaging import dead_letters
from shared.messaging.process import Process
from shared.web.tokens import require

Limit = Annotated[int, Query(ge=1, le=1000)]


class Redrive(BaseModel):
    """Which dead letters to process again."""

    model_config = ConfigDict(extra="forbid")

    ids: list[int] = Field(default_factory=list, max_length=10_000)
    all: bool = False
    dry_run: bool = False
    reason: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _which(self) -> Redrive:
        if self.all == bool(self.ids):
            raise ValueError("name ids, or say all; not both")
        return self


class Discard(BaseModel):
    """Which dead letters to give up."""

    model_config = ConfigDict(extra="forbid")

    ids: list[int] = Field(min_length=1, max_length=10_000)
    reason: str = Field(min_length=1, max_length=500)


def router(process: Process[Any]) -> APIRouter:
    """Routes under /ops, open to who holds the operators' token."""

    def operator(request: Request) -> None:
        require(request, process.settings.ops_token.get_secret_value())

    routes = APIRouter(prefix="/ops", tags=["operations"], dependencies=[Depends(operator)])

    @routes.get("/dead-letters")
    async def list_letters(after: int = 0, limit: Limit = 200) -> list[dict[str, Any]]:
        """Dead letters, oldest first, without their contents; the next page is `after` the last number."""
        return await dead_letters.list_letters(process.pool, after=after, limit=limit)

    @routes.get("/dead-letters/{letter}")
    async def show_letter(letter: int) -> dict[str, Any]:
        """One dead letter, whole."""
        found = await dead_letters.show_letter(process.pool, letter)
        if found is None:
            raise HTTPException(404, f"There is no dead letter {letter}")
        return found

    @routes.post("/dead-letters/redrive")
    async def redrive(wanted: Redrive) -> dict[str, Any]:
        """Process dead letters again, with all that wait behind them; a dry run changes nothing."""
        outcomes = await process.runner.redrive(
            None if wanted.all else wanted.ids, reason=wanted.reason, dry_run=wanted.dry_run
        )
        return {
            "dry_run": wanted.dry_run,
            "outcomes": Counter(str(outcome.status) for outcome in outcomes),
            "refusals": [o.refusal.detail for o in outcomes if o.refusal is not None],
        }

    @routes.post("/dead-letters/discard")
    async def discard(wanted: Discard) -> dict[str, list[int]]:
        """Give dead letters up for good: they no longer hold their key, and are kept with the reason."""
        discarded = await dead_letters.discard(process.pool, wanted.ids, wanted.reason)
        return {"discarded": discarded, "unknown": sorted(set(wanted.ids) - set(discarded))}

    @routes.get("/parked")
    async def parked(after: int = 0, limit: Limit = 200) -> list[dict[str, Any]]:
        """Facts that wait for what they build on, oldest first; the next page is `after` the last `seq`."""
        rows = await process.pool.fetch(
            "SELECT seq, source, id, topic, waits_for, parked_at FROM parked "
            "WHERE seq > $1 ORDER BY seq LIMIT $2",
            after,
            limit,
        )
        return [dict(row) for row in rows]

    return routes
