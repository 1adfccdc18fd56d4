"""What notifications must be told beside what every service is told."""

from __future__ import annotations

from pydantic import Field, SecretStr

from services.notifications.mail import Encryption
from shared.messaging.settings import Settings


class NotificationsSettings(Settings):
    """Variables of notifications; those of every service are in shared/messaging/settings.py."""

    http_port: int = Field(18104, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    smtp_host: str = "127.0.0.1"
    """The mail server that takes what is sent."""
    smtp_port: int = Field(11025, ge=1, le=65535)
    """Its port."""
    smtp_encryption: Encryption = Encryption.IF_OFFERED
    """`none`, `if-offered`, `required` (STARTTLS) or `implicit` (TLS from the start).

    What leaves the machine needs one of the last two.
    """
    smtp_user: str = ""
    """Account at the mail server; empty for none."""
    smtp_password: SecretStr = SecretStr("")
    """Its password."""
    smtp_connections: int = Field(4, ge=1, le=50)
    """Messages handed over at the same time at most; mail servers refuse who comes with more than a few."""
    mail_from: str = Field("loket@werkbedrijf.example", pattern=r"^[^@\s]+@[^@\s]+$")
    """Address in From; somebody must read the answers. The default is nobody's."""
    desk_name: str = "Loket Werk"
    """The desk that signs and that people can call."""
    desk_phone: str = "0591 - 00 00 00"
    """Its telephone number. The default is fictive."""
    vault_token: SecretStr = SecretStr("")
    """Bearer token that opens the vaults of guides."""
    vault_tokens: dict[str, SecretStr] = Field(default_factory=dict)
    """A token for each partner's vault, as JSON: one vault's keeper must not be able to open another's."""
