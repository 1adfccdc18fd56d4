"""Partners' own software at the door: it hands in events over HTTP and tries again what was not taken."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from shared.messaging.event import CONTENT_TYPE, Event, encode
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.programs import Program
from tests.delivery.site import token_of

_RETRY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door answered.

    Attributes:
        status: of HTTP.
        state: of the receipt, where there is one.
        retry_after: the header.
    """

    status: int
    state: str = ""
    retry_after: str = ""


@dataclass(slots=True)
class Caller:
    """One caller's software, which hands in one event after the other.

    Attributes:
        answers: how often each status and state was answered.
        faults: answers that must never be given.
    """

    client: httpx.AsyncClient
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    faults: list[Answer] = field(default_factory=list)

    async def hand_in(self, event: Event) -> Answer:
        """Hand in one event, once.

        Raises:
            httpx.TransportError: no answer came.
        """
        answer = await self.client.post("/v1/events", content=encode(event))
        state = answer.json()["receipts"][0]["state"] if answer.status_code == httpx.codes.ACCEPTED else ""
        found = Answer(answer.status_code, state, answer.headers.get("retry-after", ""))
        self.answers[found.status, found.state] += 1
        turned_away = found.status == httpx.codes.SERVICE_UNAVAILABLE and found.retry_after
        if not turned_away and found.state not in {"accepted", "duplicate"}:
            self.faults.append(found)
        return found

    async def deliver(self, event: Event) -> None:
        """Hand in the same event until the door has taken it."""
        answer = await self.hand_in(event)
        while answer.status == httpx.codes.SERVICE_UNAVAILABLE:
            await asyncio.sleep(_RETRY_S)
            answer = await self.hand_in(event)

    async def keep_delivering(
        self, ledger: Ledger, people: list[str], *, going_on: Callable[[], bool], pause_s: float
    ) -> None:
        """Register these people, and let them take step after step as long as asked."""
        for person in people:
            await self.deliver(ledger.registration(person))
        while going_on():
            for person in people:
                await self.deliver(ledger.step(person))
                await asyncio.sleep(pause_s)


@asynccontextmanager
async def caller(door: Program, partner: str = GUIDE) -> AsyncIterator[Caller]:
    """A caller with a partner's token."""
    headers = {"Authorization": f"Bearer {token_of(partner)}", "Content-Type": CONTENT_TYPE}
    # Shorter than the server's five seconds: a connection that it is just closing must not be used again.
    limits = httpx.Limits(keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=door.url, headers=headers, timeout=90, verify=False, limits=limits
    ) as client:
        yield Caller(client)
