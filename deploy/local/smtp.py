"""A mail server for one machine: it takes every message and keeps it as a file; it sends nothing on.

`python -m deploy.local.smtp` listens on SMTP_HOST and SMTP_PORT and keeps messages in MAIL_FOLDER.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 1024 * 1024
"""Bytes of the largest message taken."""


class Keeper:
    """Keeps each message that the server takes as a file of its own.

    A message is answered only when it is on disk, as a real server would, so that what the sender
    believes to be delivered can be found.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message; the name is aiosmtpd's."""
        content = envelope.original_content or b""
        self._taken += 1
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{stamp}-{self._taken:06d}-{hashlib.sha256(content).hexdigest()[:12]}.eml"
        # What the envelope says may differ from the headers; it is what a server delivers by.
        receipt = (
            f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        )
        await asyncio.to_thread(_keep, self._folder / name, receipt.encode() + content)
        return "250 Message kept"


def _keep(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


async def serve(folder: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; `folder` must be there."""
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, data_size_limit=LARGEST, hostname="localhost", ident="werkbedrijf"), host, port
    )
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    print(f"taking mail on {host}:{port}, keeping it in {folder}", flush=True)
    await ended.wait()
    server.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 5)


def main() -> None:
    """Serve as the environment says."""
    folder = Path(os.environ.get("MAIL_FOLDER", "var/mail"))
    # Letters name people, invented or not: they are for the account that runs this.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = os.environ.get("SMTP_HOST", "127.0.0.1")
    asyncio.run(serve(folder, host, int(os.environ.get("SMTP_PORT", "11025"))))


if __name__ == "__main__":
    main()
