"""What the nemesis did, in a file that the checker reads: what it put on topics is no partner's statement."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Poison:
    """A record of the nemesis that is no repeat, and what must become of it.

    Attributes:
        key: its own; by it all of it is known, however often the broker was asked to take it.
        code: of the dead letter in every service that reads it; empty where it is passed over.
    """

    name: str
    topic: str
    key: str
    code: str


class Strikes:
    """Keeps what was struck, as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self.counted: Counter[str] = Counter()
        self.began = time.monotonic()

    def close(self) -> None:
        """No more strikes."""
        self._file.close()

    def struck(self, name: str, what: str) -> None:
        """A fault was struck."""
        self.counted[name] += 1
        self._write({"at": round(time.monotonic() - self.began, 2), "fault": name, "what": what})

    def planted(self, poison: Poison) -> None:
        """A record is about to be put on a topic that no partner stated."""
        self._write({"poison": poison.name, "topic": poison.topic, "key": poison.key, "code": poison.code})

    def turned_away(self, names: list[tuple[str, str]]) -> None:
        """Events that the door turned away for being too many; they must not take effect."""
        self._write({"turned_away": names})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line) + b"\n")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was written."""
    with path.open("rb") as file:
        yield from map(orjson.loads, file)


def poisons(path: Path) -> list[Poison]:
    """The records of the nemesis that are no repeats."""
    return [
        Poison(line["poison"], line["topic"], line["key"], line["code"])
        for line in lines(path)
        if "poison" in line
    ]


def turned_away(path: Path) -> set[tuple[str, str]]:
    """Source and id of what was turned away and never handed in again."""
    return {(source, number) for line in lines(path) for source, number in line.get("turned_away", ())}
