"""What a partner's back office does at the door: state events, hand over personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, Final

import httpx
import orjson

from shared.contracts.base import Data
from shared.messaging.event import Event, encode
from shared.messaging.registry import AMSTERDAM, Partner

_BATCH: Final = 500
_OFFICE_OPENS: Final = time(9, 0)


class Turned(Exception):  # noqa: N818 - what the caller reports
    """The door did not take what the story needs it to take."""


class Doors:
    """The doors of the partners, one process or several.

    Args:
        urls: where each partner's door is.
        tokens: each partner's bearer token.
        partners: the partners as the registry has them.
    """

    def __init__(
        self, urls: Mapping[str, str], tokens: Mapping[str, str], partners: Mapping[str, Partner]
    ) -> None:
        self._urls = urls
        self._tokens = tokens
        self._partners = partners
        self._http = httpx.AsyncClient(timeout=30)
        self._numbers: Counter[tuple[str, str, str]] = Counter()
        self._said: list[tuple[str, Event]] = []
        self.receipts: Counter[str] = Counter()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def say(self, partner: str, on: date, data: Data) -> None:
        """Note an event that the partner's back office records on that day; `send` states it."""
        base = (partner, on.isoformat(), f"{data.TYPE}/{data.kafka_key}")
        self._numbers[base] += 1
        record = self._partners[partner]
        event = Event(
            id=f"{on.isoformat()}/{data.TYPE.split('.', 2)[2]}/{data.kafka_key}/{self._numbers[base]}",
            source=f"{record.urn}:systeem:backoffice",
            time=datetime.combine(on, _OFFICE_OPENS, AMSTERDAM),
            key=data.kafka_key,
            data=data,
            partner=partner,
            stream=data.STREAM,
        )
        self._said.append((partner, event))

    async def send(self) -> None:
        """State what was noted, in order of the day it was said on.

        Raises:
            Turned: an event was refused.
        """
        said, self._said = sorted(self._said, key=lambda pair: pair[1].time), []
        for partner, group in groupby(said, key=lambda pair: pair[0]):
            events = [event for _, event in group]
            for start in range(0, len(events), _BATCH):
                await self._post(partner, events[start : start + _BATCH])

    async def refused(self, partner: str) -> str:
        """State what was noted for one partner and return the code with which it is refused.

        Raises:
            Turned: it was not refused.
        """
        (event,) = [event for who, event in self._said if who == partner]
        self._said = [pair for pair in self._said if pair[1] is not event]
        (receipt,) = await self._receipts(partner, [event])
        if receipt["state"] != "refused":
            raise Turned(f"{partner} should have been refused: {receipt}")
        return str(receipt["code"])

    async def hand_over(self, partner: str, participant: str, details: Mapping[str, Any]) -> None:
        """Put somebody's name and address into the partner's own vault."""
        answer = await self._http.put(
            f"{self._urls[partner]}/v1/people/{participant}", json=dict(details), headers=self._as(partner)
        )
        if answer.is_error:
            raise Turned(f"the vault of {partner} answered {answer.status_code}: {answer.text}")

    async def _post(self, partner: str, events: Sequence[Event]) -> None:
        for event, receipt in zip(events, await self._receipts(partner, events), strict=True):
            self.receipts[receipt["state"]] += 1
            if receipt["state"] == "refused":
                raise Turned(f"{partner} was refused {event.id}: {receipt}")

    async def _receipts(self, partner: str, events: Sequence[Event]) -> list[dict[str, Any]]:
        answer = await self._http.post(
            f"{self._urls[partner]}/v1/events",
            content=orjson.dumps([orjson.Fragment(encode(event)) for event in events]),
            headers=self._as(partner) | {"content-type": "application/cloudevents-batch+json"},
        )
        if answer.is_error:
            raise Turned(f"the door of {partner} answered {answer.status_code}: {answer.text}")
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    def _as(self, partner: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._tokens[partner]}"}
