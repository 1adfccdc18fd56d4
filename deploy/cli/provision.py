"""The command that makes topics and registry from the partner files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.output import CommandFault, out, plainly
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from deploy.partners_file import load_all
from deploy.provision import Layout, Line
from deploy.provision import provision as carry_out
from shared.messaging.topics import Topics

_DEFAULT = Layout()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(provision)


def provision(
    bootstrap: Annotated[
        str | None, typer.Option(help="The cluster, host:port; by default KAFKA_BOOTSTRAP_SERVERS or local.")
    ] = None,
    partners: Annotated[Path | None, typer.Option(help="Folder of the partner files.")] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of a partner's topic.")] = (
        _DEFAULT.partitions
    ),
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = _DEFAULT.replication,
    min_insync: Annotated[int, typer.Option(min=1, help="Copies that must have a record.")] = (
        _DEFAULT.min_insync
    ),
    *,
    vault: Annotated[
        list[str] | None,
        typer.Option(help="Where a partner's vault answers, if not as its file says: NAME=URL."),
    ] = None,
    grow: Annotated[bool, typer.Option("--grow", help="Add partitions where a topic has fewer.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="State a change where the registry says otherwise.")
    ] = False,
) -> None:
    """Create missing topics and register new partners; what is there already is compared, not changed."""
    with plainly():
        settings = LocalSettings()
        report = asyncio.run(
            carry_out(
                bootstrap or Stack(settings).addresses.bootstrap,
                load_all(partners or settings.partners),
                topics=Topics(settings.topic_prefix),
                layout=Layout(partitions, replication, min_insync),
                grow=grow,
                update=update,
                vaults=dict(_pair(each) for each in vault or ()),
            )
        )
        _show("topic", report.topics)
        _show("partner", report.partners)
        out.print(report.summary(), highlight=False)


def _pair(given: str) -> tuple[str, str]:
    name, equals, url = given.partition("=")
    if not (name and equals and url):
        raise CommandFault(f"--vault is {given}; say NAME=URL, for example menso=http://127.0.0.1:18101.")
    return name, url


def _show(noun: str, lines: Sequence[Line]) -> None:
    table = Table(noun, "", "", box=None, pad_edge=False, header_style="bold")
    for line in lines:
        table.add_row(line.name, line.outcome.value, line.detail)
    out.print(table)
