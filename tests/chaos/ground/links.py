"""A line between two parties that can be cut, reset, held up, slowed, or broken in the middle of a word."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final

from deploy.local.ports import HOST, free_port
from tests.chaos.ending import ended

_CHUNK: Final = 64 * 1024
_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""Closing sends a reset and not a farewell: what was under way is gone."""


class Link:
    """Forwards what comes in on `port` to one of `to`, as long as nothing is wrong with the line.

    Attributes:
        name: who speaks to whom, as `kafka:quota`.
        to: ports at the far end; who does not answer is passed over, as a balancer does.
        delay_s: how long each piece is held up.
    """

    def __init__(self, name: str, *to: int) -> None:
        self.name = name
        self.to = list(to)
        self._turn = 0
        self.port = free_port()
        self.delay_s = 0.0
        self._cut = False
        self._halve = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._taken, HOST, self.port)

    async def close(self) -> None:
        """Listen no longer, and drop everything."""
        if self._server is not None:
            self._server.close()
        self.reset()
        await ended(self._tasks)

    def reset(self) -> None:
        """Reset every connection; new ones are taken."""
        for end in list(self._ends):
            _abort(end)

    def cut(self) -> None:
        """Reset every connection and take no new one until `heal`."""
        self._cut = True
        self.reset()

    def hang(self) -> None:
        """Let nothing through in either direction, and tell nobody, until `heal`."""
        self._flows.clear()

    def halve(self) -> None:
        """Let half of the next piece through and then reset: the rest of the word never arrives."""
        self._halve = True

    def heal(self) -> None:
        """All is as it should be."""
        self._cut = self._halve = False
        self.delay_s = 0.0
        self._flows.set()

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: the server would report one that was cancelled as an error.
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            if not self._cut:
                await self._join(reader, writer)
        finally:
            _abort(writer)
            self._ends.discard(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = await self._far()
        if far is None:
            return
        far_reader, far_writer = far
        self._ends.add(far_writer)
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer)),
            asyncio.create_task(self._pump(far_reader, writer)),
        ]
        try:
            # A farewell of one side ends both: none of the protocols here closes one direction only.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            with contextlib.suppress(OSError):
                far_writer.close()
            with contextlib.suppress(OSError):
                writer.close()
            self._ends.discard(far_writer)

    async def _far(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        for n in range(len(self.to)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(HOST, self.to[(self._turn + n) % len(self.to)])
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self._halve:
                    self._halve = False
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    self.reset()
                    return
                writer.write(data)
                await writer.drain()


def _abort(end: asyncio.StreamWriter) -> None:
    if not end.transport.is_closing():
        link = end.get_extra_info("socket")
        with contextlib.suppress(OSError):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        end.transport.abort()
