"""`werkbedrijf demo`: start the stack, tell the story, show what came of it."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.demo import facts, report
from deploy.demo.door import Turned
from deploy.demo.driver import LAST, Surroundings, tell
from deploy.demo.logbook import whole_log
from deploy.demo.rest import NoRest
from deploy.local.environment import secrets_of
from deploy.local.faults import LocalFault
from deploy.local.stack import Addresses, Stack
from deploy.partners_file import load_all
from shared.messaging.topics import Topics


def run(stack: Stack, console: Console) -> None:
    """Tell the story of Emmen on a stack that was not used for anything else.

    Raises:
        LocalFault: the stack cannot start, runs on the wall clock, or holds a story broken off.
    """
    addresses = stack.up("scenario")
    around = surroundings(stack, addresses)
    folder = stack.settings.home / "demo"
    told = folder / "told.json"
    if told.exists():
        console.print("The story has been told on this stack already; these are its figures.")
    elif (folder / "begun").exists():
        raise LocalFault(
            "An earlier telling was broken off halfway.", "Run `make clean`, then `make demo` tells it anew."
        )
    else:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "begun").touch()
        try:
            events = _tell(around, console)
        except (NoRest, Turned) as fault:
            raise LocalFault(f"The story stopped: {fault}", f"See {stack.settings.home / 'log'}.") from fault
        told.write_text(json.dumps({"stated_by_partners": events}) + "\n", encoding="utf-8")
    _show(stack, around, folder, console)


def surroundings(stack: Stack, addresses: Addresses) -> Surroundings:
    """Where the story is told, as the stack has it."""
    settings = stack.settings
    doors: dict[str, str] = {}
    groups = []
    for part in stack.parts:
        served = [name for name in part.variables.get("DOORS", "").split(",") if name]
        doors |= dict.fromkeys(served, part.url)
        name = part.module.rpartition(".")[2]
        groups.append(
            f"{settings.topic_prefix}.{name}.{part.variables.get('OPERATOR') or '+'.join(sorted(served))}"
        )
    return Surroundings(
        bootstrap=addresses.bootstrap,
        topics=Topics(settings.topic_prefix),
        services=[part.url for part in stack.parts],
        doors=doors,
        tokens=secrets_of(settings).doors,
        groups=groups,
        partners={
            # As the stack registered them: with the vault behind the door that runs here.
            file.record.partner: file.record.model_copy(update={"vault": doors[file.record.partner]})
            if file.record.vault
            else file.record
            for file in load_all(settings.partners)
        },
    )


def _tell(around: Surroundings, console: Console) -> int:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[day]}"), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip
    first = date(facts.FIRST_YEAR, 1, 1)
    with bar:
        task = bar.add_task("Emmen, 2017 to 2022", total=(LAST - first).days, day="")

        def progress(day: date) -> None:
            bar.update(task, completed=(day - first).days, day=day.isoformat())

        return asyncio.run(tell(around, progress))


def _show(stack: Stack, around: Surroundings, folder: Path, console: Console) -> None:
    url = {part.name: part.url for part in stack.parts}
    years = asyncio.run(report.ask(url["quota"], url["matching"], url["notifications"]))
    report.write(folder / "report.json", years)
    log = asyncio.run(whole_log(around.bootstrap, around.topics))
    digest = report.digest(log)
    (folder / "events.json").write_text(json.dumps(digest, indent=2) + "\n", encoding="utf-8")
    console.print(report.table(years))
    console.print(report.also(log))
    console.print(f"{sum(digest['events'].values())} events, sha256 {digest['sha256'][:16]}…")
    for name, address in url.items():
        console.print(f"  {name:15} {address}/docs")
    console.print(f"  {'mail':15} {stack.settings.home / 'mail'}")
    console.print(f"The same figures: {folder / 'report.json'}. Stop with `make down`.")
