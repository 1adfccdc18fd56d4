"""Records with something wrong, or something odd, as partners may send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from shared.messaging.event import Event, encode
from tests.delivery.ledger import MUNICIPALITY_SOURCE, Ledger
from tests.delivery.sending import producing

Headers = Sequence[tuple[str, bytes | None]]

PARTITION: Final = 0
"""All go to one partition, poison and bystander alike: it is the partition that must move on."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A record with something wrong, and what must become of it.

    Attributes:
        code: of the dead letter; empty when there must be none.
        holds: whether later events of its key wait behind it.
    """

    name: str
    value: bytes | None
    headers: Headers = ()
    code: str = ""
    holds: bool = False


def _wire(event: Event, **attributes: object) -> bytes:
    return orjson.dumps(orjson.loads(encode(event)) | attributes)


def refused(throwaway: Ledger) -> list[Poison]:
    """What must not take effect."""
    step = throwaway.step("p-of-nobody")
    data = orjson.loads(encode(step))["data"]
    return [
        Poison("tombstone", None, code="type.unknown"),
        Poison("empty", b"", code="schema.invalid", holds=True),
        Poison("broken-json", encode(step)[:-9], code="schema.invalid", holds=True),
        Poison("not-utf8", b'{"id": "\xff\xfe"}', code="schema.invalid", holds=True),
        Poison("deep-json", b"[" * 60_000, code="schema.invalid", holds=True),
        Poison("no-object", b"[]", code="schema.invalid", holds=True),
        Poison("wrong-data", _wire(step, data=data | {"rung": 7}), code="schema.invalid", holds=True),
        Poison("large", _wire(step, data=data | {"x": "x" * 70 * 1024}), code="size.too-large", holds=True),
        Poison("unknown-type", _wire(step, type="nl.werkbedrijf.participants.danced.v1")),
        Poison("anothers-source", _wire(step, source=MUNICIPALITY_SOURCE), code="source.not-yours"),
    ]


def accepted(ledger: Ledger) -> list[Poison]:
    """What looks odd and is sound."""
    null, foreign, field = (ledger.step(name) for name in ("null-header", "foreign-header", "unknown-field"))
    data = orjson.loads(encode(field))["data"]
    return [
        Poison("null-header", encode(null), [("traceparent", None)]),
        Poison("foreign-header", encode(foreign), [("naam", b"\xff\xfe\x00"), ("", b"")]),
        Poison("unknown-field", _wire(field, data=data | {"shoe_size": 44}, shoesize=44)),
    ]


async def put(kafka: str, topic: str, key: str, value: bytes | None, headers: Headers = ()) -> None:
    """Put one record on the partition of all."""
    async with producing(kafka) as producer:
        await producer.send_and_wait(
            topic, value, key=key.encode(), partition=PARTITION, headers=list(headers)
        )
