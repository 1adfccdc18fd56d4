"""Every choice of the local stack, with its unit; each is an environment variable of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

Clock = Literal["wall", "scenario"]


class LocalSettings(BaseSettings):
    """Where the local stack lives and listens; variables `WERKBEDRIJF_<NAME>` unless an alias says so."""

    model_config = SettingsConfigDict(env_prefix="WERKBEDRIJF_", frozen=True, populate_by_name=True)

    var: Path = ROOT / "var"
    """All that the stack writes: data, logs, secrets, downloads."""

    partners: Path = ROOT / "deploy" / "partners"
    """Folder of the partner files, one a partner."""

    kafka_bootstrap_servers: str | None = Field(None, alias="KAFKA_BOOTSTRAP_SERVERS")
    """A broker of your own, `host:port,...`; used instead of a local one."""

    database_url: str | None = Field(None, alias="DATABASE_URL")
    """A PostgreSQL of your own, of a role that may create databases; used instead of a local one."""

    topic_prefix: str = Field("werkbedrijf", alias="TOPIC_PREFIX", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """First part of every topic and, with underscores, of every database."""

    kafka_port: int = 19092
    kafka_controller_port: int = 19093
    kafka_heap_mb: int = 384
    """Heap of the broker, in MiB."""

    postgres_port: int = 15432
    smtp_port: int = 11025
    intake_port: int = 18101
    matching_port: int = 18102
    quota_port: int = 18103
    notifications_port: int = 18104

    service_host: str = "127.0.0.1"
    """Where commands reach a service; `{name}` stands for its name, as among containers."""

    patience_s: float = 60.0
    """Seconds within which each part must be ready."""

    @property
    def home(self) -> Path:
        """`var` by its real, absolute path: processes of the stack are told apart by it."""
        return self.var.resolve()

    def log(self, name: str) -> Path:
        """The log of one part of the stack."""
        return self.home / "log" / f"{name}.log"
