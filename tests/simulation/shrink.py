"""A failing run made short: faults and statements are left out while it goes on failing the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.run import Run, judge

_TRIES: Final = 250


@dataclass(slots=True)
class Short:
    """The shortest failure that was found.

    Attributes:
        muted: numbers of faults that do not strike.
        without: statements that are left out.
    """

    run: Run
    muted: set[int] = field(default_factory=set)
    without: set[str] = field(default_factory=set)
    tries: int = 0

    @property
    def text(self) -> str:
        """What is wrong, and how it came to that."""
        faults = ", ".join(str(kind) for _, kind in self.run.struck) or "none"
        return "\n".join(
            [
                f"seed {self.run.seed}: {self.run.wrong}",
                f"{len(self.run.said)} statements; faults: {faults}",
                *self.run.history.lines,
            ]
        )


def shrink(found: Run, *, tries: int = _TRIES) -> Short:
    """Leave out what is not needed to fail.

    Args:
        found: a run in which something is wrong.
        tries: runs that may be spent on it.
    """
    short = Short(found)
    while short.tries < tries:
        before = len(short.muted), len(short.without)
        _leave_out(short, tries, lambda run: [number for number, _ in run.struck], short.muted)
        _leave_out(short, tries, lambda run: list(run.said), short.without)
        if before == (len(short.muted), len(short.without)):
            break
    return short


def _leave_out(short: Short, tries: int, left: Callable[[Run], Sequence[Any]], out: set[Any]) -> None:
    """Leave out half of what is left, then a quarter, and so on down to one by one."""
    size = max(len(left(short.run)) // 2, 1)
    while True:
        at = 0
        while at < len(left(short.run)) and short.tries < tries:
            chunk = set(left(short.run)[at : at + size]) - out
            out |= chunk
            short.tries += 1
            run = judge(short.run.seed, muted=short.muted, without=short.without)
            if chunk and run.wrong and _kind(run) == _kind(short.run):
                short.run = run
            else:
                out -= chunk
                at += size
        if size == 1 or short.tries >= tries:
            return
        size = max(size // 2, 1)


def _kind(run: Run) -> str:
    """The first words, without names and numbers."""
    return re.split(r"[\d:{\['(]", run.wrong, maxsplit=1)[0]
