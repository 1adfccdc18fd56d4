"""What has been processed once is not processed again: rows keyed by CloudEvents source and id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts import RefusalCode
from shared.contracts.base import Stream
from shared.messaging.event import Event, fingerprint
from shared.messaging.refusal import Refusal
from shared.messaging.service import Outcome, Record, Status

Name = tuple[str, str]


def name_of(event: Event) -> Name:
    """What identifies an event: its source and id; never an offset, which a repeat does not share."""
    return event.source, event.id


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
    places: dict[Name, str | None] = {}
    reused: set[Name] = set()
    for event, record in arrivals:
        name = name_of(event)
        digest = fingerprint(record.value or b"", as_it_lies=event.stream is not Stream.INBOX)
        if digests.setdefault(name, digest) != digest:
            reused.add(name)
        places.setdefault(name, None if anew else _place(record))
    if not digests:
        return set(), set()
    ordered = sorted(digests)
    rows = await connection.fetch(
        "INSERT INTO inbox (source, id, digest) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) "
        "ON CONFLICT DO NOTHING RETURNING source, id",
        *_columns(ordered),
        [digests[name] for name in ordered],
    )
    new = {(row["source"], row["id"]) for row in rows}
    if len(new) < len(digests):
        old = [name for name in ordered if name not in new]
        rows = await connection.fetch(
            "SELECT source, id, digest, refused_as FROM inbox "
            "JOIN unnest($1::text[], $2::text[]) AS t (source, id) USING (source, id)",
            *_columns(old),
        )
        known = {(row["source"], row["id"]): row for row in rows}
        again = [n for n in old if n in known and known[n]["refused_as"] not in {None, places[n]}]
        settled = known.keys() - set(again)
        reused |= {n for n in settled if known[n]["refused_as"] is None and known[n]["digest"] != digests[n]}
        new |= await _once_more(connection, again, digests)
    return new, reused


async def _once_more(connection: Any, names: Sequence[Name], digests: Mapping[Name, bytes]) -> set[Name]:
    """Names that were refused and are handed in again; of two at the same time one gets them."""
    if not names:
        return set()
    rows = await connection.fetch(
        "UPDATE inbox SET refused_as = NULL, digest = t.digest "
        "FROM unnest($1::text[], $2::text[], $3::bytea[]) AS t (source, id, digest) "
        "WHERE inbox.source = t.source AND inbox.id = t.id AND inbox.refused_as IS NOT NULL "
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


async def refuse(connection: Any, refused: Sequence[tuple[Name, Record]]) -> None:
    """Events that were refused: handed in again they are judged anew, read again they are not.

    What came over HTTP lies nowhere, and is not read again.
    """
    lying = {name: place for name, record in refused if (place := _place(record)) is not None}
    if lying:
        await connection.execute(
            "UPDATE inbox SET refused_as = t.place "
            "FROM unnest($1::text[], $2::text[], $3::text[]) AS t (source, id, place) "
            "WHERE inbox.source = t.source AND inbox.id = t.id",
            *_columns(list(lying)),
            list(lying.values()),
        )
    await forget(connection, [name for name, _ in refused if name not in lying])


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


def _place(record: Record) -> str | None:
    return None if record.over_http else f"{record.topic}/{record.partition}/{record.offset}"
