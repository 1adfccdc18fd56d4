"""What came of a campaign: a file for machines, the same on the terminal for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

COUNTS = (
    "lost", "doubled", "out_of_order", "over_room", "two_lists", "messages_doubled", "rebuild_differs",
)  # fmt: skip
"""Violations by kind; all of them must be 0."""


@dataclass(slots=True)
class Report:
    """The report.

    Attributes:
        events: what the partners stated and had an answer to.
        log_events: what lies on all topics, without repeats.
        records: the same with repeats.
        mails: that the mail server took.
        kills: services ended by `kill -9`, by the nemesis or at a place that it chose.
        faults: strikes by kind.
        wanted: kills and events that were asked for.
        closed_early: whether it ended before those were reached.
        left_out: kinds that this machine cannot strike, and why.
        violations: what was found, in words.
        histories: by subject, the events that show it.
    """

    seed: int
    events: int
    log_events: int
    records: int
    people: int
    mails: int
    kills: int
    kills_by_service: dict[str, int]
    faults: dict[str, int]
    seconds: float
    brokers: int
    plant: str
    counted: dict[str, int]
    wanted: dict[str, int] = field(default_factory=dict)
    closed_early: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    histories: dict[str, list[str]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """True when every promise was kept and nothing else went wrong."""
        return not any(self.counted.values()) and not self.trouble

    def as_json(self) -> dict[str, Any]:
        """The report as it is written."""
        return {
            "seed": self.seed, "seconds": self.seconds, "events": self.events, "kills": self.kills,
            "faults": self.faults, **{name: self.counted.get(name, 0) for name in COUNTS},
            "log_events": self.log_events, "records": self.records, "people": self.people,
            "mails": self.mails, "brokers": self.brokers, "kills_by_service": self.kills_by_service,
            "wanted": self.wanted, "closed_early": self.closed_early,
            "left_out": self.left_out, "plant": self.plant, "trouble": self.trouble,
            "violations": self.violations[:200], "histories": self.histories,
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """Write it to a file."""
        path.write_bytes(orjson.dumps(self.as_json(), option=orjson.OPT_INDENT_2) + b"\n")

    def lines(self) -> list[str]:
        """The report for people."""
        struck = ", ".join(f"{name} {count}" for name, count in self.faults.items())
        said = [
            "",
            f"seed {self.seed}: {self.seconds:.0f} s, {self.people} people, {self.events} events of partners",
            f"{self.log_events} events in all, {self.records - self.log_events} repeats, {self.mails} mails",
            f"kills {self.kills} ({', '.join(f'{k} {v}' for k, v in self.kills_by_service.items())})",
            f"faults: {struck}",
            *[f"left out: {name}, {why}" for name, why in self.left_out.items()],
            *([f"closed before all that was wanted was reached: {self.wanted}"] if self.closed_early else []),
            "  ".join(f"{name} {self.counted.get(name, 0)}" for name in COUNTS),
            *[f"TROUBLE {each}" for each in self.trouble],
            *[f"VIOLATED {each}" for each in self.violations[:30]],
        ]
        for subject, events in self.histories.items():
            said += ["", f"history of {subject}:", *[f"  {line}" for line in events]]
        return [*said, "", "Every promise was kept." if self.clean else "NOT every promise was kept."]
