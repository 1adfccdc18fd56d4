"""The ledger: every event that the partners stated, with its answer, in a file of its own.

The checker reads the file and nothing of the driver, so what the driver forgets is not forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson

from shared.messaging.event import Event

UNANSWERED: Final = ""
"""No answer came; the sender does not know."""
SENT: Final = "sent"
"""On the inbox topic: the broker has it, the door's judgement comes later."""
TAKEN: Final = frozenset({"accepted", "duplicate", "parked", SENT})
"""Answers after which the event must take effect."""


@dataclass(slots=True)
class Entry:
    """One event and its answer.

    Attributes:
        answer: the state of the receipt, a refusal's code, `turned-away`, `sent`, or nothing.
        over: `http` or `inbox`.
    """

    number: int
    id: str
    source: str
    type: str
    partner: str
    stream: str
    key: str
    over: str
    at: float
    answer: str = UNANSWERED


class Ledger:
    """Writes the ledger; one line when something is stated, one when it is answered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=1024 * 1024)
        self.stated = 0
        self.answered = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def state(self, event: Event, over: str) -> int:
        """Enter an event that is about to be stated; its number."""
        self.stated += 1
        line = {
            "number": self.stated, "id": event.id, "source": event.source, "type": event.type,
            "partner": event.partner, "stream": event.data.STREAM, "key": event.key, "over": over,
            "at": round(time.time(), 3),
        }  # fmt: skip
        self._file.write(orjson.dumps(line) + b"\n")
        return self.stated

    def answer(self, number: int, answer: str) -> None:
        """Enter the answer."""
        self.answered += 1
        self._file.write(orjson.dumps([number, answer]) + b"\n")

    def flush(self) -> None:
        """Let readers see all of it."""
        self._file.flush()


def entries(path: Path) -> Iterator[Entry]:
    """The ledger as it was written, with the answers that came."""
    found: dict[int, Entry] = {}
    with path.open("rb") as file:
        for raw in file:
            line = orjson.loads(raw)
            if isinstance(line, dict):
                found[line["number"]] = Entry(**line)
            else:
                found[line[0]].answer = line[1]
    yield from found.values()
