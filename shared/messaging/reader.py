"""The log read in a process of its own, beside the one that processes it.

Fetching and merging take a tenth of a rebuild's Python, and a second processor can do that. What is read
goes through a pipe, which holds little: the reader waits when the other is slower.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import marshal
import os
import signal
import struct
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import astuple
from itertools import starmap
from typing import Any, BinaryIO, Final

import orjson

from shared.messaging.log import Log
from shared.messaging.service import Record

_FRAME: Final = 500
"""Records handed over at a time."""
_SIZE: Final = struct.Struct("!I")
_PATIENCE_S: Final = 5.0
"""How long a reader that is told to end may take."""


class LogUnread(Exception):  # noqa: N818 - the outcome of reading
    """The log could not be read to its end; the message says why."""


@contextlib.asynccontextmanager
async def reading(log: Log) -> AsyncIterator[AsyncIterator[list[Record]]]:
    """The log in pieces, in order of the broker's time; the process that reads it ends with the block.

    Raises:
        LogUnread: from the pieces, when that process could not read on or was ended before it was done.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "shared.messaging.reader", orjson.dumps(astuple(log)).decode()),
        # It ends when this does, however that ends: nothing is ever written there.
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield _pieces(process)
    finally:
        await _end(process)


async def _pieces(process: Process) -> AsyncIterator[list[Record]]:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    while True:
        try:
            (size,) = _SIZE.unpack(await process.stdout.readexactly(_SIZE.size))
            found = marshal.loads(await process.stdout.readexactly(size))  # noqa: S302 - our own process
        except asyncio.IncompleteReadError:
            raise LogUnread(_how(await process.wait())) from None
        if found is None:
            return
        if isinstance(found, str):
            raise LogUnread(f"the log could not be read to its end: {found}")
        yield list(starmap(Record, found))


async def _end(process: Process) -> None:
    """End it, if it has not ended by itself; what it had written goes unread, and the pipes are closed."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def _how(code: int) -> str:
    said = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"the process that reads the log {said} before it was done"


async def _read(log: Log, to: BinaryIO) -> None:
    """Read the log and hand it over: pieces, and at last None, or what went wrong."""
    try:
        async for piece in log.pieces():
            for start in range(0, len(piece), _FRAME):
                _hand_over(to, [_plain(record) for record in piece[start : start + _FRAME]])
        _hand_over(to, None)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - who waits for the log must hear of it, whatever it is
        _hand_over(to, f"{type(error).__name__}: {error}")


def _hand_over(to: BinaryIO, found: Any) -> None:
    """Write it, waiting while the other has not read what came before."""
    frame = marshal.dumps(found)
    to.write(_SIZE.pack(len(frame)) + frame)
    to.flush()


def _plain(record: Record) -> tuple[Any, ...]:
    return record.topic, record.value, record.key, record.partition, record.offset, record.timestamp_ms


def _ends_with_its_reader() -> None:
    """End this process when the one that it reads for is gone, and with it the other end of the pipe."""

    def wait() -> None:
        # Not through `sys.stdin`, whose lock would stand in the way of the end.
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """The process itself; its one argument is the log."""
    # Ctrl-C goes to both. The other ends this one, so that there is one message and not two.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _ends_with_its_reader()
    # All that is made here is handed over and done with; there is nothing circular to search for.
    gc.disable()
    bootstrap, prefix, operator, streams, own = orjson.loads(sys.argv[1])
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(_read(Log(bootstrap, prefix, operator, tuple(streams), tuple(own)), sys.stdout.buffer))


if __name__ == "__main__":
    main()
