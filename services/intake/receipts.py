"""Receipts: what became of everything that came to the door, by an id that the same event gives again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import asyncpg

from services.intake.refusals import at_the_door_of, shown_detail, shown_field, shown_names
from shared.messaging.arrays import array
from shared.messaging.identity import fingerprint
from shared.messaging.service import Outcome, Record, Status
from shared.messaging.topics import Topics

_PERSON: Final = b"receipt"
_SEPARATOR: Final = "\x1f"
_OPERATOR: Final = "operator"
"""What an event waits for that could not be processed: a person looks at it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event.

    Attributes:
        id: the same for the same body from the same partner, so that a repeat finds it again.
        state: `accepted`, `duplicate`, `parked` or `refused`.
        waits_for: of a parked event, what it builds on and is not known.
    """

    id: str
    state: str
    event_id: str | None = None
    event_type: str | None = None
    code: str | None = None
    detail: str | None = None
    field: str | None = None
    waits_for: tuple[str, ...] = ()


_Text = str | None
_Told = tuple[str, str, _Text, _Text, _Text, _Text, _Text, tuple[str, ...]]
"""What a receipt says, in the order of its fields; a batch keeps it without making one."""


def receipt(partner: str, outcome: Outcome) -> Receipt:
    """The receipt for what became of a record at a partner's door."""
    return Receipt(*_told(partner, outcome))


def _told(partner: str, outcome: Outcome) -> _Told:
    event_id, event_type = shown_names(outcome.record, outcome.event)
    refusal = outcome.refusal
    dead = outcome.status is Status.DEAD
    return (
        receipt_id(partner, outcome.record),
        # A dead letter is kept whole and processed when its cause is mended: to the partner it is parked.
        str(Status.PARKED if dead else outcome.status),
        event_id,
        event_type,
        None if refusal is None else str(refusal.code),
        None if refusal is None else shown_detail(refusal.detail),
        None if refusal is None else shown_field(refusal.field),
        (_OPERATOR,) if dead else outcome.waits_for,
    )


def receipt_id(partner: str, record: Record) -> str:
    """By the body and not by its `id`: an id used again for something else is another receipt."""
    body = fingerprint(record.value or b"")
    return hashlib.blake2b(body, digest_size=16, person=_PERSON, salt=_salt(partner)).hexdigest()


@lru_cache(maxsize=256)  # it is asked of every record, and there are few partners
def _salt(partner: str) -> bytes:
    return hashlib.blake2b(partner.encode(), digest_size=16).digest()


async def keep(connection: Any, topics: Topics, outcomes: Sequence[Outcome]) -> None:
    """Keep the receipts of what came to the door in this batch; of a repeat the first answer stays."""
    rows: dict[str, tuple[_Text, ...]] = {}
    for outcome in outcomes:
        partner = at_the_door_of(topics, outcome.record)
        if partner is not None and outcome.status is not Status.DUPLICATE:
            number, *told, waits_for = _told(partner, outcome)
            rows[number] = (number, partner, *told, _SEPARATOR.join(waits_for))
    if not rows:
        return
    await connection.execute(
        "INSERT INTO receipts (id, partner, state, event_id, event_type, code, detail, field, waits_for) "
        "SELECT id, partner, state, event_id, event_type, code, detail, field, "
        f"string_to_array(waits_for, '{_SEPARATOR}') "
        "FROM unnest($1::text::text[], $2::text::text[], $3::text::text[], $4::text::text[], "
        "$5::text::text[], $6::text::text[], $7::text::text[], $8::text::text[], $9::text::text[]) "
        "AS t (id, partner, state, event_id, event_type, code, detail, field, waits_for) "
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, code = excluded.code, "
        "detail = excluded.detail, field = excluded.field, "
        "waits_for = excluded.waits_for, changed_at = now()",
        *map(array, zip(*(rows[number] for number in sorted(rows)), strict=True)),
    )


async def find(pool: asyncpg.Pool[Any], partner: str, number: str) -> Receipt | None:
    """One of a partner's own receipts."""
    row = await pool.fetchrow("SELECT * FROM receipts WHERE id = $1 AND partner = $2", number, partner)
    if row is None:
        return None
    return Receipt(
        id=row["id"],
        state=row["state"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        code=row["code"],
        detail=row["detail"],
        field=row["field"],
        waits_for=tuple(row["waits_for"]),
    )
