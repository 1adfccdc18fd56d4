"""Real servers for tests, started when first asked: configured ones, containers, or the local stack's own.

TEST_SERVERS=configured|containers|local decides; by default the first of these that is at hand.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import struct
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from deploy.local import processes
from deploy.local.kafka import KafkaServer, ensure_jars
from deploy.local.kafka.server import answers_metadata
from deploy.local.ports import free_port
from deploy.local.postgres import PostgresServer
from deploy.local.progress import Steps
from deploy.local.servers import ensure_java
from deploy.local.settings import LocalSettings

KAFKA_IMAGE: Final = os.environ.get("TEST_KAFKA_IMAGE", "apache/kafka:4.3.1")
POSTGRES_IMAGE: Final = os.environ.get("TEST_POSTGRES_IMAGE", "postgres:18")

FAST_KAFKA: Final[Mapping[str, str]] = {
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "log.segment.bytes": str(16 * 1024 * 1024),
    # Indexes are allocated whole: a thousand small topics would take gigabytes.
    "log.index.size.max.bytes": str(256 * 1024),
    "offsets.topic.segment.bytes": str(4 * 1024 * 1024),
    "log.cleaner.backoff.ms": "60000",
    "controlled.shutdown.enable": "false",
}
"""What makes a broker for tests quick to start and stop; what is promised of records stays the same."""


class Source(StrEnum):
    """Where a test's servers come from."""

    CONFIGURED = "configured"
    CONTAINERS = "containers"
    LOCAL = "local"


def source(variable: str) -> Source:
    """Where the server comes from whose address `variable` may hold."""
    forced = os.environ.get("TEST_SERVERS", "")
    if forced:
        return Source(forced)
    if os.environ.get(variable):
        return Source.CONFIGURED
    return Source.CONTAINERS if docker_answers() else Source.LOCAL


