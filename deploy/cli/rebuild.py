"""The command that rebuilds a service from the log and compares it with the live one."""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import Annotated

import asyncpg
import typer
from rich.progress import Progress
from rich.table import Table

from deploy.cli.http import Services
from deploy.cli.output import CommandFault, err, out, plainly
from deploy.local.environment import Service, database_of, dsn_of, secrets_of, variables_for
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from shared.messaging.process import Process
from shared.messaging.reader import LogUnread
from shared.messaging.rebuild import Report, compare
from shared.messaging.rebuild import rebuild as carry_out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild(
    service: Annotated[str, typer.Argument(help="intake, matching, quota or notifications.")],
) -> None:
    """Build a service's state from offset 0 into an empty database and compare it with the live one.

    Exit code 1 if they differ. Let the stack come to rest first: what is under way shows as a difference.
    """
    with plainly():
        report = asyncio.run(_rebuild(Services().named(service), LocalSettings()))
        table = Table("table", "rows", "only live", "only rebuilt", box=None, pad_edge=False)
        for name, rows in report.rows.items():
            here, there = report.differs.get(name, (0, 0))
            table.add_row(name, str(rows), str(here), str(there))
        out.print(table)
        verdict = "[green]identical[/]" if report.same else "[red]different[/]"
        out.print(f"{report.events} events read: {service} rebuilt is {verdict}.", highlight=False)
        if not report.same:
            raise typer.Exit(1)


async def _rebuild(service: Service, settings: LocalSettings) -> Report:
    stack = Stack(settings)
    base = stack.addresses.base_dsn
    live = dsn_of(base, database_of(service, settings))
    name = f"{database_of(service, settings)}_rebuilt"
    process = _process(service, stack)
    try:
        await _database(base, name, create=True)
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task(f"reading the log for {service.name}", total=None)
            events = await carry_out(
                process.service,
                package=service.module,
                bootstrap=stack.addresses.bootstrap,
                topics=process.topics,
                operator=process.settings.operator,
                into=dsn_of(base, name),
                live=live,
                progress=lambda count: progress.update(task, completed=count),
            )
        report = await compare(process.service, live, dsn_of(base, name))
        report.events = events
    except (OSError, asyncpg.PostgresError, LogUnread) as error:
        raise CommandFault(f"{service.name} cannot be rebuilt: {error}. See `werkbedrijf status`.") from None
    finally:
        await _database(base, name, create=False)
    return report


def _process(service: Service, stack: Stack) -> Process[object]:
    """The service as its own wiring makes it, told what its process is told."""
    addresses = stack.addresses
    os.environ.update(
        variables_for(
            service,
            stack.settings,
            bootstrap=addresses.bootstrap,
            base_dsn=addresses.base_dsn,
            tokens=secrets_of(stack.settings),
            clock=stack.clock or "wall",
        )
    )
    process: Process[object] = importlib.import_module(f"{service.module}.wiring").build()[0]
    return process


async def _database(base: str, name: str, *, create: bool) -> None:
    """Drop a database and, where asked, make it anew."""
    connection = await asyncpg.connect(base, timeout=10)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if create:
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
