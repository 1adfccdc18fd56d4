"""A real mail server and a real vault, in the test's own process, that can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

TOKEN = "let-me-in"


class Post:
    """What the mail server does and has seen.

    Attributes:
        rcpt: answers to RCPT, used up from the front; then 250.
        data: answers to a message; None hangs up without an answer once it has the message.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.rcpt: list[str] = []
        self.data: list[str | None] = []
        self.delay_s = 0.0
        self.connections = 0
        self.port = 0
        self.transports: set[asyncio.BaseTransport] = set()

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt:
            answer = self.rcpt.pop(0)
            if answer:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay_s)
        answer = self.data.pop(0) if self.data else "250 Message kept"
        content = envelope.original_content or b""
        if answer is None or answer.startswith("2"):
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            self.taken.append((envelope.rcpt_tos[0], message))
        if answer is None:
            assert server.transport is not None
            server.transport.close()
            return "250 nobody hears this"
        return answer

    def hang_up(self) -> None:
        """Close every line that is open."""
        for transport in self.transports:
            transport.close()

    def texts(self) -> list[str]:
        """The plain part of what was taken."""
        return [plain(message) for _, message in self.taken]


def plain(message: EmailMessage) -> str:
    """The plain part of a message, with ordinary spaces."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\u00a0", " ")


class _Line(SMTP):
    """A connection that the test can cut."""

    post: Post

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.post.connections += 1
        self.post.transports.add(transport)
        super().connection_made(transport)


@contextlib.asynccontextmanager
async def post_office(post: Post | None = None) -> AsyncIterator[Post]:
    """A mail server on a free port, or on the port it had before."""
    post = post or Post()

    def line() -> _Line:
        made = _Line(post, hostname="localhost")
        made.post = post
        return made

    server = await asyncio.get_running_loop().create_server(line, "127.0.0.1", post.port)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        post.hang_up()
        server.close()


@dataclass
class Vault:
    """People, and what is asked about them.

    Attributes:
        status: what every question is answered with, when not 200.
        answers_many: whether it knows the question about many people at once.
        about_many: how many people each such question was about.
    """

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    raw: bytes | None = None
    headers: str = ""
    port: int = 0
    answers_many: bool = True
    about_many: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def know(self, participant: str, **entry: Any) -> None:
        """Enter a person that may be written to by e-mail."""
        self.people[participant] = {
            "participant": participant,
            "name": "Jan de Vries",
            "email": f"{participant}@example.org",
            "channel": "email",
            "consent": True,
            **entry,
        }

    def answer(self, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Status and body for a question, about one person or many."""
        looks = json.loads(body)["looks"] if body and self.answers_many else []
        if not looks:
            return self._about_one(path, headers)
        self.about_many.append(len(looks))
        status, answer = 200, b""
        answers = []
        for look in looks:
            one = f"{path.rpartition('/')[0]}/{look['participant']}"
            status, answer = self._about_one(one, headers | {"x-purpose": look["purpose"]})
            if status not in {200, 404, 410} or self.raw is not None:
                return status, answer
            entry = {"entry": json.loads(answer)} if status == 200 else {}
            answers.append({"participant": look["participant"], "status": status, **entry})
        return 200, json.dumps({"looks": answers}).encode()

    def _about_one(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, headers))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b"{}"
        if self.status != 200:
            return self.status, b"{}"
        if self.raw is not None:
            return 200, self.raw
        entry = self.people.get(path.rpartition("/")[2])
        return (404, b"{}") if entry is None else (200, json.dumps(entry).encode())


@contextlib.asynccontextmanager
async def vault_server(vault: Vault | None = None) -> AsyncIterator[Vault]:
    """A vault over HTTP on a free port, or on the port it had before."""
    vault = vault or Vault()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        question = await reader.readexactly(int(headers.get("content-length", "0")))
        status, body = vault.answer(first.split(" ")[1], headers, question)
        writer.write(
            f"HTTP/1.1 {status} X\r\n{vault.headers}Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", vault.port)
    vault.port = server.sockets[0].getsockname()[1]
    try:
        yield vault
    finally:
        server.close()


async def until(found: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it is not so in time.
    """
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110 - it waits for a server, which tells nobody
            await asyncio.sleep(0.01)
