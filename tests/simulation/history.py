"""What happened in a run, line by line: shown when it fails, and compared when it is repeated."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any


class History:
    """Lines with their moment; made into text only when somebody wants to read them.

    Attributes:
        parked: statements that a door set aside until what they build on came.
    """

    def __init__(self) -> None:
        self.parked: set[str] = set()
        self._lines: list[tuple[float, str, str, tuple[Any, ...]]] = []

    def note(self, who: str, what: str, *about: Any) -> None:
        """Something happened now."""
        self._lines.append((asyncio.get_running_loop().time(), who, what, about))

    @property
    def lines(self) -> list[str]:
        """All of it, to be read."""
        return [
            f"{at * 1000:9.2f} ms  {who:<16} {what} {' '.join(map(str, about))}".rstrip()
            for at, who, what, about in self._lines
        ]

    def digest(self) -> str:
        """The same for the same history."""
        return hashlib.blake2b("\n".join(self.lines).encode(), digest_size=12).hexdigest()
