"""Settings that every service has; each comes from an environment variable of the same name."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Clock(StrEnum):
    """Where the time comes from."""

    WALL = "wall"
    SCENARIO = "scenario"


class Settings(BaseSettings):
    """What a service must be told; the rest has a default that loses nothing."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    """Brokers to begin with, `host:port`, comma between them."""
    topic_prefix: str = "werkbedrijf"
    """First part of every topic's name and of the consumer group's."""
    database_url: SecretStr
    """This service's own database, `postgresql://user:password@host:port/name`."""
    database_pool_size: int = Field(4, ge=2, le=50)
    """Connections at most for batches, and as many for questions; the relay has one more of its own."""
    operator: str = ""
    """The partner in whose name the service speaks, as the registry names it."""
    consumer_group: str = ""
    """Consumer group; empty makes it of prefix, service and operator."""
    consumer_instance: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """Name of this process in its group, the same at every start and no other's; empty for none. With one,
    a process that was killed goes on as soon as it is started again; without, when the session of the one
    before has run out. Two processes with one name take the partitions from each other without end."""
    migrate_at_start: bool = True
    """Apply new migrations at start; switch off where another account may change tables."""
    http_host: str = "127.0.0.1"
    """Address to listen on; a container sets 0.0.0.0."""
    http_port: int = Field(0, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    public_url: str = ""
    """How others reach this service, without a slash at the end."""
    ops_token: SecretStr = SecretStr("")
    """Bearer token for /ops; empty closes it."""
    clock: Clock = Clock.WALL
    """`wall` ticks by itself; `scenario` takes its ticks from the registry topic."""
    tick_seconds: int = Field(60, ge=1)
    """Seconds between two ticks of the wall clock; deadlines are counted in days."""
    wait_seconds: float = Field(60.0, gt=0)
    """How long to wait at start for Kafka and PostgreSQL before giving up with exit code 1."""
    session_timeout_seconds: float = Field(30.0, ge=1)
    """After how many seconds of silence Kafka gives this instance's partitions to another."""
    poll_stale_seconds: float = Field(60.0, gt=0)
    """After how many seconds without an answer of Kafka the service is no longer ready."""
    log_level: str = "INFO"
    """Least severe level that is logged."""
