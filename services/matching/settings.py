"""Settings of the matching service, beside those of every service."""

from __future__ import annotations

from pydantic import Field

from shared.messaging.settings import Settings


class MatchingSettings(Settings):
    """What matching must be told."""

    operator: str = "menso"
    """The partner that runs it; for which municipalities is in the registry."""
    http_port: int = Field(18102, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
