"""The local stack as a whole: up, down, and how it stands."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local import ports, processes
from deploy.local.environment import Service, database_of, secrets_of, services, variables_for
from deploy.local.faults import LocalFault
from deploy.local.guards import alone, check_room, clock_of, settle_clock
from deploy.local.kafka.java import Java
from deploy.local.processes import Process
from deploy.local.progress import Steps
from deploy.local.running import RunningService, migrate
from deploy.local.servers import (
    MailServer,
    OwnServers,
    check_configured_kafka,
    create_databases,
    kafka_server,
    postgres_server,
    start_kafka,
    start_postgres,
)
from deploy.local.settings import Clock, LocalSettings
from deploy.local.status import Part, status
from deploy.partners_file import PartnerFileError, load_all
from deploy.provision import LOCAL, ProvisionFault, Report, provision
from shared.messaging.topics import Topics

_ROOM_MB = 500
_STOP_S = 40
"""Longer than a service takes for what it has in hand."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of the stack answer.

    Attributes:
        bootstrap: Kafka, `host:port,...`.
        base_dsn: PostgreSQL, with user and password; each service has a database of its own there.
    """

    bootstrap: str
    base_dsn: str


class Stack:
    """The local stack under one folder; made again anywhere, it finds what runs.

    Args:
        settings: Where it lives and listens.
        parts: Services to run instead of the region's four (tests; two doors apart).
        console: Where progress is shown.
    """

    def __init__(
        self,
        settings: LocalSettings | None = None,
        *,
        parts: Sequence[Service] | None = None,
        console: Console | None = None,
    ) -> None:
        self.settings = settings or LocalSettings()
        self.parts = tuple(services(self.settings) if parts is None else parts)
        self._console = console or Console(stderr=True)

    def up(self, clock: Clock | None = None) -> Addresses:
        """Start what does not run yet, wait until all is ready, and provision topics and registry.

        Args:
            clock: Where the services get the time; by default as this stack was first started, or `wall`.

        Raises:
            LocalFault: Something stands in the way.
        """
        with alone(self.settings), Steps(self._console) as steps:
            clock = settle_clock(self.settings, clock)
            check_room(self.settings)
            self._stop(self._leftovers(), signal.SIGTERM, steps)
            addresses = self._start_servers(steps)
            tokens = secrets_of(self.settings)
            running = [
                RunningService(
                    each,
                    self.settings,
                    variables_for(
                        each,
                        self.settings,
                        bootstrap=addresses.bootstrap,
                        base_dsn=addresses.base_dsn,
                        tokens=tokens,
                        clock=clock,
                    ),
                )
                for each in self.parts
            ]
            wanting = [each for each in running if not each.current]
            self._start_services(wanting, addresses, clock, steps)
            for each in running:
                if each not in wanting:
                    steps.done(each.service.name, f"ready at {each.service.url} (ran already)")
            return addresses

    def down(self) -> list[str]:
        """Stop everything of this stack, also what an earlier run that was killed has left.

        Returns:
            What was stopped.
        """
        with alone(self.settings), Steps(self._console) as steps:
            stopped = self._stop(
                [(each.service.name, each.process) for each in self._running()], signal.SIGTERM, steps
            )
            own = self._own_servers()
            stopped += self._stop([("mail", own.mail.process)], signal.SIGTERM, steps)
            stopped += self._stop([("Kafka", own.kafka.process)], signal.SIGTERM, steps)
            stopped += self._stop([("PostgreSQL", own.postgres.process)], signal.SIGINT, steps)
            rest = [(f"left over ({each.pid})", each) for each in processes.marked(self.settings.home)]
            return stopped + self._stop(rest, signal.SIGTERM, steps)

    def status(self) -> list[Part]:
        """How every part stands now."""
        return status(self.settings, self._own_servers(), self._running())

    @property
    def addresses(self) -> Addresses:
        """Where the servers of a stack that is up answer."""
        own = self._own_servers()
        try:
            return Addresses(
                self.settings.kafka_bootstrap_servers or own.kafka.bootstrap,
                self.settings.database_url or own.postgres.dsn,
            )
        except OSError:
            raise LocalFault("There is no local stack here yet", "Start it with `make up`.") from None

    @property
    def clock(self) -> Clock | None:
        """Which clock made the data of this stack; None while it has none."""
        return clock_of(self.settings)

    def _start_servers(self, steps: Steps) -> Addresses:
        settings = self.settings
        for each in self._running():
            each.require_port()
        if settings.database_url:
            base_dsn = settings.database_url
            steps.done("PostgreSQL", "as DATABASE_URL says")
        else:
            postgres, postgres_process = start_postgres(settings, steps)
        if settings.kafka_bootstrap_servers:
            bootstrap = settings.kafka_bootstrap_servers
            check_configured_kafka(bootstrap)
            steps.done("Kafka", f"as KAFKA_BOOTSTRAP_SERVERS says: {bootstrap}")
        else:
            kafka, kafka_process = start_kafka(settings, steps)
        # Both are started before either is waited for.
        if not settings.database_url:
            postgres.wait_ready(postgres_process, settings.patience_s)
            base_dsn = postgres.dsn
            steps.done("PostgreSQL", f"ready at {ports.HOST}:{postgres.port}")
        if any("SMTP_PORT" in each.variables for each in self.parts):
            MailServer(settings).start()
            steps.done("mail", f"ready at {ports.HOST}:{settings.smtp_port}")
        if not settings.kafka_bootstrap_servers:
            kafka.wait_ready(kafka_process, settings.patience_s)
            bootstrap = kafka.bootstrap
            steps.done("Kafka", f"ready at {bootstrap}")
        return Addresses(bootstrap, base_dsn)

    def _start_services(
        self, wanting: Sequence[RunningService], addresses: Addresses, clock: Clock, steps: Steps
    ) -> None:
        names = {each.service.name: database_of(each.service, self.settings) for each in wanting}
        if names:
            asyncio.run(create_databases(addresses.base_dsn, names))
        steps.doing("topics", "provisioning")
        report = self._provision(addresses.bootstrap, clock)
        steps.done("topics", report.summary())
        # One that was told something else (another clock, a new partner's token) starts anew.
        self._stop([(each.service.name, each.process) for each in wanting], signal.SIGTERM, steps)
        for each in wanting:
            steps.doing(each.service.name, "bringing its database up to date")
        migrate(wanting)
        started = [(each, each.start()) for each in wanting]
        for each, process in started:
            steps.doing(each.service.name, "starting")
            each.wait_ready(process)
            steps.done(each.service.name, f"ready at {each.service.url}")

    def _provision(self, bootstrap: str, clock: Clock) -> Report:
        doors = {
            partner: each.url for each in self.parts for partner in each.variables.get("DOORS", "").split(",")
        }
        try:
            return asyncio.run(
                provision(
                    bootstrap,
                    load_all(self.settings.partners),
                    topics=Topics(self.settings.topic_prefix),
                    layout=LOCAL,
                    # In a scenario the story itself tells when a partner changes.
                    update=clock == "wall",
                    vaults=doors,
                )
            )
        except ProvisionFault as error:
            raise LocalFault(str(error), "") from None
        except PartnerFileError as error:
            raise LocalFault(
                f"A partner file is wrong: {'; '.join(error.faults)}", f"See {error.path}."
            ) from None

    def _stop(
        self, named: Sequence[tuple[str, Process | None]], how: signal.Signals, steps: Steps
    ) -> list[str]:
        """Ask all to stop, then wait for each."""
        there = [(name, process) for name, process in named if process]
        for name, process in there:
            steps.doing(name, "stopping")
            processes.ask(process, how)
        for name, process in there:
            polite = processes.ended(process, _STOP_S)
            steps.done(name, "stopped" if polite else f"did not stop within {_STOP_S} seconds: killed")
        return [name for name, _ in there]

    def _leftovers(self) -> list[tuple[str, Process | None]]:
        """Processes of this stack that no pid file knows: a run that was killed left them."""
        kafka = self._own_servers().kafka
        files = (self.settings.home / "run").glob("*.pid")
        known = {kafka.process.pid} if kafka.process else set()
        known |= {found[0].pid for file in files if (found := processes.PidFile(file).read())}
        return [
            (f"left over ({each.pid})", each)
            for each in processes.marked(self.settings.home)
            if each.pid not in known and processes.leader(each) not in known
        ]

    def _running(self) -> list[RunningService]:
        return [RunningService(each, self.settings, {}) for each in self.parts]

    def _own_servers(self) -> OwnServers:
        kafka = kafka_server(self.settings, Java(Path("java"), 0))
        return OwnServers(MailServer(self.settings), kafka, postgres_server(self.settings))
