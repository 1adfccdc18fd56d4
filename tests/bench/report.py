"""The figures as people read them: tables on the terminal, the same in Markdown, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench import growth, rebuilding
from tests.bench.machine import QUIET
from tests.bench.tables import tables

_FORMAT: Final = 2
"""Of `report.json`; to be raised when what a part finds is called otherwise."""
_PIECEMEAL: Final = ("growing", "rebuild", "journey")
"""What is measured piece by piece: a service alone, or the rate of the journey and then its latency."""


@dataclass(slots=True)
class Report:
    """What was measured, filled part by part, perhaps in several runs."""

    found: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The report that is there, to be added to; an empty one if there is none of this format."""
        path = folder / "report.json"
        found = orjson.loads(path.read_bytes()) if path.exists() else {}
        return cls(found if found.get("format") == _FORMAT else {})

    def add(self, found: Mapping[str, Any], parts: Sequence[str], run: Mapping[str, Any]) -> None:
        """Add what a run found; every part remembers under which conditions it was measured."""
        self.found["format"] = _FORMAT
        _merge(self.found, found)
        if "growing" in self.found:
            self.found["growth"] = growth.worst(self.found["growing"])
        if "rebuild" in self.found:
            self.found["rebuild_per_s"] = rebuilding.slowest(self.found["rebuild"])
        self.found.setdefault("runs", {}).update({part: dict(run) for part in parts})

    def header(self) -> list[str]:
        """The conditions: a paragraph for each run."""
        runs = {run["command"]: run for run in self.found["runs"].values()}
        return [_conditions(run) for run in runs.values()]

    def show(self, console: Console) -> None:
        """Print the tables."""
        # What is written to a file has no width of its own.
        console = console if console.is_terminal else Console(width=150)
        for line in self.header():
            console.print(line.replace("`", "").replace("**", ""), highlight=False)
        for each in tables(self.found):
            table = Table(
                *each.headings, title=each.title.replace("`", ""), title_justify="left", highlight=False
            )
            for row in each.rows:
                table.add_row(*row)
            console.print(table)

    def write(self, folder: Path) -> None:
        """Write `report.json` and `report.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(orjson.dumps(self.found, option=orjson.OPT_INDENT_2) + b"\n")
        parts = self.header()
        for each in tables(self.found):
            lines = [each.headings, ["---"] * len(each.headings), *each.rows]
            parts.append(f"**{each.title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
            parts += each.notes
        (folder / "report.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _merge(into: dict[str, Any], found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if name in _PIECEMEAL:
            into.setdefault(name, {}).update(value)
        else:
            into[name] = value


def _conditions(run: Mapping[str, Any]) -> str:
    others = run["others_before"], run["others_after"]
    noise = (
        f" **Noisy: others used {others[0]:.0%} of the processors before and {others[1]:.0%} after.**"
        if max(others) > QUIET
        else f" Others used {others[0]:.0%} of the processors before and {others[1]:.0%} after."
    )
    return (
        f"`{run['command']}`, {run['at']} UTC, version {run['version']}: "
        f"{run['cores']} cores of {run['processor']}, {run['memory_gb']} GB, "
        f"{run['system']}, Python {run['python']}; {run['seconds']:.0f} s in all.{noise}"
    )
