"""The figures as people read them: tables on the terminal, the same in Markdown, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.machine import QUIET

_SPREAD: Final = 1.25
"""The best round over the worst; above it a figure is marked as noisy."""
_NAMES: Final = {
    "ours": "ours",
    "bare": "(a) bare aiokafka and asyncpg loop",
    "newcomer": "(b) newcomer's FastStream handler",
}


@dataclass(slots=True)
class Report:
    """What was measured, filled part by part."""

    found: dict[str, Any] = field(default_factory=dict)

    def tables(self) -> list[tuple[str, Sequence[str], list[Sequence[str]]]]:
        """Title, headings and rows of every table there is something for."""
        made: list[tuple[str, Sequence[str], list[Sequence[str]]]] = []
        for name, title in (
            ("matching", "Events a second through the matching service"),
            ("journey", "Decisions a second from the door's topic to two queued messages each"),
        ):
            if "ours" in self.found.get(name, {}):
                headings = ("", "median /s", "rounds /s", "processor µs an event", "ours is")
                made.append((title, headings, _rates(self.found[name])))
        if "catching_up" in self.found:
            row = self.found["catching_up"]
            made.append(
                (
                    "Matching, all at once from empty: facts come before what they build on",
                    ("events /s", "parked meanwhile"),
                    [(f"{row['rate']:,.0f}", f"{row['parked']:,}")],
                )
            )
        if "stages_us" in self.found:
            by_kind = self.found["stages_us"]
            made.append(
                (
                    "Processor of matching by step, in memory without servers, µs an event",
                    ("", *by_kind),
                    [
                        (step, *[f"{steps[step]:.1f}" for steps in by_kind.values()])
                        for step in next(iter(by_kind.values()))
                    ],
                )
            )
        latencies = [
            (title, self.found[name])
            for name, title in (("journey", "sending apart"), ("sending", "sending at work as well"))
            if "p50_ms" in self.found.get(name, {})
        ]
        if latencies:
            made.append(
                (
                    "Door to queued message, ms",
                    (
                        "",
                        "decisions /s",
                        "p50",
                        "p90",
                        "p99",
                        "longest",
                        "202 at p50",
                        "202 at p99",
                        "missing",
                    ),
                    [_latency(title, row) for title, row in latencies],
                )
            )
        if "stack" in self.found:
            stack = self.found["stack"]
            made.append(
                (
                    "`werkbedrijf up`, seconds until all is ready",
                    ("from empty folders", "with data", "down"),
                    [tuple(f"{stack[name]:.1f}" for name in ("cold_s", "warm_s", "down_s"))],
                )
            )
        if "rss_mb" in self.found:
            made.append(
                (
                    "Each service",
                    ("", "ready after s", "idle MiB", "after the load MiB"),
                    [
                        (
                            name,
                            f"{self.found['ready_s'][name]:.2f}",
                            str(self.found["rss_idle_mb"][name]),
                            str(self.found["rss_mb"][name]),
                        )
                        for name in self.found["rss_mb"]
                    ],
                )
            )
        return made

    def header(self) -> str:
        """The conditions, in one paragraph."""
        machine: Mapping[str, Any] = self.found["machine"]
        others = self.found["others_before"], self.found["others_after"]
        noise = (
            f" **Noisy: others used {others[0]:.0%} of the processors before and {others[1]:.0%} after.**"
            if max(others) > QUIET
            else f" Others used {others[0]:.0%} of the processors before and {others[1]:.0%} after."
        )
        return (
            f"`{self.found['command']}`, {machine['at']} UTC, version {machine['version']}: "
            f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gb']} GB, "
            f"{machine['system']}, Python {machine['python']}; {self.found['seconds']:.0f} s in all.{noise}"
        )

    def show(self, console: Console) -> None:
        """Print the tables."""
        # What is written to a file has no width of its own.
        console = console if console.is_terminal else Console(width=130)
        console.print(self.header().replace("`", "").replace("**", ""), highlight=False)
        for title, headings, rows in self.tables():
            table = Table(*headings, title=title.replace("`", ""), title_justify="left", highlight=False)
            for row in rows:
                table.add_row(*row)
            console.print(table)

    def write(self, folder: Path) -> None:
        """Write `report.json` and `report.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_bytes(orjson.dumps(self.found, option=orjson.OPT_INDENT_2) + b"\n")
        parts = [self.header()]
        for title, headings, rows in self.tables():
            lines = [headings, ["---"] * len(headings), *rows]
            parts.append(f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
        (folder / "report.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _rates(row: Mapping[str, Any]) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = []
    for name, shown in _NAMES.items():
        rounds = row["rounds"][name]
        noisy = " (noisy)" if max(rounds) > _SPREAD * min(rounds) else ""
        ratio = {
            "ours": "",
            "bare": f"{row['ratio_bare']:.0%} of it",
            "newcomer": f"{row['ratio_newcomer']:.1f} times it",
        }
        lines.append(
            (
                shown,
                f"{row[name]:,.0f}{noisy}",
                ", ".join(f"{rate:,.0f}" for rate in rounds),
                f"{row['processor_us_per_event'][name]:,.0f}",
                ratio[name],
            )
        )
    return lines


def _latency(title: str, row: Mapping[str, Any]) -> Sequence[str]:
    names = ("p50_ms", "p90_ms", "p99_ms", "max_ms", "door_p50_ms", "door_p99_ms")
    return (title, f"{row['rate_per_s']:.0f}", *[f"{row[name]:,.0f}" for name in names], str(row["missing"]))
