"""Settings of the quota service, beside those of every service."""

from __future__ import annotations

from pydantic import Field

from shared.messaging.settings import Settings


class QuotaSettings(Settings):
    """What the ledger must be told."""

    operator: str = "gemeente-emmen"
    """The partner whose ledger it is; its municipalities are in the registry."""
    http_port: int = Field(18103, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