def docker_answers() -> bool:
    """Whether a Docker engine answers; asked at every start, so without the client library."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    scheme, _, rest = host.partition("://")
    try:
        if scheme == "unix":
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(2)
            link.connect(rest)
        else:
            name, _, port = rest.strip("/").rpartition(":")
            link = socket.create_connection((name, int(port)), timeout=2)
        with link:
            link.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return b"200" in link.recv(64)
    except (OSError, ValueError):
        return False


def header() -> str:
    """Which servers the tests will use, for the top of the report."""
    kafka, postgres = source("KAFKA_BOOTSTRAP_SERVERS"), source("DATABASE_URL")
    shown = {
        Source.CONFIGURED: "configured",
        Source.CONTAINERS: "in a container",
        Source.LOCAL: "the local stack's own",
    }
    return f"servers: Kafka {shown[kafka]}, PostgreSQL {shown[postgres]} (started when a test asks)"


@contextlib.contextmanager
def kafka_for_tests() -> Iterator[str]:
    """A broker for this run, as `bootstrap`."""
    match source("KAFKA_BOOTSTRAP_SERVERS"):
        case Source.CONFIGURED:
            yield os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        case Source.CONTAINERS:
            with kafka_container() as bootstrap:
                yield bootstrap
        case Source.LOCAL:
            with own_folder("kafka") as folder, kafka_node(folder, settings=FAST_KAFKA) as node:
                yield node.bootstrap


@contextlib.contextmanager
def postgres_for_tests() -> Iterator[str]:
    """A PostgreSQL for this run, as the address of a database from which others can be created."""
    match source("DATABASE_URL"):
        case Source.CONFIGURED:
            yield os.environ["DATABASE_URL"]
        case Source.CONTAINERS:
            with postgres_container() as dsn:
                yield dsn
        case Source.LOCAL:
            with own_folder("postgres") as folder, postgres_server(folder, fsync=False) as server:
                yield server.dsn


@contextlib.contextmanager
def kafka_node(folder: Path, **options: Any) -> Iterator[KafkaServer]:
    """A broker of a test's own, ready; it can be stopped, killed and started again by its methods.

    Args:
        folder: An empty folder, or one of an earlier node.
        options: Arguments of `KafkaServer`, for example `settings`, or `node` and `voters` of a cluster.
    """
    server = make_kafka_node(folder, **options)
    try:
        server.wait_ready(server.start())
        yield server
    finally:
        server.signal(signal.SIGCONT)
        server.stop(patience=10)


def make_kafka_node(folder: Path, **options: Any) -> KafkaServer:
    """A broker that is not started yet: several with the same `voters` are started together."""
    settings = LocalSettings()
    with Steps(Console(stderr=True)) as steps:
        java = ensure_java(settings, steps)
        jars = ensure_jars(
            settings.home / "kafka" / "lib",
            java,
            settings.log("maven"),
            lambda what: steps.doing("Kafka", what),
        )
    ports: dict[str, Any] = {
        name: options.pop(name, None) or free_port() for name in ("port", "controller_port")
    }
    defaults: dict[str, Any] = {"log": folder / "kafka.log", "with_parent": True, "heap_mb": 256}
    return KafkaServer(folder=folder, jars=jars, java=java, **ports, **{**defaults, **options})


@contextlib.contextmanager
def postgres_server(folder: Path, **options: Any) -> Iterator[PostgresServer]:
    """A PostgreSQL of a test's own, ready; it can be stopped, killed and started again by its methods.

    Args:
        folder: An empty folder, or one of an earlier server.
        options: Arguments of `PostgresServer`; `fsync=True`, the default, where a test asks what survives.
    """
    port = options.pop("port", None) or free_port()
    defaults: dict[str, Any] = {"log": folder / "postgres.log", "with_parent": True, "password": False}
    server = PostgresServer(folder, port, **{**defaults, **options})
    try:
        server.wait_ready(server.start())
        yield server
    finally:
        server.stop(patience=10)


@contextlib.contextmanager
def kafka_container() -> Iterator[str]:
    """A broker in a container; its port is chosen before, since a broker tells clients its own address."""
    # Only here: the client library is slow to load and most runs do without it.
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415
    from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415

    port, host = free_port(), DockerClient().host()
    settings = {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": "1@localhost:9093",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "auto.create.topics.enable": "false",
        **FAST_KAFKA,
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in settings.items():
        container = container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", value)
    with container:
        if not processes.until(lambda: answers_metadata(host, port), 90):
            raise RuntimeError(f"{KAFKA_IMAGE} is not ready: {container.get_logs()[0][-500:]!r}")
        yield f"{host}:{port}"


@contextlib.contextmanager
def postgres_container() -> Iterator[str]:
    """A PostgreSQL in a container."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415

    fast = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    secret = secrets.token_hex(16)
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_PASSWORD", secret)
        .with_exposed_ports(5432)
        .with_command(fast)
    )
    with container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(5432))
        if not processes.until(lambda: _answers_postgres(host, port), 90):
            raise RuntimeError(f"{POSTGRES_IMAGE} is not ready: {container.get_logs()[1][-500:]!r}")
        yield f"postgresql://postgres:{secret}@{host}:{port}/postgres"


def _answers_postgres(host: str, port: int) -> bool:
    """Whether a server answers the question for TLS; Docker's own proxy accepts connections long before."""
    try:
        with socket.create_connection((host, port), timeout=2) as link:
            link.sendall(struct.pack(">ii", 8, 80877103))
            return link.recv(1) in {b"N", b"S"}
    except OSError:
        return False


@contextlib.contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder for one server of this run, removed at the end; what killed runs have left goes too."""
    base = LocalSettings().home / "tests"
    base.mkdir(parents=True, exist_ok=True)
    for left in base.iterdir():
        pid = left.name.partition("-")[0]
        if not pid.isdigit() or processes.identify(int(pid)) is None:
            shutil.rmtree(left, ignore_errors=True)
    folder = base / f"{os.getpid()}-{name}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
