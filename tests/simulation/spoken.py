"""What is said in one go, taken apart into what the store in memory knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

_TOGETHER: Final = "WITH w0 AS ("
_NEXT: Final = re.compile(r"\n\)(?:,\nw\d+ AS \(\n|\n)")
_PARAMETER: Final = re.compile(r"\$(\d+)")
_LOCK_OF_THE_WHOLE: Final = re.compile(r"(SELECT pg_advisory_xact_lock(?:_shared)?\()(\d+)(, 0\))")
_NAMED_LOCKS: Final = re.compile(r"'\{([-\d,]*)\}'(::bigint\[\])")


def parts(sql: str, arguments: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Each statement with its own arguments, in order."""
    if sql.startswith(_TOGETHER):
        before = 0
        for text, count in _together(sql):
            yield text, arguments[before : before + count]
            before += count
    elif arguments:
        yield sql, arguments
    else:
        for text in sql.split("; "):
            yield _with_arguments(text)


@lru_cache(maxsize=1024)
def _together(sql: str) -> list[tuple[str, int]]:
    """The statements of one that was made of several, each with how many arguments it has."""
    found, before = [], 0
    for text in _NEXT.split(sql.removeprefix(_TOGETHER + "\n")):
        last = max([before, *(int(number) for number in _PARAMETER.findall(text))])
        found.append((_PARAMETER.sub(lambda m, by=before: f"${int(m[1]) - by}", text), last - before))
        before = last
    return found


def _with_arguments(text: str) -> tuple[str, Sequence[Any]]:
    """Locks are said with their numbers in the text."""
    if whole := _LOCK_OF_THE_WHOLE.fullmatch(text):
        return f"{whole[1]}$1{whole[3]}", (int(whole[2]),)
    if named := _NAMED_LOCKS.search(text):
        numbers = [int(number) for number in named[1].split(",") if number]
        return _NAMED_LOCKS.sub(r"$1\2", text), (numbers,)
    return text, ()
