"""What a verdict is built on besides the log: the ledger, the nemesis's notes, the public doors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any

import httpx

from tests.chaos.checker.log import Place
from tests.chaos.driver.ledger import Entry, entries
from tests.chaos.ground.ground import Ground
from tests.chaos.nemesis import strikes
from tests.chaos.nemesis.strikes import Poison
from tests.delivery.programs import OPS_TOKEN

_GAP = 300
"""Numbers without a letter after which there are no more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that may be asked."""

    ground: Ground
    ledger: list[Entry]
    poisons: list[Poison]
    found_poison: dict[Place, str]
    """Where it lies, and its key."""
    turned_away: set[tuple[str, str]]

    @classmethod
    def of(cls, ground: Ground) -> Evidence:
        """What the files of this campaign say."""
        notes = ground.folder / "strikes.jsonl"
        return cls(
            ground,
            list(entries(ground.folder / "ledger.jsonl")),
            strikes.poisons(notes),
            {},
            strikes.turned_away(notes),
        )

    @property
    def poisoned(self) -> set[bytes]:
        """Keys of records that nobody stated."""
        return {poison.key.encode() for poison in self.poisons}

    async def ask(self, service: str, path: str) -> Any:
        """What a service answers to a GET."""
        url = self.ground.fleet.instances[service].program.url
        headers = {"Authorization": f"Bearer {OPS_TOKEN}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, verify=False, timeout=60) as http:
            return (await http.get(path)).raise_for_status().json()

    async def letters(self, service: str) -> list[dict[str, Any]]:
        """All dead letters of a service; the list shows the oldest, the rest is asked for one by one."""
        found: list[dict[str, Any]] = await self.ask(service, "/ops/dead-letters")
        missed, number = 0, found[-1]["id"] + 1 if found else 0
        while found and missed < _GAP:
            try:
                found.append(await self.ask(service, f"/ops/dead-letters/{number}"))
                missed = 0
            except httpx.HTTPStatusError:
                missed += 1
            number += 1
        return found

    def mails(self) -> Counter[str]:
        """How often the mail server took each notification."""
        parse = BytesHeaderParser().parsebytes
        names = (parse(path.read_bytes())["Message-ID"] for path in self.ground.mails.glob("*.eml"))
        return Counter(name.strip("<>").partition("@")[0] for name in names)
