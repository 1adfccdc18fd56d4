"""A partner's back office: it states events at the door or on its inbox topic until it has an answer."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson
from msgspec.structs import replace

from shared.contracts.base import Data, Stream
from shared.contracts.envelope import BATCH_CONTENT_TYPE
from shared.messaging.event import Event, encode
from tests.chaos.driver.calendar import Calendar
from tests.chaos.driver.ledger import SENT, Ledger
from tests.chaos.driver.post import Post
from tests.delivery.site import PARTNERS, token_of

_AGAIN_S: Final = 0.5
_PATIENCE_S: Final = 15.0
"""Asking again after less makes a door that is behind do its work twice."""
_BATCH: Final = 100
_KEPT: Final = 400
"""What an office remembers of its last statements, for whoever makes it repeat itself."""
_URN: Final = {file.record.partner: file.record.urn for file in PARTNERS}
_TOO_MUCH: Final = 429
_ALSO_AGAIN: Final = frozenset({408, _TOO_MUCH})


@dataclass(slots=True)
class _Waiting:
    event: Event
    answer: asyncio.Future[str]


@dataclass(slots=True)
class Office:
    """One partner's back office.

    Attributes:
        held: closed while the nemesis keeps the office from speaking; what it has to say waits.
        answers: how often each status and state was answered.
        said: its last statements.
    """

    partner: str
    http: httpx.AsyncClient
    post: Post
    calendar: Calendar
    ledger: Ledger
    held: asyncio.Event = field(default_factory=asyncio.Event)
    answers: Counter[str] = field(default_factory=Counter)
    said: deque[tuple[str, Event]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _queue: deque[_Waiting] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, data: Data, mark: str = "") -> Event:
        """What the office records now; its id is its own, and the same for the same fact."""
        return Event(
            id=f"{data.TYPE.split('.', 2)[2]}/{data.kafka_key}/{mark or self.calendar.today.isoformat()}",
            source=f"{_URN[self.partner]}:systeem:backoffice",
            time=self.calendar.now(),
            key=data.kafka_key,
            data=data,
            partner=self.partner,
            stream=Stream.INBOX,
        )

    async def say(self, data: Data, over: str, mark: str = "") -> str:
        """State something and return the answer; however often it has to be tried."""
        event = self.event(data, mark)
        number = self.ledger.state(event, over)
        await self.held.wait()
        answer = await (self._hand_in(event) if over == "http" else self._put(event))
        self.said.append((over, event))
        self.ledger.answer(number, answer)
        return answer

    async def run(self) -> None:
        """Bring what is to be handed in to the door, batch after batch, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
                receipts = await self._answered([each.event for each in batch])
                for each, receipt in zip(batch, receipts, strict=True):
                    if not each.answer.done():
                        each.answer.set_result(receipt.get("code") or receipt["state"])

    async def once(self, events: list[Event], timeout_s: float = 5.0) -> tuple[int, list[dict[str, Any]]]:
        """Hand events in one time; status and receipts, 0 where no answer came."""
        try:
            answer = await self.http.post(
                "/v1/events",
                content=orjson.dumps([orjson.Fragment(encode(event)) for event in events]),
                headers=self.headers | {"Content-Type": BATCH_CONTENT_TYPE},
                timeout=timeout_s,
            )
        except httpx.TransportError:
            self.answers["no answer"] += 1
            return 0, []
        self.answers[str(answer.status_code)] += 1
        return answer.status_code, answer.json()["receipts"] if answer.status_code == 202 else []

    async def hand_over(self, person: str, entry: dict[str, Any]) -> None:
        """Put a person's address in the vault."""
        while True:
            try:
                answer = await self.http.put(f"/v1/people/{person}", json=entry, headers=self.headers)
                if answer.status_code == httpx.codes.NO_CONTENT:
                    return
                self.answers[f"vault {answer.status_code}"] += 1
            except httpx.TransportError:
                self.answers["no answer"] += 1
            await asyncio.sleep(_AGAIN_S)

    @property
    def headers(self) -> dict[str, str]:
        """Who calls."""
        return {"Authorization": f"Bearer {token_of(self.partner)}"}

    async def _hand_in(self, event: Event) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(event, answer))
        self._news.set()
        return await answer

    async def _put(self, event: Event) -> str:
        await self.post.send(replace(event, stream=Stream.INBOX))
        return SENT

    async def _answered(self, events: list[Event]) -> list[dict[str, Any]]:
        while True:
            status, receipts = await self.once(events, _PATIENCE_S)
            if receipts:
                return receipts
            if 400 <= status < 500 and status not in _ALSO_AGAIN:
                raise AssertionError(f"the door answered {status} to {self.partner}: {events[0].id}")
            await asyncio.sleep(_AGAIN_S)
