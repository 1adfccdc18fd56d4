"""What identifies an event and its body: ids that the same cause gives again, and fingerprints."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol

import orjson

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:werkbedrijf")
_SHORT: Final = 4 * 1024
"""Bytes; of a body that is no longer it is remembered what its fingerprint is."""


class Cause(Protocol):
    """What an own event is derived from: an event, or a record that could not be read as one."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def time(self) -> datetime: ...  # noqa: D102
    @property
    def correlation(self) -> str | None: ...  # noqa: D102


def derived_id(cause: Cause, *names: str) -> str:
    """An identifier that the same cause gives again, anywhere: UUIDv5 of cause and names."""
    return named_uuid(_NAMESPACE.bytes, "\x1f".join((cause.source, cause.id, *names)))


def named_uuid(namespace: bytes, name: str) -> str:
    """The text of a UUIDv5 (RFC 9562, 5.5), as `uuid.uuid5` has it.

    That one makes an object of every id and asks it for its text, at three times the cost.
    """
    digest = hashlib.sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def fingerprint(value: bytes, *, as_it_lies: bool = False) -> bytes:
    """16 bytes that are the same for the same body, whatever its white space and key order.

    Args:
        as_it_lies: take the bytes as they are. What a service of ours wrote is the same to the byte when
            it comes again; only what a partner wrote, at the door, may not be.
    """
    if as_it_lies:
        return _digest(value)
    return _of_the_same(value) if len(value) <= _SHORT else _of_a_body(value)


def _of_a_body(value: bytes) -> bytes:
    # What is no JSON is refused anyway; its bytes as they came identify it.
    with contextlib.suppress(orjson.JSONDecodeError, TypeError):
        value = orjson.dumps(orjson.loads(value), option=orjson.OPT_SORT_KEYS)
    return _digest(value)


_of_the_same = lru_cache(maxsize=1024)(_of_a_body)
"""For the inbox and for the receipt, both of which ask it of every record of a batch."""


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()
