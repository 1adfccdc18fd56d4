"""`python -m tests.delivery.toy`."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from shared.messaging.process import Process
from shared.messaging.settings import Settings
from shared.web.app import make_web, serve
from tests.delivery.toy.service import PACKAGE, Toy


class ToySettings(Settings):
    """The toy's own settings."""

    toy_mended: bool = False
    """Whether the rule that breaks on a poisoned step has been mended."""
    toy_pause_s: float = 0.0
    """Seconds that every batch takes longer than it needs."""


def build() -> tuple[Process[Any], FastAPI]:
    """The process and its web app, from the environment."""
    settings = ToySettings()
    process = Process(
        Toy(mended=settings.toy_mended, pause_s=settings.toy_pause_s), settings, package=PACKAGE
    )
    return process, make_web(process, title="Toy", description="For tests of delivery.")


if __name__ == "__main__":
    serve(build)
