"""Hands e-mail to a mail server; tells apart what was refused, what may be repeated and what is unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import aiosmtplib

from services.notifications.rules.sending import Failed, Later, Sent, Verdict
from shared.contracts import FailureCode

_TIMEOUT_S: Final = 20.0
_ACCEPTED: Final = 2
_NOT_NOW: Final = 4
_NEVER: Final = 5
_CLOSING: Final = 421
"""The service is not available, whatever the message (RFC 5321, 4.2.2)."""


class Encryption(StrEnum):
    """How the line to the mail server is protected."""

    NONE = "none"
    IF_OFFERED = "if-offered"
    REQUIRED = "required"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over.

    Attributes:
        sender: address in From; people may answer to it.
        sender_name: the name that goes with it.
    """

    host: str
    port: int
    sender: str
    sender_name: str
    encryption: Encryption = Encryption.IF_OFFERED
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def domain(self) -> str:
        """Domain of the sender's address."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, ready to go."""

    to: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of handing over.

    Attributes:
        reply: the server's last answer, by number alone: its words may repeat the address.
        away: the server takes nothing from anybody at the moment, so that the next message need not be tried.
    """

    verdict: Verdict
    reply: int | None = None
    away: bool = False


class Mailer:
    """Connections to one mail server, kept until `rest`."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._idle: list[aiosmtplib.SMTP] = []

    async def deliver(self, mail: Mail, hand_over: Callable[[], Awaitable[None]]) -> Delivery:
        """Hand one message over.

        Args:
            hand_over: called when the server has taken the address and before it gets the message;
                from then on an answer that stays away means that the outcome is unknown.
        """
        while True:
            kept = bool(self._idle)
            try:
                client = self._idle.pop() if kept else await self._connected()
            except (aiosmtplib.SMTPException, OSError) as error:
                return Delivery(Later(FailureCode.PROVIDER_UNREACHABLE), _code(error), away=True)
            try:
                await client.mail(self._server.sender)
                await client.rcpt(mail.to)
            except (aiosmtplib.SMTPException, OSError) as error:
                await self._keep_if_it_answers(client, _code(error))
                if kept and _code(error) in {None, _CLOSING}:
                    continue  # the server had done with an idle line; nothing was handed over
                return _refused(error)
            try:
                await hand_over()
            except BaseException:
                client.close()
                raise
            return await self._data(client, mail.content)

    async def rest(self) -> None:
        """Hang up; there is nothing to send for the moment."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    async def _data(self, client: aiosmtplib.SMTP, content: bytes) -> Delivery:
        try:
            reply = await client.data(content)
        except aiosmtplib.SMTPDataError as error:
            await self._keep_if_it_answers(client, error.code)
            return Delivery(_after_data(error.code), error.code)
        except (aiosmtplib.SMTPException, OSError):
            client.close()
            return Delivery(Failed(FailureCode.OUTCOME_UNKNOWN))
        except BaseException:
            client.close()
            raise
        self._idle.append(client)
        return Delivery(Sent(), reply.code)

    async def _keep_if_it_answers(self, client: aiosmtplib.SMTP, code: int | None) -> None:
        """One message was refused; the line is good for the next, unless the server is closing it."""
        if code is None or code == _CLOSING or code // 100 not in {_NOT_NOW, _NEVER}:
            client.close()
            return
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            client.close()
        else:
            self._idle.append(client)

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=_TIMEOUT_S,
            use_tls=server.encryption is Encryption.IMPLICIT,
            start_tls={Encryption.IF_OFFERED: None, Encryption.REQUIRED: True}.get(server.encryption, False),
            # Its own guess asks the name servers, which may take seconds.
            local_hostname=server.domain,
        )
        await client.connect()
        return client


def _refused(error: Exception) -> Delivery:
    """Before the message itself was handed over, so another try is safe."""
    code = _code(error)
    final = isinstance(error, aiosmtplib.SMTPRecipientRefused) and code is not None and code // 100 == _NEVER
    if final:
        return Delivery(Failed(FailureCode.ADDRESS_REFUSED), code)
    return Delivery(Later(FailureCode.PROVIDER_UNREACHABLE), code, away=code == _CLOSING)


def _after_data(code: int) -> Verdict:
    """What an answer to the message itself means; one that cannot be read is no answer."""
    meanings: dict[int, Verdict] = {
        _ACCEPTED: Sent(),
        _NOT_NOW: Later(FailureCode.PROVIDER_UNREACHABLE),
        _NEVER: Failed(FailureCode.BOUNCED),
    }
    return meanings.get(code // 100, Failed(FailureCode.OUTCOME_UNKNOWN))


def _code(error: Exception) -> int | None:
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
