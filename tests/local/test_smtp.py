"""The local mail server keeps what it takes, and takes nothing it cannot keep."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local import ports, processes
from deploy.local.smtp import LARGEST


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """The server as a process: its port, and the folder where it keeps mail."""
    port, mail = ports.free_port(), tmp_path / "mail"
    told = {"SMTP_HOST": ports.HOST, "SMTP_PORT": str(port), "MAIL_FOLDER": str(mail)}
    process = processes.start(
        [sys.executable, "-m", "deploy.local.smtp"], log=tmp_path / "log", environment={**os.environ, **told}
    )
    processes.wait_ready("mail", process, lambda: ports.answers(port), log=tmp_path / "log", patience=20)
    yield port, mail
    processes.ask(process)
    assert processes.ended(process, 10), "it goes when asked"


def letter(text: str) -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "van@voorbeeld.nl", "aan@voorbeeld.nl", "Uw plek"
    message.set_content(text)
    return message


async def test_every_message_is_on_disk_by_the_time_it_is_acknowledged(server: tuple[int, Path]) -> None:
    port, mail = server
    for number in range(3):
        await aiosmtplib.send(letter(f"Brief {number}, één plek"), hostname=ports.HOST, port=port)
        assert len(list(mail.glob("*.eml"))) == number + 1
    kept = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(mail.glob("*.eml"))
    ]
    assert [message.get_content().strip() for message in kept] == [f"Brief {n}, één plek" for n in range(3)]
    assert {message["X-Envelope-To"] for message in kept} == {"aan@voorbeeld.nl"}


async def test_many_at_once_are_all_kept(server: tuple[int, Path]) -> None:
    port, mail = server
    sends = (aiosmtplib.send(letter("dezelfde tekst"), hostname=ports.HOST, port=port) for _ in range(20))
    await asyncio.gather(*sends)
    assert len(list(mail.glob("*.eml"))) == 20


async def test_one_that_is_too_large_is_refused_and_not_kept(server: tuple[int, Path]) -> None:
    port, mail = server
    with pytest.raises(aiosmtplib.SMTPException):
        await aiosmtplib.send(letter("x" * LARGEST), hostname=ports.HOST, port=port)
    assert list(mail.glob("*")) == []
