"""The vault: names and addresses of the people that a partner guides. They are nowhere else.

It is not in the log and not rebuilt from it; it is backed up by itself. Every look is written down
before anything is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Self

import asyncpg
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from services.intake.rules.facts import Fact
from services.intake.rules.guidance import Guidance, guidance
from services.intake.rules.personal_data import is_bsn
from shared.contracts import MessageChannel, OpaqueId

_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Address(BaseModel):
    """Where letters go."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    street: _Line
    """Street or PO box."""
    number: Annotated[_Line, Field(max_length=20)]
    """House number with what belongs to it."""
    postcode: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3} ?[A-Z]{2}$")]
    """Dutch postcode, 7811 AB."""
    city: _Line
    """Place of residence."""


class Entry(BaseModel):
    """What the vault keeps of one person."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: _Line
    """Name as the person wants to be called in a letter."""
    channel: MessageChannel = MessageChannel.LETTER
    """How the person wants to be written to; a letter unless the person said otherwise (Awb art. 2:8)."""
    consent: StrictBool = False
    """Whether the person agreed to be written to over an electronic channel (Awb art. 2:8)."""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "nl"
    """Language of the messages, ISO 639."""
    email: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$", max_length=254
            ),
        ]
        | None
    ) = None
    """E-mail address."""
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{5,24}$")] | None = None
    """Telephone number."""
    address: Address | None = None
    """Postal address."""
    bsn: str | None = None
    """Citizen service number, only where the partner is a government body (Wabb art. 10)."""

    @field_validator("bsn")
    @classmethod
    def _passes_the_proof(cls, value: str | None) -> str | None:
        # The value is not repeated: faults are answered, and answers are logged by others.
        if value is not None and not (value.isascii() and value.isdigit() and is_bsn(value)):
            raise ValueError("must be nine digits that pass the 11-proof")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.channel is MessageChannel.EMAIL and self.email is None:
            raise ValueError("email must be given when channel is email")
        if self.channel is MessageChannel.SMS and self.phone is None:
            raise ValueError("phone must be given when channel is sms")
        return self


class Look(BaseModel):
    """A look at a person's entry."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    participant: OpaqueId
    """Whose entry."""
    purpose: Annotated[str, StringConstraints(max_length=200)] = "not stated"
    """What for, in a few words; it is written down."""


