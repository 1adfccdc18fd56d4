"""Everything that makes the quota service, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.quota import api
from services.quota.handlers import Quota
from services.quota.settings import QuotaSettings
from services.quota.world import World
from shared.messaging.process import Process
from shared.web.app import make_web

PACKAGE = "services.quota"


def make_service(settings: QuotaSettings) -> Quota:
    """The service alone; a rebuild needs no more."""
    return Quota(settings.operator)


def build(settings: QuotaSettings | None = None) -> tuple[Process[World], FastAPI]:
    """The process and its web app, from the environment unless settings are given."""
    settings = settings or QuotaSettings()
    process = Process(make_service(settings), settings, package=PACKAGE)
    app = make_web(
        process,
        title="Werkbedrijf: quota",
        description="The ledger of sheltered places per municipality and year (Pw art. 10b).",
    )
    app.include_router(api.router(process))
    return process, app
