"""How each part of the local stack stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.local import ports, processes
from deploy.local.processes import Process
from deploy.local.running import RunningService
from deploy.local.servers import OwnServers
from deploy.local.settings import LocalSettings


@dataclass(frozen=True, slots=True)
class Part:
    """How one part of the stack stands.

    Attributes:
        name: Its name.
        address: Where it answers.
        state: `ready`, `stopped`, `configured`, or what keeps it from being ready.
        pid: Its process, where it is ours and runs.
        memory_mb: Memory of that process, in MiB.
    """

    name: str
    address: str
    state: str
    pid: int | None = None
    memory_mb: int | None = None


def status(settings: LocalSettings, own: OwnServers, running: Sequence[RunningService]) -> list[Part]:
    """How the servers and these services stand now."""
    address = f"{ports.HOST}:{settings.postgres_port}"
    configured = "DATABASE_URL" if settings.database_url else None
    parts = [
        _server(
            "Kafka", settings.kafka_bootstrap_servers, own.kafka.bootstrap, own.kafka.process, own.kafka.ready
        ),
        _server("PostgreSQL", configured, address, own.postgres.process, own.postgres.ready),
        _server("mail", None, own.mail.address, own.mail.process, own.mail.ready),
    ]
    for each in running:
        process = each.process
        state = (each.not_ready() or "ready") if process else "stopped"
        parts.append(_part(each.service.name, each.service.url, state, process))
    return parts


def _server(
    name: str, configured: str | None, address: str, process: Process | None, ready: Callable[[], bool]
) -> Part:
    if configured:
        return Part(name, configured, "configured")
    if process is None:
        return Part(name, address, "stopped")
    return _part(name, address, "ready" if ready() else "not ready", process)


def _part(name: str, address: str, state: str, process: Process | None) -> Part:
    if process is None:
        return Part(name, address, state)
    return Part(name, address, state, process.pid, processes.memory_mb(process))
