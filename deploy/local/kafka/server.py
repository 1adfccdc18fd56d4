"""One Kafka node: broker and controller in one process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import ports, processes
from deploy.local.faults import LocalFault
from deploy.local.kafka.java import Java

CLUSTER_ID = "d2Vya2JlZHJpamYtbG9rYQ"
LOG_SETTINGS = Path(__file__).parent / "log4j2.xml"

SETTINGS: Mapping[str, str] = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.num.partitions": "2",
    # A broker that was killed may come back only when its old session has run out.
    "broker.heartbeat.interval.ms": "1000",
    "broker.session.timeout.ms": "5000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(4 * 1024 * 1024),
}
"""What makes a broker fit for one machine; nothing in it weakens what is promised about records."""


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A Kafka node with its own folder and ports; several of them with one `voters` make a cluster.

    The object holds no state: made again with the same arguments it finds the process that runs.

    Attributes:
        folder: Its data, settings and pid file.
        port: Where clients connect, on 127.0.0.1.
        controller_port: Where controllers talk among each other.
        jars: Folder of the broker's jars (`ensure_jars`).
        java: What runs it.
        log: File for its output.
        node: Its number in the cluster.
        voters: Controllers of the cluster as `1@127.0.0.1:19093`; by default itself alone.
        settings: Broker properties beside or instead of `SETTINGS`.
        heap_mb: Heap, in MiB.
        environment: Environment of the process; by default ours.
        with_parent: Whether it ends with the process that started it (for tests).
        variable: The setting by which a user moves it to another port.
    """

    folder: Path
    port: int
    controller_port: int
    jars: Path
    java: Java
    log: Path
    node: int = 1
    voters: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    heap_mb: int = 384
    environment: Mapping[str, str] | None = None
    with_parent: bool = False
    variable: str = "WERKBEDRIJF_KAFKA_PORT"

    @property
    def bootstrap(self) -> str:
        """Address for clients."""
        return f"{ports.HOST}:{self.port}"

    @property
    def process(self) -> processes.Process | None:
        """The process if it runs."""
        found = self._pid_file.read()
        return found[0] if found else None

    def start(self) -> processes.Process:
        """Start it, on a formatted folder or an empty one; a node that runs is left alone.

        Raises:
            LocalFault: A port is held, or the folder is not one it can use.
        """
        if running := self.process:
            return running
        ports.require_free(self.port, "Kafka", self.variable)
        ports.require_free(self.controller_port, "Kafka's controller", "WERKBEDRIJF_KAFKA_CONTROLLER_PORT")
        self._check_folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._data.exists():
            self._format()
        self._properties.write_text(self._settings(self._data), encoding="utf-8")
        argv = [*self._java(self.heap_mb), "kafka.Kafka", str(self._properties)]
        process = processes.start(
            processes.with_parent(argv) if self.with_parent else argv,
            log=self.log,
            environment=self.environment,
        )
        self._pid_file.write(process)
        return process

    def wait_ready(self, process: processes.Process, patience: float = 60.0) -> None:
        """Wait until it serves clients.

        Args:
            process: What `start` returned.
            patience: Seconds.

        Raises:
            LocalFault: It is not there within `patience` seconds.
        """
        processes.wait_ready("Kafka", process, self.ready, log=self.log, patience=patience)

    def ready(self) -> bool:
        """Whether it answers a request for metadata with at least one live broker."""
        return answers_metadata(ports.HOST, self.port)

    def stop(self, patience: float = 30.0) -> None:
        """Stop it politely, and by force after `patience` seconds."""
        if process := self.process:
            processes.ask(process)
            processes.ended(process, patience)
        self._pid_file.forget()

    def kill(self) -> None:
        """End it as a power cut would."""
        if process := self.process:
            processes.kill(process)
        self._pid_file.forget()

    def signal(self, what: signal.Signals) -> None:
        """Send it a signal: SIGSTOP and SIGCONT make a broker that hangs."""
        if process := self.process:
            os.kill(process.pid, what)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _pid_file(self) -> processes.PidFile:
        return processes.PidFile(self.folder / "kafka.pid")

    def _java(self, heap_mb: int) -> list[str]:
        return [
            str(self.java.program),
            f"-Xmx{heap_mb}m",
            # It lives for minutes on few processors: the second compiler would take a good part of them all
            # that time, and the collector for large heaps has nothing to win (docs/measurements.md).
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={LOG_SETTINGS}",
            "-cp",
            f"{self.jars}/*",
        ]

    def _check_folder(self) -> None:
        meta = self._data / "meta.properties"
        if not self._data.exists():
            return
        way_out = f"Move {self._data} away, or empty everything with `make clean`."
        if not meta.exists():
            raise LocalFault(f"Kafka's folder {self._data} is there but was never wholly formatted", way_out)
        known = dict(
            line.split("=", 1) for line in meta.read_text(encoding="utf-8").splitlines() if "=" in line
        )
        if (known.get("cluster.id"), known.get("node.id")) != (CLUSTER_ID, str(self.node)):
            raise LocalFault(
                f"Kafka's folder {self._data} belongs to node {known.get('node.id')} "
                f"of cluster {known.get('cluster.id')}, not to this one",
                way_out,
            )

    def _format(self) -> None:
        # Beside its place and moved there when whole: a start that is cut off leaves nothing half-formatted.
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._properties.write_text(self._settings(fresh), encoding="utf-8")
        tool = [*self._java(64), "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID]
        done = subprocess.run(
            [*tool, "-c", str(self._properties)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            cause = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            raise LocalFault(f"Kafka's folder could not be formatted: {cause}", f"See {self._properties}.")
        fresh.rename(self._data)

    def _settings(self, data: Path) -> str:
        itself = f"{self.node}@{ports.HOST}:{self.controller_port}"
        nodes = len(self.voters or (itself,))
        replicas = {
            "offsets.topic.replication.factor": str(nodes),
            "transaction.state.log.replication.factor": str(nodes),
            "transaction.state.log.min.isr": str(min(2, nodes)),
            "share.coordinator.state.topic.replication.factor": str(nodes),
            "share.coordinator.state.topic.min.isr": str(min(2, nodes)),
        }
        listeners = f"PLAINTEXT://{self.bootstrap},CONTROLLER://{ports.HOST}:{self.controller_port}"
        own = {
            "process.roles": "broker,controller",
            "node.id": str(self.node),
            "controller.quorum.voters": ",".join(self.voters or (itself,)),
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(data),
        }
        settings = {**own, **SETTINGS, **replicas, **self.settings}
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def answers_metadata(host: str, port: int) -> bool:
    """Whether a broker answers a request for metadata with at least one live broker.

    Asked by hand, since it must work within a running event loop and without one; a port that opens is
    not enough, for the listener opens a moment before the broker may serve.
    """
    # Metadata, version 1, for no topic; the answer begins with its size, our number, and how many brokers.
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)
    try:
        with socket.create_connection((host, port), timeout=2) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            answer = link.recv(12, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0  # noqa: PLR2004