class Looks(BaseModel):
    """Looks at many entries in one question."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    looks: Annotated[tuple[Look, ...], Field(min_length=1, max_length=100)]
    """Up to a hundred."""


class Verdict(StrEnum):
    """What a caller gets to hear."""

    DONE = "done"
    NOT_YOURS = "not-yours"
    ABSENT = "absent"
    ERASED = "erased"


_READER: Final = "vault-token"
_OF_NOTIFICATIONS: Final = {"bsn"}
"""What sending a message has no use for."""


def may_keep(now: Guidance, owner: str | None, partner: str) -> bool:
    """Whether a partner may fill or see a person's entry: the guide may.

    Before anybody registered the person, and after the last guide let go, it is who filled the entry.
    """
    if now.guide is not None:
        return now.guide == partner
    return owner in {None, partner} and now.last in {None, partner}


async def put(pool: asyncpg.Pool[Any], participant: str, partner: str, entry: Entry, purpose: str) -> Verdict:
    """Fill an entry, or put another in its place."""
    async with pool.acquire() as connection, connection.transaction():
        now, owner = await _standing(connection, participant)
        if now.erased:
            return Verdict.ERASED
        if not may_keep(now, owner, partner):
            return Verdict.NOT_YOURS
        await _note(connection, participant, partner, "put", purpose)
        await connection.execute(
            "INSERT INTO vault (participant, partner, entry) VALUES ($1, $2, $3) ON CONFLICT (participant) "
            "DO UPDATE SET partner = excluded.partner, entry = excluded.entry, changed_at = now()",
            participant,
            partner,
            entry.model_dump(mode="json", exclude_none=True),
        )
    return Verdict.DONE


async def look(
    pool: asyncpg.Pool[Any], participant: str, partner: str | None, purpose: str
) -> tuple[Verdict, Entry | None]:
    """Show an entry.

    Args:
        partner: who asks; None for notifications, which is not shown what it has no use for.
        purpose: what for, in the caller's words; written down.
    """
    (answer,) = await look_at_many(pool, [Look(participant=participant, purpose=purpose)], partner)
    return answer


async def look_at_many(
    pool: asyncpg.Pool[Any], looks: Sequence[Look], partner: str | None
) -> list[tuple[Verdict, Entry | None]]:
    """Show entries of many people, as `look` does of each: the same is shown and the same is written down."""
    people = sorted({each.participant for each in looks})
    async with pool.acquire() as connection, connection.transaction():
        # Held as in `_standing`, one after the other in order: else two who ask about the same people could
        # each wait for the other.
        facts = await connection.fetch(
            "SELECT known.* FROM unnest($1::text[]) AS asked (name) CROSS JOIN LATERAL "
            "(SELECT subject, facts FROM known WHERE subject = asked.name FOR SHARE) AS known",
            [f"participant:{person}" for person in people],
        )
        kept = await connection.fetch(
            "SELECT kept.* FROM unnest($1::text[]) AS asked (name) CROSS JOIN LATERAL (SELECT participant, "
            "partner, entry FROM vault WHERE participant = asked.name FOR UPDATE) AS kept",
            people,
        )
        known = {row["subject"]: row["facts"] for row in facts}
        entries = {row["participant"]: row for row in kept}
        answers = []
        for each in looks:
            now = guidance([Fact(*parts) for parts in known.get(f"participant:{each.participant}") or ()])
            row = entries.get(each.participant)
            answers.append(_shown(now, row, partner))
        noted = [each for each, (_, entry) in zip(looks, answers, strict=True) if entry is not None]
        await connection.execute(
            "INSERT INTO vault_looks (participant, who, action, purpose) "
            "SELECT participant, $3, 'look', purpose "
            "FROM unnest($1::text[], $2::text[]) AS noted (participant, purpose)",
            [each.participant for each in noted],
            [each.purpose for each in noted],
            partner or _READER,
        )
    return answers


async def empty(pool: asyncpg.Pool[Any], participant: str, partner: str, purpose: str) -> Verdict:
    """Empty an entry; the person's events stay, about an id without anyone behind it."""
    async with pool.acquire() as connection, connection.transaction():
        now, owner = await _standing(connection, participant)
        if now.erased:
            return Verdict.ERASED
        if not may_keep(now, owner, partner):
            return Verdict.NOT_YOURS
        if owner is None:
            return Verdict.ABSENT
        await _note(connection, participant, partner, "empty", purpose)
        await connection.execute("DELETE FROM vault WHERE participant = $1", participant)
    return Verdict.DONE


def _shown(now: Guidance, row: Any, partner: str | None) -> tuple[Verdict, Entry | None]:
    """What is shown of an entry to a partner, or to notifications (None)."""
    owner = None if row is None else row["partner"]
    if now.erased:
        return Verdict.ERASED, None
    if partner is not None and not may_keep(now, owner, partner):
        return Verdict.NOT_YOURS, None
    if row is None:
        return Verdict.ABSENT, None
    entry = Entry.model_validate(row["entry"])
    hidden = dict.fromkeys(_OF_NOTIFICATIONS) if partner is None else {}
    return Verdict.DONE, entry.model_copy(update=hidden)


async def _standing(connection: Any, participant: str) -> tuple[Guidance, str | None]:
    """Who guides the person and who filled the entry.

    The person's row is held until the transaction ends, so that an erasure comes either before, and is
    seen, or after, and takes what is filled now with it.
    """
    facts = await connection.fetchval(
        "SELECT facts FROM known WHERE subject = $1 FOR SHARE", f"participant:{participant}"
    )
    owner = await connection.fetchval(
        "SELECT partner FROM vault WHERE participant = $1 FOR UPDATE", participant
    )
    return guidance([Fact(*parts) for parts in facts or ()]), owner


async def _note(connection: Any, participant: str, who: str, action: str, purpose: str) -> None:
    await connection.execute(
        "INSERT INTO vault_looks (participant, who, action, purpose) VALUES ($1, $2, $3, $4)",
        participant,
        who,
        action,
        purpose,
    )
