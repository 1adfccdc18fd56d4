"""Hands e-mail to a mail server; tells apart what was refused, what may be repeated and what is unknown."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from enum import StrEnum
from typing import Final

import aiosmtplib

from services.notifications.letters import Letter
from services.notifications.rules.sending import Failed, Later, Sent, Verdict
from shared.contracts import FailureCode

_TIMEOUT_S: Final = 20.0
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}"
)
_ACCEPTED: Final = 2
_NOT_NOW: Final = 4
_NEVER: Final = 5


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
    """

    verdict: Verdict
    reply: int | None = None


def compose(letter: Letter, *, notification: str, to: str, at: datetime, server: MailServer) -> Mail | None:
    """The message as it travels, the same bytes each time; None when the address is none.

    Args:
        at: moment in its Date.
    """
    if _ADDRESS.fullmatch(to) is None:
        return None
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(server.sender_name, addr_spec=server.sender)
    message["To"] = to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    # Derived, so that a mail server or a reader that gets it twice after all can tell.
    message["Message-ID"] = f"<{notification}@{server.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    # Only now: setting content removes what was said of it before.
    message["Content-Language"] = "nl"
    message.set_boundary(f"werkbedrijf-{notification}")
    return Mail(to, message.as_bytes())


class Mailer:
    """Connections to one mail server, kept while there is work."""

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
                return Delivery(Later(FailureCode.PROVIDER_UNREACHABLE), _code(error))
            try:
                await client.mail(self._server.sender)
                await client.rcpt(mail.to)
            except (aiosmtplib.SMTPException, OSError) as error:
                client.close()
                if kept and _code(error) is None:
                    continue  # the server had hung up on an idle line; nothing was handed over
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
            client.close()
            return Delivery(_after_data(error.code), error.code)
        except (aiosmtplib.SMTPException, OSError):
            client.close()
            return Delivery(Failed(FailureCode.OUTCOME_UNKNOWN))
        except BaseException:
            client.close()
            raise
        self._idle.append(client)
        return Delivery(Sent(), reply.code)

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
    return Delivery(Later(FailureCode.PROVIDER_UNREACHABLE), code)


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
