"""States what became of messages, many in one batch of the service's own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifications.jobs import Due
from services.notifications.reports import report
from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Later, Verdict
from services.notifications.store import World
from shared.contracts import ServiceName, Stream
from shared.messaging.event import encode
from shared.messaging.registry import Registry
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Status
from shared.messaging.topics import Topics
from shared.telemetry import metrics

log = logging.getLogger(__name__)

Ended = tuple[Due, Verdict]
"""A message and what came of it."""


class Statements:
    """What the sender states, for one operator.

    Args:
        scenario: True when time is told by events; what is stated then bears the time of its cause.
    """

    def __init__(self, runner: Runner[World], topics: Topics, *, operator: str, scenario: bool) -> None:
        self._runner = runner
        self._operator = operator
        self._topic = topics.of(operator, Stream.NOTIFICATIONS)
        self._scenario = scenario

    def source(self, registry: Registry) -> str | None:
        """The `source` of what is stated; None while the operator is not in the registry."""
        return registry.source_of(self._operator, ServiceName.NOTIFICATIONS)

    def now(self, message: Message) -> datetime:
        """The moment that counts for a message."""
        return message.queued_at if self._scenario else datetime.now(UTC)

    async def state(self, ended: Sequence[Ended], registry: Registry) -> None:
        """State what became of messages.

        It is noted already; where stating fails it is done when their turn comes again.
        """
        events = [
            report(
                due.message,
                verdict,
                attempt=due.attempt,
                at=self.now(due.message),
                operator=self._operator,
                source=self._own_source(registry),
            )
            for due, verdict in ended
            if not isinstance(verdict, Later)
        ]
        if not events:
            return
        records = [Record(self._topic, encode(event), trusted=event) for event in events]
        for event, outcome in zip(events, await self._runner.process(records), strict=True):
            if outcome.status not in {Status.ACCEPTED, Status.DUPLICATE}:
                log.error("the outcome of a message could not be stated: %s", outcome.status)
                continue
            became = event.type.split(".")[-2]
            metrics.MESSAGES.labels(getattr(event.data, "template", ""), became).inc()

    def _own_source(self, registry: Registry) -> str:
        source = self.source(registry)
        if source is None:
            raise LookupError(f"{self._operator} is not in the registry")
        return source
