"""The local stack's Kafka, PostgreSQL and mail server, or the configured ones in their place."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from deploy.local import ports, processes
from deploy.local.environment import dsn_of, mail_folder
from deploy.local.faults import LocalFault
from deploy.local.kafka import KafkaServer, ensure_jars, find_java
from deploy.local.kafka.jars import has_jars, require_maven
from deploy.local.kafka.java import Java, fetch_java, own_java
from deploy.local.postgres import PostgresServer
from deploy.local.processes import MARK, PidFile, Process
from deploy.local.progress import Steps
from deploy.local.settings import ROOT, LocalSettings


def base_environment(settings: LocalSettings) -> dict[str, str]:
    """What every process of the stack has in its environment: ours, and the mark by which `down` finds it."""
    return {**os.environ, MARK: str(settings.home), "PYTHONUNBUFFERED": "1"}


def kafka_server(settings: LocalSettings, java: Java) -> KafkaServer:
    """The stack's own broker."""
    return KafkaServer(
        folder=settings.home / "kafka",
        port=settings.kafka_port,
        controller_port=settings.kafka_controller_port,
        jars=settings.home / "kafka" / "lib",
        java=java,
        log=settings.log("kafka"),
        heap_mb=settings.kafka_heap_mb,
        environment=base_environment(settings),
    )


def postgres_server(settings: LocalSettings) -> PostgresServer:
    """The stack's own database server."""
    return PostgresServer(settings.home / "postgres", settings.postgres_port, settings.log("postgres"))


def ensure_java(settings: LocalSettings, steps: Steps) -> Java:
    """A Java for the broker; one is fetched where this machine has none."""
    folder = settings.home / "tools" / "java"
    java = find_java(own=own_java(folder))
    if java is None:
        steps.doing("Kafka", "no Java here: fetching one (60 MB)")
        java = fetch_java(folder, ROOT / "requirements" / "java.txt")
    return java


def start_kafka(settings: LocalSettings, steps: Steps) -> tuple[KafkaServer, Process]:
    """Start the broker, fetching what it needs first."""
    if not has_jars(settings.home / "kafka" / "lib"):
        # Before a Java is fetched that would be of no use without it.
        require_maven()
    java = ensure_java(settings, steps)
    server = kafka_server(settings, java)
    if not server.process:
        ensure_jars(
            server.jars, java, settings.log("maven"), lambda what: steps.doing("Kafka", f"jars: {what}")
        )
    steps.doing("Kafka", f"starting on Java {java.version}")
    return server, server.start()


def start_postgres(settings: LocalSettings, steps: Steps) -> tuple[PostgresServer, Process]:
    """Start the database server."""
    server = postgres_server(settings)
    steps.doing("PostgreSQL", "starting")
    return server, server.start(lambda what: steps.doing("PostgreSQL", what))


@dataclass(frozen=True, slots=True)
class MailServer:
    """The local mail server as a process."""

    settings: LocalSettings

    @property
    def pid_file(self) -> PidFile:
        """Remembers its process."""
        return PidFile(self.settings.home / "run" / "mail.pid")

    @property
    def process(self) -> Process | None:
        """The process if it runs."""
        found = self.pid_file.read()
        return found[0] if found else None

    @property
    def address(self) -> str:
        """Where it takes mail."""
        return f"{ports.HOST}:{self.settings.smtp_port}"

    def ready(self) -> bool:
        """Whether it takes mail."""
        return ports.answers(self.settings.smtp_port)

    def start(self) -> None:
        """Start it and wait until it takes mail; one that runs is left alone."""
        if self.process:
            return
        port, log = self.settings.smtp_port, self.settings.log("mail")
        ports.require_free(port, "the mail server", "WERKBEDRIJF_SMTP_PORT")
        own = {
            "SMTP_HOST": ports.HOST,
            "SMTP_PORT": str(port),
            "MAIL_FOLDER": str(mail_folder(self.settings)),
        }
        process = processes.start(
            [sys.executable, "-m", "deploy.local.smtp"],
            log=log,
            environment={**base_environment(self.settings), **own},
        )
        self.pid_file.write(process)
        processes.wait_ready(
            "The mail server", process, self.ready, log=log, patience=self.settings.patience_s
        )


@dataclass(frozen=True, slots=True)
class OwnServers:
    """The servers that the stack may start itself, whether they run now or not."""

    mail: MailServer
    kafka: KafkaServer
    postgres: PostgresServer


def check_configured_kafka(bootstrap: str) -> None:
    """See that a configured broker can be reached.

    Raises:
        LocalFault: None of its addresses answers.
    """
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if port.isdigit() and ports.answers(int(port), host):
            return
    raise LocalFault(
        f"KAFKA_BOOTSTRAP_SERVERS={bootstrap} is set, and no broker answers there",
        "Start that broker, or unset the variable to use the local one.",
    )


async def create_databases(base_dsn: str, names: Mapping[str, str]) -> list[str]:
    """Create the databases that are not there yet.

    Args:
        base_dsn: A server, as a role that may create databases.
        names: Database for each service.

    Returns:
        Names of those created.

    Raises:
        LocalFault: The server cannot be reached or does not let us.
    """
    where = urlsplit(base_dsn)
    maintenance = base_dsn if where.path.strip("/") else dsn_of(base_dsn, "postgres")
    try:
        connection = await asyncpg.connect(maintenance, timeout=10)
        try:
            there = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
            fresh = sorted(set(names.values()) - there)
            for name in fresh:
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LocalFault(
            f"The databases could not be created on {where.hostname}:{where.port or 5432}: {error}",
            "See that it runs and that the role may create databases; unset DATABASE_URL for a local one.",
        ) from None
    return fresh
