"""SQL of the door: what a batch touches is read and written set-based, at a cost that does not grow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.intake.rules.deadlines import Deadline
from services.intake.rules.facts import subjects
from services.intake.world import DEADLINES, KNOWN, World
from shared.contracts import ClockTicked, Stream
from shared.messaging.event import Event
from shared.messaging.registry import Registry, amsterdam_date
from shared.messaging.rows import Rows
from shared.messaging.service import Connection
from shared.messaging.topics import Topics
from shared.messaging.transaction import Together


async def load(connection: Connection, events: Sequence[Event], registry: Registry, topics: Topics) -> World:
    """What is known of whatever the events name, and all that falls due by the latest tick among them."""
    named = [subjects(event.data) for event in events]
    wanted = {subject for each in named for subject in each.values()}
    ticks = [amsterdam_date(event.data.at) for event in events if isinstance(event.data, ClockTicked)]
    deadlines = await _deadlines(
        connection, sorted({name.partition(":")[2] for name in wanted}), max(ticks, default=None)
    )
    wanted |= {f"participant:{deadline.participant}" for deadline in deadlines}
    world = World(registry, await KNOWN.fetch(connection, "subject", wanted), deadlines)
    await _promised(connection, events, topics, world)
    return world


async def _deadlines(connection: Connection, about: list[str], today: date | None) -> Rows[Deadline]:
    if today is None:
        return await DEADLINES.fetch(connection, "about", about)
    return await DEADLINES.where(connection, "about = ANY($1) OR (waits AND tell_on <= $2)", about, today)


async def _promised(connection: Connection, events: Sequence[Event], topics: Topics, world: World) -> None:
    at_the_door = {(topics.of(e.partner, e.stream), e.key) for e in events if e.stream is Stream.INBOX}
    if not at_the_door:
        return
    rows = await connection.fetch(
        "SELECT topic, key, waits_for FROM parked WHERE topic = ANY($1) AND key = ANY($2)",
        sorted({topic for topic, _ in at_the_door}),
        sorted({key.encode() for _, key in at_the_door}),
    )
    for row in rows:
        world.promise(topics.parse(row["topic"])[0], row["key"].decode(), row["waits_for"])


async def save(connection: Together, world: World) -> None:
    """Write what changed.

    Facts go first: whoever fills the vault at this moment holds the row of the person, so that what
    is filled before an erasure goes with it (see `vault.put`).
    """
    await KNOWN.save(connection, world.known)
    await DEADLINES.save(connection, world.deadlines)
    if world.erased:
        await connection.done()
        await connection.execute("DELETE FROM vault WHERE participant = ANY($1)", sorted(world.erased))
