"""What every batch must know besides what it touches, in one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.messaging.registry import Registry

_ASK: Final = (
    "SELECT ARRAY(SELECT data::text FROM partners) AS partners, (SELECT ticked_at FROM clock) AS ticked_at, "
    "EXISTS (SELECT FROM parked) AS waits, EXISTS (SELECT FROM dead_letters WHERE holds) AS holds"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand, asked under the locks of the batch: it holds for what the batch touches.

    Attributes:
        ticked_at: how far the scenario clock has come; None before its first tick.
        waits: whether any event is parked.
        holds: whether any dead letter holds its key. Most of the time there is neither.
    """

    registry: Registry
    ticked_at: datetime | None
    waits: bool
    holds: bool


async def standing(connection: Any) -> Standing:
    """How things stand now."""
    row = await connection.fetchrow(_ASK)
    return Standing(Registry.read(row["partners"]), row["ticked_at"], row["waits"], row["holds"])
