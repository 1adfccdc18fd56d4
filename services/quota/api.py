"""What can be asked of the ledger over HTTP; each subject has its own file in `routes/`."""

from __future__ import annotations

from fastapi import APIRouter

from services.quota.routes import ahead, ledger, reports
from services.quota.world import World
from shared.messaging.process import Process


def router(process: Process[World]) -> APIRouter:
    """All routes; the pool is there once the process has started."""
    routes = APIRouter(prefix="/v1")
    for subject in (ledger, ahead, reports):
        routes.include_router(subject.router(process))
    return routes
