"""The door over HTTP behind its routes: from a partner's events to their receipts, durable when answered."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import asyncpg
import orjson

from services.intake.imports import Row, event_of
from services.intake.limits import Limits
from services.intake.reading import Turned, faults_of_source, key_of
from services.intake.receipts import Receipt, receipt
from services.intake.settings import IntakeSettings
from shared.contracts import Stream
from shared.messaging.gatherer import Gatherer
from shared.messaging.registry import Partner, load_registry
from shared.messaging.service import Record
from shared.messaging.settings import Clock
from shared.messaging.topics import Topics
from shared.web.problems import problem

_FRESH_S: Final = 1.0
"""How long a partner's entry is taken as it was; asking for each request took a seventh of the processor."""


class Behind(Protocol):
    """What the routes need of the running process."""

    @property
    def pool(self) -> asyncpg.Pool[Any]:
        """The door's database."""

    @property
    def topics(self) -> Topics:
        """Names of topics."""

    @property
    def gatherer(self) -> Gatherer:
        """Makes batches of what callers hand in at the same time."""


class Door:
    """Takes what partners hand in; it goes the same road as what comes over their inbox topics."""

    def __init__(self, process: Behind, settings: IntakeSettings) -> None:
        self._process = process
        self._scenario = settings.clock is Clock.SCENARIO
        self._known: dict[str, tuple[float, Partner]] = {}
        self._limits = Limits(rate=settings.door_events_per_second, burst=settings.door_burst)

    async def partner(self, name: str) -> Partner | None:
        """A partner as the registry has it now; None before it registered."""
        return (await load_registry(self._process.pool)).partners.get(name)

    async def _lately(self, name: str, now: float) -> Partner | None:
        """A partner as it was a moment ago; to turn away what the batch would refuse after all."""
        since, known = self._known.get(name, (-math.inf, None))
        if known is None or now - since > _FRESH_S:
            known = await self.partner(name)
            if known is not None:
                self._known[name] = now, known
        return known

    async def hand_in(self, partner: str, events: Sequence[Mapping[str, Any]]) -> list[Receipt]:
        """Have events processed, in order; returns when what they did is durable.

        Raises:
            Turned: 403 when one speaks for another organisation, 429 when it is too much.
            Full: more is waiting than will be processed soon.
            Exception: the database did not answer; nothing took effect.
        """
        now = time.monotonic()
        wait = self._limits.take(partner, len(events), now)
        if wait is not None:
            raise Turned(
                problem(429, "Too many events", f"come back in {wait} s", headers={"Retry-After": str(wait)})
            )
        known = await self._lately(partner, now)
        if known is not None and (faults := faults_of_source(events, known.urn)):
            raise Turned(problem(403, "These events speak for another partner", errors=faults))
        topic = self._process.topics.of(partner, Stream.INBOX)
        came = int(time.time() * 1000)
        outcomes = await self._process.gatherer.submit(
            [Record(topic, orjson.dumps(event), key_of(event), timestamp_ms=came) for event in events]
        )
        return [receipt(partner, outcome) for outcome in outcomes]

    async def import_rows(self, partner: str, rows: Sequence[Row]) -> list[Receipt]:
        """Have the rows of a file processed as events; a row that came before is the same event again.

        Raises:
            Turned: 403 before the partner is in the registry; and all that `hand_in` raises.
        """
        known = await self.partner(partner)
        if known is None:
            raise Turned(problem(403, "This partner is not in the registry yet"))
        times = await self._first_seen(partner, [row.id for row in rows])
        return await self.hand_in(partner, [event_of(row, urn=known.urn, time=times[row.id]) for row in rows])

    async def _first_seen(self, partner: str, ids: Sequence[str]) -> dict[str, str]:
        async with self._process.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO imported_rows (partner, id, at) "
                "SELECT $1, id, $3 FROM unnest($2::text[]) AS t (id) ORDER BY id ON CONFLICT DO NOTHING",
                partner,
                sorted(set(ids)),
                await self._now(connection),
            )
            found = await connection.fetch(
                "SELECT id, at FROM imported_rows WHERE partner = $1 AND id = ANY($2)", partner, list(ids)
            )
        return {row["id"]: row["at"].astimezone(UTC).isoformat() for row in found}

    async def _now(self, connection: Any) -> datetime:
        ticked = await connection.fetchval("SELECT ticked_at FROM clock") if self._scenario else None
        return ticked if isinstance(ticked, datetime) else datetime.now(UTC)
