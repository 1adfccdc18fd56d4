"""A caller at the door that costs little itself: HTTP/1.1 by hand over connections that are kept.

The load and what it loads share two cores; a full HTTP client would take a good part of one.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

ONE: Final = "application/cloudevents+json"
MANY: Final = "application/cloudevents-batch+json"
_KEPT_S: Final = 2.0
"""The server closes what idles for five; on a connection that it is closing nothing must be sent."""


class Caller:
    """Posts to one address, over as many connections as are needed at the same time.

    Args:
        url: where to.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes, token: str, media_type: str) -> int:
        """Send one request and read the answer to its end; its status."""
        reader, writer = await self._connection()
        writer.write(
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: {media_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        await reader.readexactly(length)
        self._idle.append((time.monotonic(), reader, writer))
        return int(head.split(" ", 2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < _KEPT_S:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    async def __aenter__(self) -> Self:
        """Nothing to open before it is needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for _, _, writer in self._idle:
            writer.close()
