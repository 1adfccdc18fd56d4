"""A column of values as the text of an array, which PostgreSQL reads at once.

The client would encode an array value by value, and ask of each whether it is an array itself: more work
than all else that a batch costs in Python for its statements (docs/measurements.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

_ESCAPED: Final = re.compile(r'\\(?:u([0-9a-f]{4})|(["\\bfnrt]))')
_CONTROLS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Array(str):
    """The text of an array, to be given where a statement says `$1::text::<type>[]`.

    Attributes:
        values: what it was made of.
    """

    __slots__ = ("values",)
    values: Sequence[Any]


def array(values: Iterable[Any]) -> Array:
    """An array of texts, numbers, booleans, dates or moments; None is NULL."""
    kept = list(values)
    text = _json(kept)
    # In JSON a control character is spelled out; in an array only quotes and backslashes are.
    return _array(_ESCAPED.sub(_unescaped, text) if "\\" in text else text, kept)


def documents(values: Iterable[Any]) -> Array:
    """An array of JSON documents, each as its text."""
    kept = [None if value is None else orjson.dumps(value).decode() for value in values]
    # The documents have their control characters spelled out already.
    return _array(_json(kept), kept)


def binary(values: Iterable[bytes]) -> Array:
    """An array of bytes."""
    kept = list(values)
    return _array(_json([f"\\x{value.hex()}" for value in kept]), kept)


def _json(values: list[Any]) -> str:
    return orjson.dumps(values, default=str, option=orjson.OPT_NAIVE_UTC).decode()


def _array(text: str, values: list[Any]) -> Array:
    made = Array("{" + text[1:-1] + "}")
    made.values = values
    return made


def _unescaped(found: re.Match[str]) -> str:
    code, character = found.groups()
    return chr(int(code, 16)) if code else _CONTROLS.get(character, found[0])
