"""Commands for dead letters: what could not be processed, processing it again, giving it up."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from deploy.cli.http import Services
from deploy.cli.output import CommandFault, out, plainly

app = typer.Typer(
    help="What a service could not process: look at it, process it again, or give it up.",
    no_args_is_help=True,
)

ServiceName = Annotated[str, typer.Argument(help="intake, matching, quota or notifications.")]


@app.command("list")
def list_letters(service: ServiceName) -> None:
    """List a service's dead letters, oldest first, without their contents."""
    with plainly():
        letters = _all(service)
        if not letters:
            out.print(f"{service} has no dead letters.", highlight=False)
            return
        columns = list(letters[0])
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for letter in letters:
            table.add_row(*(_cell(letter.get(column)) for column in columns))
        out.print(table)


@app.command()
def show(
    service: ServiceName, letter: Annotated[int, typer.Argument(help="Its number in the list.")]
) -> None:
    """Show one dead letter, whole."""
    with plainly():
        out.print_json(data=_ask(service, "GET", f"/ops/dead-letters/{letter}"))


@app.command()
def redrive(
    service: ServiceName,
    letters: Annotated[list[int] | None, typer.Argument(help="Their numbers in the list.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why now; kept with the outcome.")] = "",
) -> None:
    """Process dead letters again, with all that wait behind them; exit code 1 if one is refused."""
    with plainly():
        if everything == bool(letters):
            raise CommandFault("Name dead letters by number, or say --all; not both.")
        if not reason:
            raise CommandFault("Say why with --reason; it is kept with the outcome.")
        which: dict[str, Any] = {"all": True} if everything else {"ids": letters}
        wanted = {**which, "dry_run": dry_run, "reason": reason}
        said = _ask(service, "POST", "/ops/dead-letters/redrive", json=wanted)
        outcomes = ", ".join(f"{number} {status}" for status, number in said["outcomes"].items())
        would = "Would be" if said["dry_run"] else "Now"
        out.print(f"{would}: {outcomes or 'nothing to do'}", highlight=False)
        for refusal in said["refusals"]:
            out.print(f"  refused: {refusal}", highlight=False)
        if said["refusals"]:
            raise typer.Exit(1)


@app.command()
def discard(
    service: ServiceName,
    letters: Annotated[list[int], typer.Argument(help="Their numbers in the list.")],
    reason: Annotated[str, typer.Option(help="Why; kept with what is given up.")] = "",
) -> None:
    """Give dead letters up, so that their key is free; exit code 1 if a number is unknown."""
    with plainly():
        if not reason:
            raise CommandFault("Say why with --reason; it is kept with what is given up.")
        said = _ask(service, "POST", "/ops/dead-letters/discard", json={"ids": letters, "reason": reason})
        out.print(f"Given up: {_numbers(said['discarded'])}", highlight=False)
        if said["unknown"]:
            out.print(f"  unknown: {_numbers(said['unknown'])}", highlight=False)
            raise typer.Exit(1)
        out.print("What waited behind them goes on with `dead-letters redrive`.", highlight=False)


def _all(service: str) -> list[dict[str, Any]]:
    """Every page of them."""
    letters: list[dict[str, Any]] = []
    page = _ask(service, "GET", "/ops/dead-letters")
    while page:
        letters += page
        page = _ask(service, "GET", f"/ops/dead-letters?after={page[-1]['id']}")
    return letters


def _ask(name: str, method: str, path: str, **content: Any) -> Any:
    services = Services()
    return services.ask(services.named(name), method, path, services.tokens.ops, **content)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _numbers(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers) or "nothing"
