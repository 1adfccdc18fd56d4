"""Logs as JSON lines: time, level, logger, message, and nothing that identifies a person."""

from __future__ import annotations

import logging
import sys
from typing import Final

import stamina.instrumentation
import structlog

_REPEAT_S: Final = 10.0


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
    handler.addFilter(_OncePer("aiokafka", _REPEAT_S))


class _OncePer(logging.Filter):
    """Lets a library's line through once in a while: a broker that is away is worth a line, not thousands."""

    def __init__(self, library: str, seconds: float) -> None:
        super().__init__()
        self._library = library
        self._seconds = seconds
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is the first of its kind since `seconds` ago."""
        if record.name.partition(".")[0] != self._library:
            return True
        kind = (record.name, str(record.msg))
        if record.created - self._last.get(kind, 0.0) < self._seconds:
            return False
        self._last[kind] = record.created
        return True


def _named(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add
