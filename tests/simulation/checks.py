"""What must hold at the end of every run; told from the log, the stores and what the partners sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from shared.contracts import (
    EventRefused,
    NotificationQueued,
    ParticipantMoved,
    PlacementEnded,
    ReservationExpired,
    ReservationGranted,
    ReservationReleased,
    ReservationUsed,
    TargetSet,
    WaitingJoined,
    WaitingLeft,
)
from shared.contracts.base import Data, Stream
from shared.messaging.doorkeeping import Doorkeeper
from shared.messaging.registry import load_registry
from shared.messaging.service import Record
from tests.simulation.rebuilding import pool_on, rebuilt
from tests.simulation.world import TOPICS, Violation, World

Wire = dict[str, Any]


async def check(world: World) -> None:
    """Hold a region at rest against all that was promised.

    Raises:
        Violation: the first promise that does not hold.
    """
    for promise in PROMISES:
        await promise(world)


def judged_anew(world: World) -> set[str]:
    """Statements that were refused, and then taken after all or refused for another reason."""
    events = list(_events(world, Stream.INTAKE, Stream.PROFILES))
    went = {event["id"] for event in events if event["type"] != EventRefused.TYPE}
    refused = Counter(e["data"]["event_id"] for e in _of(events, EventRefused))
    return {name for name, times in refused.items() if name is not None and (times > 1 or name in went)}


async def nothing_lost(world: World) -> None:
    """What a partner stated is on its stream, or was answered with a refusal."""
    went: set[tuple[str, str]] = set()
    refused: set[str] = set()
    for event in _events(world, Stream.INTAKE, Stream.PROFILES):
        if event["type"] == EventRefused.TYPE:
            refused.add(event["data"]["event_id"])
        else:
            went.add((event["source"], event["id"]))
    parked = {name for base in world.databases.values() for name in _parked(base.table("parked"))}
    for said in world.sent:
        if not ((name := (said.source, said.id)) in went or said.id in refused or name in parked):
            raise Violation(f"lost: {said.id} of {said.partner}")


async def nobody_waits_in_a_circle(world: World) -> None:
    """No two batches ever waited for each other: to find that takes PostgreSQL a second, or longer."""
    for name, base in world.databases.items():
        if base.locks.circles:
            raise Violation(f"{name}: {base.locks.circles} deadlocks")


async def nothing_twice(world: World) -> None:
    """An id is one event, to the byte, wherever it is read."""
    seen: dict[tuple[str, str], bytes] = {}
    for place, log in world.broker.log.items():
        if TOPICS.parse(place[0])[1] in {Stream.INBOX, Stream.REGISTRY}:
            continue
        for event, record in _readable(log):
            name = event["source"], event["id"]
            if seen.setdefault(name, record.value or b"") != record.value:
                raise Violation(f"two events under one id: {name} of type {event['type']}")


async def refusals_stand(world: World) -> None:
    """What was refused is judged anew when its partner hands it in again, and not when it is read again."""
    if unasked := judged_anew(world) - world.repeated:
        raise Violation(f"refused, and judged anew when it was read again: {sorted(unasked)}")


async def order_per_key(world: World) -> None:
    """A key's events went on in the order in which its partner stated them.

    What builds on another partner's fact that is not there yet goes on when that one comes, and its
    partner was told so; what was stated after it and builds on nothing that is missing need not wait.
    """
    came: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in world.sent:
        stream = TOPICS.of(event.partner, event.data.STREAM)
        came[stream, event.key].append(event.id)
    anew = judged_anew(world)
    for (topic, key), ids in came.items():
        went = [e["id"] for e in _firsts(r for r in _records(world, topic) if r.key == key.encode())]
        kept = [each for each in went if each in ids and each not in anew | world.history.parked]
        if kept != [each for each in ids if each in kept]:
            raise Violation(f"out of order on {topic}, key {key}: {kept} instead of {ids}")


async def never_over_the_room(world: World) -> None:
    """At no moment more was promised, or taken by a promise, than the highest number that was set."""
    intake = list(_events(world, Stream.INTAKE))
    most = max((int(float(e["data"]["number"])) for e in _of(intake, TargetSet)), default=0)
    over = {e["data"]["placement"] for e in _of(intake, PlacementEnded)}
    moved = {e["data"]["participant"] for e in _of(intake, ParticipantMoved)}
    holding: dict[str, str] = {}
    for event in _events(world, Stream.QUOTA):
        data = event["data"]
        if event["type"] == ReservationGranted.TYPE:
            holding[data["reservation"]] = data["participant"]
            if len(holding) > most:
                raise Violation(f"over the room of {most}: {sorted(holding)}")
        elif _gives_room_back(event, over, moved):
            holding.pop(data["reservation"], None)


def _gives_room_back(event: Wire, over: set[str], moved: set[str]) -> bool:
    """Closed, or used for a contract that is over or counts elsewhere."""
    if event["type"] == ReservationUsed.TYPE:
        return event["data"]["placement"] in over or event["data"]["participant"] in moved
    return event["type"] in {ReservationReleased.TYPE, ReservationExpired.TYPE}


async def nobody_on_two_lists(world: World) -> None:
    """Whoever joins a list had left the one before."""
    waits: dict[str, str] = {}
    for event in _events(world, Stream.MATCHING):
        data = event["data"]
        if event["type"] == WaitingJoined.TYPE:
            if data["participant"] in waits:
                raise Violation(f"on two lists: {data['participant']}")
            waits[data["participant"]] = data["municipality"]
        elif event["type"] == WaitingLeft.TYPE:
            waits.pop(data["participant"], None)
    live = {row["participant"]: row["municipality"] for row in _rows(world, "matching", "waiting")}
    if live != waits:
        raise Violation(f"the list has {live}, and what was stated of it comes to {waits}")


async def one_message_a_step(world: World) -> None:
    """Every message is queued once, and waits to be sent once."""
    queued = Counter(
        e["data"]["notification"] for e in _of(_events(world, Stream.NOTIFICATIONS), NotificationQueued)
    )
    twice = [name for name, times in queued.items() if times > 1]
    if twice:
        raise Violation(f"queued twice: {twice}")
    jobs = {row["notification"] for row in _rows(world, "notifications", "jobs")}
    if jobs != set(queued):
        raise Violation(f"queued and no job, or the other way round: {sorted(jobs ^ set(queued))}")


async def parked_is_taken_up(world: World) -> None:
    """What is still parked waits for something that is really not there."""
    for part in world.parts:
        database = world.databases[part.name]
        if not database.table("parked"):
            continue
        async with pool_on(database).acquire() as connection:
            registry = await load_registry(connection)
            service = part.make()
            for row in database.table("parked").values():
                record = Record(row["topic"], row["value"], row["key"], row["partition"], row["offset"])
                (arrival,) = Doorkeeper(service, TOPICS, ()).sort([record], registry, world.moment)
                if arrival.event is None or arrival.waits_for:
                    continue
                state = await service.load(connection, [arrival.event], registry)
                if not service.missing(state, arrival.event):
                    raise Violation(
                        f"{part.name} left {row['id']} parked, which waits for {row['waits_for']}"
                    )


async def letters_are_complete(world: World) -> None:
    """All poison is kept, and nothing else holds up its key."""
    poison = {(record.topic, record.partition, record.offset) for record in world.poisoned}
    for part in world.parts:
        kept = set()
        for letter in world.databases[part.name].table("dead_letters").values():
            place = letter["topic"], letter["partition"], letter["offset"]
            kept.add(place)
            if letter["holds"] and place not in poison:
                raise Violation(f"{part.name} has a dead letter: {letter['code']} {letter['detail']}")
        # A door passes over the streams that it writes itself.
        if part.kind != "intake" and not poison <= kept:
            raise Violation(f"{part.name} has lost poison: {sorted(poison - kept)}")


async def rebuilt_is_live(world: World) -> None:
    """The log alone gives every table as it is."""
    for part in world.parts:
        fresh = await rebuilt(world, part)
        for table in part.make().tables:
            live, again = world.databases[part.name].table(table), fresh.table(table)
            if live != again:
                raise Violation(f"rebuilt otherwise: {part.name}.{table}: {_difference(live, again)}")


PROMISES: Final[tuple[Callable[[World], Awaitable[None]], ...]] = (
    nobody_waits_in_a_circle,
    nothing_lost,
    nothing_twice,
    refusals_stand,
    order_per_key,
    never_over_the_room,
    nobody_on_two_lists,
    one_message_a_step,
    parked_is_taken_up,
    letters_are_complete,
    rebuilt_is_live,
)


def outcome(world: World) -> dict[str, Any]:
    """All that a run comes to, whatever went wrong on the way: the same story must give the same."""
    found: dict[str, Any] = {}
    for place, log in world.broker.log.items():
        if TOPICS.parse(place[0])[1] not in {Stream.INBOX, Stream.REGISTRY}:
            found.setdefault(place[0], set()).update(record.value for record in log)
    for part in world.parts:
        database = world.databases[part.name]
        for table in part.make().tables:
            found[f"{part.name}.{table}"] = dict(database.table(table))
        found[f"{part.name}.parked"] = set(_parked(database.table("parked")))
        found[f"{part.name}.jobs"] = {row["notification"] for row in database.table("jobs").values()}
    return found


def differs(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Where two outcomes differ; nothing when they do not."""
    for name in one:
        if one[name] != other.get(name):
            if isinstance(one[name], set):
                only, missing = one[name] - other[name], other[name] - one[name]
                return f"{name}: only with faults {sorted(only)[:2]}, only without {sorted(missing)[:2]}"
            return f"{name}: {_difference(one[name], other[name])}"
    return ""


