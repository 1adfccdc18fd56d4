"""Everything that makes the door, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake import api
from services.intake.handlers import Intake
from services.intake.settings import IntakeSettings
from services.intake.world import World
from shared.messaging.process import Process
from shared.messaging.topics import Topics
from shared.web.app import make_web


def build(settings: IntakeSettings | None = None) -> tuple[Process[World], FastAPI]:
    """The process and its web app, from the environment unless settings are given."""
    settings = settings or IntakeSettings()
    service = make_service(settings)
    process = Process(
        service, settings, package="services.intake", own=settings.doors, inbox_of=settings.doors
    )
    app = make_web(
        process,
        title="Werkbedrijf: intake",
        description="The partner's door: events, receipts, and the vault of personal data beside it.",
    )
    api.install(app, process, settings)
    return process, app


def make_service(settings: IntakeSettings) -> Intake:
    """The service alone; a rebuild needs no more."""
    return Intake(
        Topics(settings.topic_prefix),
        doors=settings.doors,
        public_url=settings.public_url,
        ahead=settings.ahead,
    )
