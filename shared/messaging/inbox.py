"""What has been processed once is not processed again: rows keyed by CloudEvents source and id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from shared.contracts import RefusalCode
from shared.contracts.base import Stream
from shared.messaging.arrays import array, binary
from shared.messaging.batch import Arrival
from shared.messaging.event import Event
from shared.messaging.identity import fingerprint
from shared.messaging.refusal import Refusal
from shared.messaging.service import Outcome, Record, Status

Name = tuple[str, str]


def name_of(event: Event) -> Name:
    """What identifies an event: its source and id; never an offset, which a repeat does not share."""
    return event.source, event.id


async def once(connection: Any, arrivals: Sequence[Arrival], *, anew: bool) -> list[Arrival]:
    """Enter what arrived, and settle what was processed before.

    Args:
        anew: see `enter`.
    """
    entering = [(a.event, a.record) for a in arrivals if a.event is not None and not a.settled]
    new, before = await enter(connection, entering, anew=anew)
    found: list[Arrival] = []
    for arrival in arrivals:
        if arrival.event is None or arrival.settled is not None:
            found.append(arrival)
            continue
        name = name_of(arrival.event)
        if name in new:
            new.discard(name)
            found.append(arrival)
        elif name in before:
            found.append(replace(arrival, settled=reused(arrival.record, arrival.event)))
        else:
            found.append(replace(arrival, settled=Outcome(arrival.record, Status.DUPLICATE, arrival.event)))
    return found


async def enter(
    connection: Any, arrivals: Sequence[tuple[Event, Record]], *, anew: bool = False
) -> tuple[set[Name], set[Name]]:
    """Enter events in the inbox.

    Names go in sorted: two batches that overlap would deadlock on the unique index otherwise. A
    concurrent repeat waits there for the other transaction, and then finds nothing to do.

    Args:
        anew: somebody wants what was refused judged again, be it the same record.

    Returns:
        Names that are new, or were refused when they came as another record; and names that were used
        before with another body.
    """
    digests: dict[Name, bytes] = {}
    records: dict[Name, Record] = {}
    reused: set[Name] = set()
    for event, record in arrivals:
        name = name_of(event)
        digest = fingerprint(record.value or b"", as_it_lies=event.stream is not Stream.INBOX)
        if digests.setdefault(name, digest) != digest:
            reused.add(name)
        records.setdefault(name, record)
    if not digests:
        return set(), set()
    ordered = sorted(digests)
    rows = await connection.fetch(
        "INSERT INTO inbox (source, id, digest) "
        "SELECT * FROM unnest($1::text::text[], $2::text::text[], $3::text::bytea[]) "
        "ON CONFLICT DO NOTHING RETURNING source, id",
        *map(array, _columns(ordered)),
        binary([digests[name] for name in ordered]),
    )
    new = {(row["source"], row["id"]) for row in rows}
    if len(new) < len(digests):
        old = [name for name in ordered if name not in new]
        rows = await connection.fetch(
            "SELECT source, id, digest, refused, lane, upto FROM inbox "
            "JOIN unnest($1::text[], $2::text[]) AS t (source, id) USING (source, id)",
            *_columns(old),
        )
        known = {(row["source"], row["id"]): row for row in rows}
        again = [n for n, row in known.items() if row["refused"] and (anew or not _lay(records[n], row))]
        reused |= {n for n, row in known.items() if not row["refused"] and row["digest"] != digests[n]}
        new |= await _once_more(connection, again, digests)
    return new, reused


async def _once_more(connection: Any, names: Sequence[Name], digests: Mapping[Name, bytes]) -> set[Name]:
    """Names that were refused and are handed in again; of two at the same time one gets them."""
    if not names:
        return set()
    rows = await connection.fetch(
        "UPDATE inbox SET refused = false, digest = t.digest "
        "FROM unnest($1::text[], $2::text[], $3::bytea[]) AS t (source, id, digest) "
        "WHERE inbox.source = t.source AND inbox.id = t.id AND inbox.refused "
        "RETURNING inbox.source, inbox.id",
        *_columns(names),
        [digests[name] for name in names],
    )
    return {(row["source"], row["id"]) for row in rows}


def reused(record: Record, event: Event) -> Outcome:
    """The outcome for an id that came before with another body."""
    return Outcome(
        record,
        Status.REFUSED,
        refusal=Refusal(RefusalCode.ID_REUSED, f"id {event.id} was used before with another body", "id"),
    )


async def refuse(connection: Any, refused: Sequence[Event], arrivals: Iterable[tuple[Event, Record]]) -> None:
    """Note that events were refused: handed in again they are judged anew, read again they are not.

    Args:
        arrivals: all that came in the batch. Of a repeat in it the later record was refused as well.
    """
    names = {name_of(event) for event in refused}
    if not names:
        return
    lanes: dict[Name, str] = {}
    offsets: dict[Name, int] = {}
    for event, record in arrivals:
        name = name_of(event)
        # What came over HTTP lies nowhere, and is not read again.
        if name in names and not record.over_http and lanes.setdefault(name, _lane(record)) == _lane(record):
            offsets[name] = max(offsets.get(name, 0), record.offset)
    ordered = sorted(names)
    await connection.execute(
        "UPDATE inbox SET refused = true, lane = coalesce(t.lane, inbox.lane), "
        "upto = CASE WHEN t.lane IS DISTINCT FROM inbox.lane AND t.lane IS NOT NULL THEN t.upto "
        "ELSE greatest(t.upto, inbox.upto) END "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS t (source, id, lane, upto) "
        "WHERE inbox.source = t.source AND inbox.id = t.id",
        *_columns(ordered),
        [lanes.get(name) for name in ordered],
        [offsets.get(name) for name in ordered],
    )


async def forget(connection: Any, names: Sequence[Name]) -> None:
    """Take names out again: they are dead letters and did not take effect."""
    if names:
        await connection.execute(
            "DELETE FROM inbox USING unnest($1::text[], $2::text[]) AS t (source, id) "
            "WHERE inbox.source = t.source AND inbox.id = t.id",
            *_columns(names),
        )


def _columns(names: Sequence[Name]) -> tuple[list[str], list[str]]:
    return [source for source, _ in names], [id_ for _, id_ in names]


def _lane(record: Record) -> str:
    return f"{record.topic}/{record.partition}"


def _lay(record: Record, row: Any) -> bool:
    """Whether the record was among those that were refused."""
    return not record.over_http and row["lane"] == _lane(record) and record.offset <= row["upto"]
