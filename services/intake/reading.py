"""CloudEvents over HTTP: one in structured or binary mode, or a batch; read and no further judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import orjson
from fastapi import Request
from fastapi.responses import JSONResponse

from shared.contracts import CATALOGUE
from shared.contracts.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE, MAX_BYTES
from shared.web.problems import problem

MAX_EVENTS: Final = 1000
"""Events in one request at most."""

_ATTRIBUTE: Final = "ce-"


class Turned(Exception):  # noqa: N818 - an answer to the caller
    """The request as a whole cannot be taken.

    Attributes:
        answer: the problem document to send.
    """

    def __init__(self, answer: JSONResponse) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


async def body_of(request: Request, most: int) -> bytes:
    """The body, of which no more than `most` bytes are ever held.

    Raises:
        Turned: 413 when it is larger, 415 when it is compressed.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Turned(problem(415, "Compressed requests are not taken"))
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Turned(
                problem(
                    413, "The request is too large", f"{most} bytes at most", headers={"Connection": "close"}
                )
            )
        chunks.append(chunk)
    return b"".join(chunks)


async def events_of(request: Request, most: int) -> list[dict[str, Any]]:
    """The events of a request, each as structured JSON would have it.

    Args:
        most: bytes of a batch; a single event has the contract's limit.

    Raises:
        Turned: 400, 413 or 415.
    """
    media = media_type(request)
    if media == BATCH_CONTENT_TYPE:
        return _batch(_json(await body_of(request, most)))
    if media == CONTENT_TYPE:
        event = _json(await body_of(request, MAX_BYTES))
        if not isinstance(event, dict):
            raise Turned(problem(400, "The request is not an event", "the body must be a JSON object"))
        return [event]
    if media == "application/json" and f"{_ATTRIBUTE}specversion" in request.headers:
        return [_binary(request.headers, await body_of(request, MAX_BYTES))]
    raise Turned(
        problem(
            415,
            "The media type is not one of CloudEvents",
            f"send {CONTENT_TYPE}, {BATCH_CONTENT_TYPE}, or application/json with ce- headers",
            headers={"Accept": f"{CONTENT_TYPE}, {BATCH_CONTENT_TYPE}"},
        )
    )


def media_type(request: Request) -> str:
    """The media type without its parameters.

    Raises:
        Turned: 415 for another character set than UTF-8.
    """
    media, charset = _read_media_type(request.headers.get("content-type", ""))
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise Turned(problem(415, "The character set must be UTF-8"))
    return media


@lru_cache(maxsize=64)  # a caller sends the same one with every request
def _read_media_type(text: str) -> tuple[str, str]:
    header = Message()
    header["content-type"] = text
    charset = str(header.get_param("charset", "utf-8")).lower()
    return header.get_content_type() if text else "", charset


def key_of(event: Mapping[str, Any]) -> bytes | None:
    """The Kafka key that an event would have, so that dead letters hold back what follows on it."""
    type_, data = event.get("type"), event.get("data")
    model = CATALOGUE.get(type_) if isinstance(type_, str) else None
    if model is None or not isinstance(data, dict):
        return None
    key = data.get(model.KEY)
    return key.encode(errors="replace") if isinstance(key, str) else None


def faults_of_source(events: Sequence[Mapping[str, Any]], urn: str) -> list[dict[str, str]]:
    """Events that speak for another organisation than the caller's, each named.

    What is no organisation at all is left to the event's own receipt.
    """
    return [
        {"field": f"[{number}].source", "detail": f"must be {urn}:systeem:<name>"}
        for number, event in enumerate(events)
        if isinstance(source := event.get("source"), str)
        and source.startswith("urn:nld:")
        and not source.startswith(f"{urn}:systeem:")
    ]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Turned(problem(400, "The body is not JSON", str(error))) from error


def _batch(events: Any) -> list[dict[str, Any]]:
    if not isinstance(events, list):
        raise Turned(problem(400, "The request is not a batch", "the body must be a JSON array of events"))
    if len(events) > MAX_EVENTS:
        raise Turned(problem(413, "The batch is too large", f"{MAX_EVENTS} events at most"))
    faults = [
        {"field": f"[{number}]", "detail": "must be a JSON object"}
        for number, event in enumerate(events)
        if not isinstance(event, dict)
    ]
    if faults:
        raise Turned(problem(400, "The batch holds what is no event", errors=faults))
    return events


def _binary(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    attributes = {
        name.removeprefix(_ATTRIBUTE): unquote(value)
        for name, value in headers.items()
        if name.startswith(_ATTRIBUTE)
    }
    return {**attributes, "datacontenttype": "application/json", "data": _json(body)}
