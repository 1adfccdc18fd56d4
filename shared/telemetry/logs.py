"""Logs as JSON lines: time, level, logger, message, and nothing that identifies a person."""

from __future__ import annotations

import logging
import sys

import stamina.instrumentation
import structlog


def configure(level: str, service: str) -> None:
    """Send the standard library's logs to standard error as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _named(service)],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # What is tried again says so itself, where it is known what for.
    stamina.instrumentation.set_on_retry_hooks([])
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their INFO is a line a request or a metadata refresh; what goes wrong they log higher.
    for noisy in ("aiokafka", "uvicorn.access", "httpx", "faststream"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _named(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add