def _difference(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    for key in sorted({*one, *other}, key=str):
        if one.get(key) != other.get(key):
            return f"{key} is {one.get(key)} here and {other.get(key)} there"
    return ""


def _parked(rows: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    return ((row["source"], row["id"]) for row in rows.values())


def _rows(world: World, kind: str, table: str) -> list[dict[str, Any]]:
    return [
        row for p in world.parts if p.kind == kind for row in world.databases[p.name].table(table).values()
    ]


def _records(world: World, topic: str) -> list[Record]:
    return [record for place, log in sorted(world.broker.log.items()) if place[0] == topic for record in log]


def _readable(records: Iterable[Record]) -> Iterator[tuple[Wire, Record]]:
    """Records that are events; what else lies on a stream is nobody's."""
    for record in records:
        if not record.key or not record.key.startswith(b"poison"):
            yield orjson.loads(record.value or b""), record


def _firsts(records: Any) -> Iterator[Wire]:
    """Events in order, each once, as every inbox takes them."""
    seen = set()
    for event, _ in _readable(records):
        name = event["source"], event["id"]
        if name not in seen:
            seen.add(name)
            yield event


def _events(world: World, *streams: Stream) -> Iterator[Wire]:
    return _firsts(record for stream in streams for record in world.stated(stream))


def _of(events: Any, kind: type[Data]) -> Iterator[Wire]:
    return (event for event in events if event["type"] == kind.TYPE)
