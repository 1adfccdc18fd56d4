"""Logs, ledgers and doors that were made up, for the tests of the invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Invariant
from tests.chaos.checker.log import Told
from tests.chaos.driver.ledger import Entry
from tests.chaos.nemesis.strikes import Poison

_numbers = count(1)


class Saw(Evidence):
    """Evidence that was made up."""

    __slots__ = ("answers",)
    answers: dict[str, Any]

    def __init__(self, *ledger: Entry, poisons: Sequence[Poison] = (), **answers: Any) -> None:
        Evidence.__init__(self, None, list(ledger), list(poisons), {}, set())  # type: ignore[arg-type]
        object.__setattr__(self, "answers", answers)

    async def ask(self, service: str, path: str) -> Any:
        if path == "/asyncapi":
            return {"reads": "participants.stepped"}
        if path == "/v1/pending":
            return {"outbox": 0, "jobs": 0}
        return self.answers.get(f"{service}_{path.rpartition('/')[2].partition('?')[0]}", [])

    async def letters(self, service: str) -> list[dict[str, Any]]:
        return list(self.answers.get(f"{service}_letters", []))

    def mails(self) -> Counter[str]:
        return Counter(self.answers.get("mails", {}))


def told(
    type_: str, key: str = "p-1", *, stream: str = "matching", partner: str = "menso", **data: Any
) -> Told:
    """An event that was never on a topic."""
    number = next(_numbers)
    said = data.pop("id_", f"e-{number}")
    return Told(
        topic=f"t.{partner}.{stream}", partner=partner, stream=stream, partition=0, offset=number,
        at_ms=number,
        key=key, id=said, source="s", type=type_, cause=data.pop("cause", ""),
        time="2021-03-01T07:00:00+01:00",
        data={"participant": key, **data}, first=True, digest=repr(sorted(data.items())).encode(),
    )  # fmt: skip


def stated(number: int, answer: str = "accepted") -> Entry:
    """A line of the ledger."""
    return Entry(
        number, f"e-{number}", "s", "participants.stepped", "menso", "intake", "p-1", "http", 0.0, answer
    )


async def verdict(invariant: Invariant, evidence: Evidence, *log: Told) -> list[str]:
    """What an invariant finds in a log, by the keys of the report."""
    for each in log:
        invariant.see(each)
    return [violation.counts_as for violation in await invariant.verdict(evidence)]
