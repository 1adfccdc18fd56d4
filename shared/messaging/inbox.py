"""What has been processed once is not processed again: rows keyed by CloudEvents source and id."""

from __future__ import annotations

from collections.abc import Sequence
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


async def enter(connection: Any, arrivals: Sequence[tuple[Event, bytes]]) -> tuple[set[Name], set[Name]]:
    """Enter events in the inbox.

    Names go in sorted: two batches that overlap would deadlock on the unique index otherwise. A
    concurrent repeat waits there for the other transaction, and then finds nothing to do.

    Returns:
        Names that are new, and names that were used before with another body.
    """
    digests: dict[Name, bytes] = {}
    reused: set[Name] = set()
    for event, value in arrivals:
        digest = fingerprint(value, as_it_lies=event.stream is not Stream.INBOX)
        if digests.setdefault(name_of(event), digest) != digest:
            reused.add(name_of(event))
    if not digests:
        return set(), set()
    ordered = sorted(digests)
    sources, ids = zip(*ordered, strict=True)
    rows = await connection.fetch(
        "INSERT INTO inbox (source, id, digest) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) "
        "ON CONFLICT DO NOTHING RETURNING source, id",
        list(sources),
        list(ids),
        [digests[name] for name in ordered],
    )
    new = {(row["source"], row["id"]) for row in rows}
    if len(new) < len(digests):
        old = [name for name in ordered if name not in new]
        rows = await connection.fetch(
            "SELECT source, id, digest FROM inbox JOIN unnest($1::text[], $2::text[]) AS t (source, id) "
            "USING (source, id)",
            [source for source, _ in old],
            [id_ for _, id_ in old],
        )
        reused |= {name for row in rows if digests[name := (row["source"], row["id"])] != row["digest"]}
    return new, reused


def reused(record: Record, event: Event) -> Outcome:
    """The outcome for an id that came before with another body."""
    return Outcome(
        record,
        Status.REFUSED,
        refusal=Refusal(RefusalCode.ID_REUSED, f"id {event.id} was used before with another body", "id"),
    )


async def forget(connection: Any, names: Sequence[Name]) -> None:
    """Take names out again: they were refused or held, and did not take effect."""
    if names:
        await connection.execute(
            "DELETE FROM inbox USING unnest($1::text[], $2::text[]) AS t (source, id) "
            "WHERE inbox.source = t.source AND inbox.id = t.id",
            [source for source, _ in names],
            [id_ for _, id_ in names],
        )
