"""JSON API: figures, and the messages about one participant."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.notifications.store import World
from shared.messaging.process import Process
from shared.web.tokens import require

_FIGURES = """
    SELECT template, channel, state, count(*) AS messages FROM messages
    WHERE ended_on >= $1 AND ended_on < $2 AND state <> 'queued'
    GROUP BY template, channel, state ORDER BY template, channel, state
"""
_MESSAGES = """
    SELECT m.notification, m.template, m.channel, m.recipient, m.about, m.state, m.code, m.attempt,
           m.queued_at, m.ended_on
    FROM messages m WHERE m.participant = $1 ORDER BY m.queued_at, m.notification LIMIT 500
"""
_ATTEMPTS = """
    SELECT a.notification, a.attempt, a.handed_over_at, a.ended_at, a.outcome, a.code, a.reply
    FROM attempts a JOIN messages m USING (notification) WHERE m.participant = $1
    ORDER BY a.notification, a.attempt
"""


def router(process: Process[World]) -> APIRouter:
    """Routes of this service; those under /v1/notifications are open to who holds the operators' token."""
    routes = APIRouter(prefix="/v1", tags=["notifications"])

    def operator(request: Request) -> None:
        require(request, process.settings.ops_token.get_secret_value())

    @routes.get("/figures")
    async def figures(year: Annotated[int, Query(ge=2015, le=2199)]) -> dict[str, Any]:
        """Messages that came to their end in a year, by the time their event bears."""
        rows = await process.pool.fetch(_FIGURES, date(year, 1, 1), date(year + 1, 1, 1))
        totals = dict.fromkeys(("sent", "failed", "suppressed"), 0)
        for row in rows:
            totals[row["state"]] += row["messages"]
        return {"year": year, **totals, "by_template": [dict(row) for row in rows]}

    @routes.get("/notifications", dependencies=[Depends(operator)])
    async def notifications(
        participant: Annotated[str, Query(min_length=1, max_length=100)],
    ) -> list[dict[str, Any]]:
        """Messages about a participant, oldest first, each with the proof of every try."""
        messages = await process.pool.fetch(_MESSAGES, participant)
        tries: dict[str, list[dict[str, Any]]] = {}
        for row in await process.pool.fetch(_ATTEMPTS, participant):
            attempt = dict(row)
            tries.setdefault(attempt.pop("notification"), []).append(attempt)
        return [dict(row) | {"tries": tries.get(row["notification"], [])} for row in messages]

    return routes
