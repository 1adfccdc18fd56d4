"""Everything that makes the matching service, put together."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from services.matching import api
from services.matching.handlers import Matching
from services.matching.settings import MatchingSettings
from shared.messaging.process import Process
from shared.web.app import make_web


def build() -> tuple[Process[Any], FastAPI]:
    """The process and its web app, from the environment."""
    settings = MatchingSettings()
    process = Process(Matching(settings.operator), settings, package="services.matching")
    app = make_web(
        process,
        title="Werkbedrijf: matching",
        description="Waiting list, places, proposals and bridges of a region (Pw art. 10b).",
    )
    app.include_router(api.router(lambda: process.pool))
    return process, app
