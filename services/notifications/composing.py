"""A letter as the e-mail that travels, the same bytes each time.

Headers are the email package's work, and so are the encodings; but it parses each header it is given and
counts each character, 1.5 ms a message, which was the largest part of sending one. So what is the same in
every message of a subject is made once, and what is put between is ASCII that was checked.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from services.notifications.letters import Letter
from services.notifications.mail import Mail, MailServer

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}"
)
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,50}")
"""Of a message; it is part of a header and of the boundary."""


def compose(letter: Letter, *, notification: str, to: str, at: datetime, server: MailServer) -> Mail | None:
    """The message as it travels; None when the address is none.

    Args:
        notification: its id.
        at: moment in its Date.

    Raises:
        ValueError: the id is none.
    """
    if _ADDRESS.fullmatch(to) is None:
        return None
    if _ID.fullmatch(notification) is None:
        raise ValueError("not the id of a message")
    boundary = f"werkbedrijf-{notification}"
    own = (
        f"To: {to}\r\nDate: {format_datetime(at)}\r\n"
        # Derived, so that a mail server or a reader that gets it twice after all can tell.
        f"Message-ID: <{notification}@{server.domain}>\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    )
    line = b"--" + boundary.encode("ascii")
    content = b"".join(
        [
            _common(letter.subject, server.sender, server.sender_name),
            own.encode("ascii"),
            line + b"\r\n",
            _part("plain", letter.text),
            line + b"\r\n",
            _part("html", letter.html),
            line + b"--\r\n",
        ]
    )
    return Mail(to, content)


@lru_cache(maxsize=256)
def _common(subject: str, sender: str, sender_name: str) -> bytes:
    """Headers that are the same in each message of a subject."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(sender_name, addr_spec=sender)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    message["Content-Language"] = "nl"
    return message.as_bytes().removesuffix(b"\r\n")


def _part(subtype: str, text: str) -> bytes:
    body = b2a_qp("\r\n".join(text.splitlines()).encode() + b"\r\n", istext=True)
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'.encode("ascii")
        + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        + body
        + b"\r\n"
    )
