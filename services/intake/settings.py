"""Settings of the door, beside those of every service."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.contracts import PartnerName
from shared.messaging.settings import Clock, Settings


class IntakeSettings(Settings):
    """What the door must be told."""

    http_port: int = Field(18101, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    doors: Annotated[tuple[PartnerName, ...], NoDecode] = Field(min_length=1)
    """Partners whose door this process is, comma between; their inboxes are read here and nowhere else."""
    door_tokens: dict[PartnerName, SecretStr] = Field(default_factory=dict)
    """Bearer token of each of these partners, as JSON; a partner without one can use its inbox topic only."""
    vault_token: SecretStr = SecretStr("")
    """Bearer token with which notifications asks for names and addresses; empty closes that way."""
    door_events_per_second: float = Field(2000.0, gt=0)
    """Events that a partner may hand in over HTTP in the long run."""
    door_burst: int = Field(10_000, ge=1000)
    """Events that a partner may hand in at once; never less than one full request."""
    door_max_batch_bytes: int = Field(16 * 1024 * 1024, ge=64 * 1024)
    """Bytes of a request with many events at most, so that callers cannot fill the memory."""
    door_retry_seconds: int = Field(5, ge=1)
    """After how many seconds a caller is asked to come back when the database is away."""
    ahead_seconds: int | None = Field(None, ge=0)
    """How far an event's time may lie ahead: 5 minutes of clocks that differ, a day in a scenario."""

    @field_validator("doors", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _tokens_of_own_doors(self) -> Self:
        strangers = sorted(set(self.door_tokens) - set(self.doors))
        if strangers:
            raise ValueError(f"door_tokens has {', '.join(strangers)}, whose door this is not")
        given = [token.get_secret_value() for token in (*self.door_tokens.values(), self.vault_token)]
        used = [token for token in given if token]
        if len(set(used)) != len(used):
            raise ValueError("two callers have the same token: who is calling could not be told")
        return self

    @property
    def ahead(self) -> timedelta:
        """How far an event's time may lie ahead of now."""
        if self.ahead_seconds is not None:
            return timedelta(seconds=self.ahead_seconds)
        return timedelta(days=1) if self.clock is Clock.SCENARIO else timedelta(minutes=5)
