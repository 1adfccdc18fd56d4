"""The web app that every service has: health, metrics, contract and operations, beside its own routes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.contracts.asyncapi import document
from shared.messaging.database import TRANSIENT, NotMigrated, Unreachable
from shared.messaging.process import Process
from shared.telemetry import logs
from shared.web import ops, problems

log = logging.getLogger(__name__)

_GRACE_S: Final = 30
_GARBAGE: Final = (20_000, 20, 20)
"""Objects of a batch are many and short-lived: looking for rings among them seldom finds one."""


def make_web(process: Process[Any], *, title: str, description: str) -> FastAPI:
    """The web app of a service; the process starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await process.start()
            yield
        finally:
            await process.stop()

    app = FastAPI(
        title=title,
        description=description,
        version="1.0.0",
        lifespan=lifespan,
        # Its own would hand exceptions with their text to whatever exporter is installed; ours is in metrics.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    problems.install(app)

    @app.get("/livez", tags=["health"])
    async def livez() -> dict[str, str]:
        """The process runs; nothing else is asked."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz() -> JSONResponse:
        """Database, migrations, broker and the last poll; 503 names what is wrong."""
        checks = await process.checks()
        ready = all(state == "ok" for state in checks.values())
        return JSONResponse({"status": "ok" if ready else "not ready"} | checks, 200 if ready else 503)

    @app.get("/metrics", tags=["health"])
    async def metrics() -> Response:
        """Prometheus metrics."""
        try:
            await process.measure()
        except TRANSIENT:
            log.warning("the gauges of the database could not be measured")
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/asyncapi", tags=["contract"])
    async def asyncapi() -> JSONResponse:
        """The events that this service reads and states, as AsyncAPI 3."""
        return JSONResponse(document(types=process.service.types))

    @app.get("/v1/pending", tags=["health"])
    async def pending() -> dict[str, int]:
        """Events not yet published and jobs not yet done; both 0 when the service is at rest."""
        return await process.pending()

    app.include_router(ops.router(process))
    return app


def serve(build: Callable[[], tuple[Process[Any], FastAPI]]) -> None:
    """Run a service: `python -m services.<name>`, or `... migrate` to apply migrations and stop.

    Exits with code 1, and one line, when Kafka or PostgreSQL did not answer in the time set or a migration
    will not have the data it finds.
    """
    process, app = build()
    settings = process.settings
    logs.configure(settings.log_level, process.service.name)
    if sys.argv[1:] == ["migrate"]:
        try:
            applied = asyncio.run(process.migrate())
        except (NotMigrated, Unreachable) as error:
            sys.exit(str(error))
        log.info("applied %s", ", ".join(applied) or "nothing new")
        return
    if sys.argv[1:]:
        sys.exit(f"unknown argument {sys.argv[1]}; the only one is `migrate`")
    # Why a start is given up is said in one line; uvicorn would add the traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: process.failure is None)

    class Server(uvicorn.Server):
        """Takes a signal as well while the service is still waiting for its servers."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            process.give_up_starting()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # What was imported stays: going through it took a third of a second now and then.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GARBAGE)

    server = Server(
        uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_S,
            server_header=False,
        )
    )
    with contextlib.suppress(SystemExit):  # uvicorn's own code for a start that failed is another
        server.run()
    if process.failure is not None or not server.started:
        sys.exit(1)
