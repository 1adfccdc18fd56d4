"""Commands for the local stack: up, down, status, demo."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.output import CommandFault, err, out, plainly
from deploy.local.settings import Clock
from deploy.local.stack import Stack


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(demo)


def up(
    clock: Annotated[
        str | None, typer.Option(help="wall or scenario; by default as the stack was first started, or wall.")
    ] = None,
) -> None:
    """Start what does not run yet of the local stack, and wait until all of it is ready."""
    with plainly():
        stack = Stack(console=err)
        stack.up(_clock(clock))
        _show(stack)


def down() -> None:
    """Stop everything of the local stack; data is kept."""
    with plainly():
        stopped = Stack(console=err).down()
        out.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran.", highlight=False)


def status() -> None:
    """Show how each part of the local stack stands; exit code 1 unless all is ready."""
    with plainly():
        if not _show(Stack(console=err)):
            raise typer.Exit(1)


def demo() -> None:
    """Run the story of Emmen, 2017 to 2022, through the local stack."""
    with plainly():
        # Only here: the scenario is much to load, and the other commands do without it.
        from deploy.demo.run import run  # noqa: PLC0415

        run(Stack(console=err), out)


def _clock(name: str | None) -> Clock | None:
    if name in {None, "wall", "scenario"}:
        return name  # type: ignore[return-value]  # one of the two, as just checked
    raise CommandFault(f"--clock is {name}; it can be wall or scenario.")


def _show(stack: Stack) -> bool:
    """Print how the stack stands; whether all of it is ready."""
    table = Table("part", "state", "address", "pid", "memory", box=None, pad_edge=False, header_style="bold")
    parts = stack.status()
    for part in parts:
        good = part.state in {"ready", "configured"}
        table.add_row(
            part.name,
            f"[{'green' if good else 'red'}]{part.state}[/]",
            part.address,
            str(part.pid or ""),
            f"{part.memory_mb} MiB" if part.memory_mb else "",
        )
    out.print(table)
    return all(part.state in {"ready", "configured"} for part in parts)
