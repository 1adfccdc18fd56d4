"""Everything that makes the matching service, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.matching import api, api_people, api_region
from services.matching.handlers import Matching
from services.matching.settings import MatchingSettings
from services.matching.world import World
from shared.messaging.process import Process
from shared.web.app import make_web

PACKAGE = "services.matching"


def make_service(settings: MatchingSettings) -> Matching:
    """The service alone; a rebuild needs no more."""
    return Matching(settings.operator)


def build(settings: MatchingSettings | None = None) -> tuple[Process[World], FastAPI]:
    """The process and its web app, from the environment unless settings are given."""
    settings = settings or MatchingSettings()
    process = Process(make_service(settings), settings, package=PACKAGE)
    app = make_web(
        process,
        title="Werkbedrijf: matching",
        description="Waiting list, places, proposals and bridges of a region (Pw art. 10b).",
    )
    for routes in (api, api_people, api_region):
        app.include_router(routes.router(process))
    return process, app
