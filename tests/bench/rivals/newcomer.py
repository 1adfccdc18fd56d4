"""What somebody new to all this would write, and write well: one event, one transaction, one publish.

FastStream hands over one record at a time as a pydantic model; ordinary statements, one a row; what is to
be stated is published, and awaited, before the transaction commits, so that nothing is lost. A repeat is
known by its id. (What it does not do: a crash after the publish publishes again; facts that come before
what they build on fail and are read again at once; nothing is refused, parked or set aside.)
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

from tests.bench.rivals.models import (
    Advised,
    CloudEvent,
    Decided,
    Granted,
    Joined,
    Profile,
    Queued,
    Registered,
    Requested,
    Started,
    Target,
    Used,
    type_of,
)

PREFIX: Final = os.environ.get("TOPIC_PREFIX", "werkbedrijf")
MATCHING_TOPIC: Final = f"{PREFIX}.menso.matching"
QUOTA_TOPIC: Final = f"{PREFIX}.gemeente-emmen.quota"
NOTIFICATIONS_TOPIC: Final = f"{PREFIX}.gemeente-emmen.notifications"

# A line in the log for each record, as FastStream has it by default, would cost it a tenth.
broker = KafkaBroker(os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"), acks="all", logger=None)
Handler = Callable[[Any, CloudEvent], Awaitable[None]]


async def at_the_door(connection: Any, event: CloudEvent) -> None:
    """Keep what is known of the person, give a receipt, pass the event on."""
    subject = f"participant:{event.partitionkey}"
    known = await connection.fetchval("SELECT facts FROM known WHERE subject = $1", subject)
    fact = {"at": event.time, "type": event.type, "data": event.data}
    if known is None:
        facts = orjson.dumps([fact]).decode()
        await connection.execute("INSERT INTO known (subject, facts) VALUES ($1, $2)", subject, facts)
    else:
        facts = orjson.dumps([*orjson.loads(known), fact]).decode()
        await connection.execute("UPDATE known SET facts = $2 WHERE subject = $1", subject, facts)
    await connection.execute(
        "INSERT INTO receipts (id, partner, event_id, event_type, state) VALUES ($1, $2, $3, $4, 'accepted')",
        str(uuid.uuid4()),
        event.source,
        event.id,
        event.type,
    )
    stream = "profiles" if "profiles" in event.type else "intake"
    await broker.publish(event, f"{PREFIX}.{_partner(event)}.{stream}", key=event.partitionkey.encode())


async def in_matching(connection: Any, event: CloudEvent) -> None:
    """Remember what is stated of a person; who is granted sheltered work joins the list."""
    if event.type == type_of("participants.registered"):
        await _register(connection, Registered.model_validate(event.data))
    elif event.type == type_of("profiles.stated"):
        profile = Profile.model_validate(event.data)
        await connection.execute(
            "INSERT INTO profiles (participant, hours_min, hours_max, postcode4, max_travel_km, kinds, "
            "needs, available_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
            "ON CONFLICT (participant) DO UPDATE SET kinds = excluded.kinds, needs = excluded.needs",
            *profile.model_dump().values(),
        )
    elif event.type == type_of("participants.advised"):
        await connection.execute(
            "INSERT INTO advices (participant, outcome, requested_on, advised_on) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (participant) DO UPDATE SET outcome = excluded.outcome",
            *Advised.model_validate(event.data).model_dump().values(),
        )
    elif event.type == type_of("participants.decided"):
        await _decide(connection, event, Decided.model_validate(event.data))


async def _register(connection: Any, person: Registered) -> None:
    await connection.execute(
        "INSERT INTO people (participant, municipality, guide, rung, registered_on, school_leaver) "
        "VALUES ($1, $2, 'menso', $3, $4, $5) "
        "ON CONFLICT (participant) DO UPDATE SET rung = excluded.rung, guide = excluded.guide",
        *person.model_dump().values(),
    )


async def _decide(connection: Any, event: CloudEvent, decision: Decided) -> None:
    person = await connection.fetchrow(
        "SELECT * FROM people WHERE participant = $1 FOR UPDATE", decision.participant
    )
    advice = await connection.fetchrow("SELECT * FROM advices WHERE participant = $1", decision.participant)
    if person is None or advice is None:
        raise LookupError(f"{decision.participant} is not known yet")
    await connection.execute(
        "INSERT INTO decisions (participant, municipality, outcome, decided_on) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (participant, municipality) "
        "DO UPDATE SET outcome = excluded.outcome, decided_on = excluded.decided_on",
        *decision.model_dump().values(),
    )
    if decision.outcome != "granted":
        return
    joined = Joined(
        participant=decision.participant,
        municipality=decision.municipality,
        joined_on=decision.decided_on,
        decided_on=decision.decided_on,
        school_leaver=person["school_leaver"],
        requested_on=advice["requested_on"],
        advised_on=advice["advised_on"],
    )
    await connection.execute(
        "INSERT INTO waiting (participant, municipality, joined_on, decided_on, school_leaver, "
        "requested_on, advised_on) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *joined.model_dump().values(),
    )
    await _state(event, "waiting.joined", joined, MATCHING_TOPIC)


async def in_quota(connection: Any, event: CloudEvent) -> None:
    """Grant room while there is any; a contract that starts takes what was granted to the person."""
    if event.type == type_of("targets.set"):
        target = Target.model_validate(event.data)
        await connection.execute(
            "INSERT INTO ledgers (municipality, places, taken) VALUES ($1, $2, 0) "
            "ON CONFLICT (municipality) DO UPDATE SET places = excluded.places",
            *target.model_dump().values(),
        )
    elif event.type == type_of("participants.registered"):
        await _register(connection, Registered.model_validate(event.data))
    elif event.type == type_of("reservations.requested"):
        await _reserve(connection, event, Requested.model_validate(event.data))
    elif event.type == type_of("placements.started"):
        await _place(connection, event, Started.model_validate(event.data))


async def _reserve(connection: Any, event: CloudEvent, asked: Requested) -> None:
    ledger = await connection.fetchrow(
        "SELECT places, taken FROM ledgers WHERE municipality = $1 FOR UPDATE", asked.municipality
    )
    if ledger is None or ledger["taken"] >= ledger["places"]:
        raise LookupError(f"{asked.municipality} has no room")
    await connection.execute(
        "UPDATE ledgers SET taken = taken + 1 WHERE municipality = $1", asked.municipality
    )
    granted = Granted(
        **asked.model_dump(exclude={"hours", "requested_on"}),
        granted_on=asked.requested_on,
        expires_on=asked.requested_on + timedelta(days=42),
    )
    await connection.execute(
        "INSERT INTO reservations (reservation, participant, municipality, place, year, hours, state, "
        "expires_on) VALUES ($1, $2, $3, $4, $5, $6, 'granted', $7)",
        asked.reservation,
        asked.participant,
        asked.municipality,
        asked.place,
        asked.year,
        asked.hours,
        granted.expires_on,
    )
    await _state(event, "reservations.granted", granted, QUOTA_TOPIC)


async def _place(connection: Any, event: CloudEvent, started: Started) -> None:
    home = await connection.fetchval(
        "SELECT municipality FROM people WHERE participant = $1", started.participant
    )
    if home is None:
        raise LookupError(f"{started.participant} is not known yet")
    await connection.execute(
        "INSERT INTO placements (placement, participant, place, rung, starts_on, ends_on, hours, contract) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *started.model_dump().values(),
    )
    reservation = await connection.fetchval(
        "UPDATE reservations SET state = 'used', placement = $2 "
        "WHERE participant = $1 AND state = 'granted' RETURNING reservation",
        started.participant,
        started.placement,
    )
    if reservation is not None:
        used = Used(
            reservation=reservation,
            participant=started.participant,
            placement=started.placement,
            used_on=started.starts_on,
        )
        await _state(event, "reservations.used", used, QUOTA_TOPIC)


TOLD: Final = {
    type_of("participants.registered"): "welcome",
    type_of("participants.advised"): "advice-positive",
    type_of("participants.decided"): "decision-granted",
    type_of("waiting.joined"): "waiting-joined",
}


async def in_notifications(connection: Any, event: CloudEvent) -> None:
    """Queue a message for each step."""
    template = TOLD.get(event.type)
    if template is None:
        return
    if template == "welcome":
        await _register(connection, Registered.model_validate(event.data))
    message = Queued(
        notification=str(uuid.uuid4()),
        participant=event.partitionkey,
        template=template,
        channel="email",
        about=event.type,
        at=event.time,
    )
    await connection.execute(
        "INSERT INTO messages (notification, participant, template, channel, about, queued_at, state) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'queued')",
        *message.model_dump().values(),
    )
    await connection.execute("INSERT INTO jobs (notification) VALUES ($1)", message.notification)
    await _state(event, "notifications.queued", message, NOTIFICATIONS_TOPIC)


async def _state(cause: CloudEvent, name: str, data: BaseModel, topic: str) -> None:
    stated = CloudEvent(
        id=str(uuid.uuid4()),
        source="urn:nld:kvknr:90000002:systeem:newcomer",
        type=type_of(name),
        time=datetime.now(UTC),
        partitionkey=cause.partitionkey,
        causationid=cause.id,
        correlationid=cause.correlationid or cause.id,
        data=data.model_dump(mode="json"),
    )
    await broker.publish(stated, topic, key=cause.partitionkey.encode())


def _partner(event: CloudEvent) -> str:
    if "decided" in event.type:
        return "gemeente-emmen"
    return "uwv" if "advised" in event.type else "menso"


STAGES: Final[dict[str, tuple[Handler, tuple[str, ...]]]] = {
    "intake": (at_the_door, ("menso.inbox", "uwv.inbox", "gemeente-emmen.inbox")),
    "matching": (in_matching, ("menso.intake", "menso.profiles", "uwv.intake", "gemeente-emmen.intake")),
    "quota": (in_quota, ("gemeente-emmen.intake", "menso.intake", "menso.matching", "emco.intake")),
    "notifications": (
        in_notifications,
        ("menso.intake", "uwv.intake", "gemeente-emmen.intake", "menso.matching"),
    ),
}


async def main(stage: str) -> None:
    """Run one of the three services until killed."""
    handler, topics = STAGES[stage]
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"])

    @broker.subscriber(
        *[f"{PREFIX}.{topic}" for topic in topics],
        group_id=f"{PREFIX}.newcomer-{stage}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        session_timeout_ms=30_000,
    )
    async def on_event(event: CloudEvent) -> None:
        async with pool.acquire() as connection, connection.transaction():
            first = await connection.fetchval(
                "INSERT INTO inbox (source, id, digest) VALUES ($1, $2, '') "
                "ON CONFLICT DO NOTHING RETURNING true",
                event.source,
                event.id,
            )
            if first:
                await handler(connection, event)

    app = FastStream(broker)

    @app.after_startup
    async def say() -> None:
        print("rival reads", flush=True)  # noqa: T201 - who measures waits for it

    await app.run()


if __name__ == "__main__":
    asyncio.run(main(os.environ["STAGE"]))
