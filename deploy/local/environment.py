"""What each service of the local stack is told through its environment."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local.ports import HOST
from deploy.local.settings import Clock, LocalSettings


@dataclass(frozen=True, slots=True)
class Service:
    """A service process of the stack.

    Attributes:
        name: Its name in this stack: log, pid file, database.
        port: Where its web app listens.
        module: What `python -m` runs.
        variables: What it is told beside what all are told.
        host: Where its web app is reached.
    """

    name: str
    port: int
    module: str
    variables: Mapping[str, str] = field(default_factory=dict)
    host: str = HOST

    @property
    def url(self) -> str:
        """Address of its web app."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Tokens of this stack, made at its first start.

    Attributes:
        doors: Bearer token of each partner at the door.
        vault: What notifications shows to the vault.
        ops: What the operator's command line shows to every service.
    """

    doors: Mapping[str, str]
    vault: str
    ops: str


def partner_names(settings: LocalSettings) -> tuple[str, ...]:
    """Every partner that has a partner file."""
    return tuple(sorted(path.stem for path in settings.partners.glob("*.toml")))


def secrets_of(settings: LocalSettings) -> Secrets:
    """The stack's tokens; new ones are made for what has none yet."""
    path = settings.home / "secrets.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    doors = {name: known.get("doors", {}).get(name) or _token() for name in partner_names(settings)}
    doors = {**known.get("doors", {}), **doors}
    made = Secrets(doors, known.get("vault") or _token(), known.get("ops") or _token())
    if asdict(made) != known:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")
        fresh.replace(path)
    return made


def services(settings: LocalSettings) -> tuple[Service, ...]:
    """The services of the region of Emmen, run by whom its partners agreed on."""
    told = {
        "intake": {"DOORS": ",".join(partner_names(settings))},
        "matching": {"OPERATOR": "menso"},
        "quota": {"OPERATOR": "gemeente-emmen"},
        "notifications": {
            "OPERATOR": "gemeente-emmen",
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(settings.smtp_port),
        },
    }
    port = {
        "intake": settings.intake_port,
        "matching": settings.matching_port,
        "quota": settings.quota_port,
        "notifications": settings.notifications_port,
    }
    return tuple(
        Service(name, port[name], f"services.{name}", told[name], settings.service_host.format(name=name))
        for name in told
    )


def database_of(service: Service, settings: LocalSettings) -> str:
    """Name of the database that is this service's alone."""
    return f"{settings.topic_prefix}-{service.name}".replace("-", "_")


def dsn_of(base: str, database: str) -> str:
    """The address of another database on the server that `base` addresses."""
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"/{database}"))


def variables_for(
    service: Service,
    settings: LocalSettings,
    *,
    bootstrap: str,
    base_dsn: str,
    tokens: Secrets,
    clock: Clock,
) -> dict[str, str]:
    """What one service is told, and no more: a token that is not its business is not in its environment."""
    told = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "DATABASE_URL": dsn_of(base_dsn, database_of(service, settings)),
        "TOPIC_PREFIX": settings.topic_prefix,
        # There is one process of each here: killed and started again, it goes on at once.
        "CONSUMER_INSTANCE": service.name,
        "HTTP_HOST": HOST,
        "HTTP_PORT": str(service.port),
        "PUBLIC_URL": service.url,
        "CLOCK": clock,
        "OPS_TOKEN": tokens.ops,
        **service.variables,
    }
    if service.module == "services.intake":
        ours = service.variables.get("DOORS", "").split(",")
        told["DOOR_TOKENS"] = json.dumps({name: tokens.doors[name] for name in ours if name in tokens.doors})
    if service.module in {"services.intake", "services.notifications"}:
        told["VAULT_TOKEN"] = tokens.vault
    return told


def _token() -> str:
    return secrets.token_urlsafe(32)


def mail_folder(settings: LocalSettings) -> Path:
    """Where the local mail server keeps every message it took."""
    return settings.home / "mail"
