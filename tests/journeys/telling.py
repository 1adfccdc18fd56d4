"""One telling of the story of Emmen on a stack of its own, and what it left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from deploy.demo.logbook import whole_log
from deploy.demo.run import run
from deploy.local.environment import Service, services
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from shared.messaging.topics import Topics

Log = dict[str, list[tuple[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class Telling:
    """What one telling left behind."""

    report: dict[str, Any]
    digest: dict[str, Any]
    log: Log
    mails: Sequence[Path]
    settings: LocalSettings
    screen: str

    def year(self, year: int) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = [each for each in self.report["years"] if each["year"] == year]
        return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What all events of a type say, on the streams on which they count."""
        whole = [
            orjson.loads(value)
            for topic, records in self.log.items()
            if topic.endswith((".intake", ".matching"))
            for _, value in sorted(set(records))
        ]
        return [each["data"] for each in whole if f".{kind}." in f"{each['type']}."]

    def variables(self) -> dict[str, str]:
        """What the command line must be told to find this stack."""
        settings = self.settings
        return {
            "KAFKA_BOOTSTRAP_SERVERS": str(settings.kafka_bootstrap_servers),
            "DATABASE_URL": str(settings.database_url),
            "TOPIC_PREFIX": settings.topic_prefix,
            "WERKBEDRIJF_VAR": str(settings.var),
        }


def tell(settings: LocalSettings, parts: Sequence[Service] | None = None) -> Telling:
    """Tell the story and stop the stack."""
    screen = StringIO()
    console = Console(file=screen, width=120)
    stack = Stack(settings, parts=parts, console=console)
    try:
        run(stack, console)
    finally:
        stack.down()
    folder = settings.home / "demo"
    assert settings.kafka_bootstrap_servers
    log = asyncio.run(whole_log(settings.kafka_bootstrap_servers, Topics(settings.topic_prefix)))
    return Telling(
        report=json.loads((folder / "report.json").read_text()),
        digest=json.loads((folder / "events.json").read_text()),
        log=log,
        mails=sorted((settings.home / "mail").glob("*.eml")),
        settings=settings,
        screen=screen.getvalue(),
    )


def doors_apart(settings: LocalSettings, ports: Sequence[int]) -> list[Service]:
    """Menso's, Buurtsupport's and the others' doors as three processes with three databases."""
    intake, *others = services(settings)
    rest = [d for d in intake.variables["DOORS"].split(",") if d not in {"menso", "buurtsupport"}]
    doors = [["menso"], ["buurtsupport"], rest]
    apart = [
        Service(f"intake-{names[0]}", port, intake.module, {"DOORS": ",".join(names)})
        for names, port in zip(doors, ports, strict=True)
    ]
    return [*apart, *others]
