"""What came of it: a table a year, asked of the services, as a screen and as a file."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
from rich.table import Table

from deploy.demo import facts
from shared.contracts import (
    AnsweredBy,
    BridgeEnded,
    Data,
    DeviationReported,
    FundAssigned,
    MunicipalitiesMerged,
    ProposalAnswered,
    ProposalMade,
    Rung,
    WaitingChanged,
    WaitingJoined,
)


@dataclass(frozen=True, slots=True)
class Year:
    """One year of Emmen, on 31 December.

    Attributes:
        target: the number, all funds together.
        target_assumed: True when the scenario made up one of them.
        contracts: contracts for sheltered work in force.
        waiting: people on the list.
        bridged: how many of them have something else meanwhile.
        messages: messages sent to participants in the year.
    """

    year: int
    target: int
    target_assumed: bool
    contracts: int
    waiting: int
    bridged: int
    messages: int


async def ask(quota: str, matching: str, notifications: str) -> list[Year]:
    """Ask the services for each year's figures."""
    async with httpx.AsyncClient(timeout=30) as http:

        async def get(url: str, **query: str) -> dict[str, Any]:
            answer = (await http.get(f"{url}/v1/figures", params=query)).raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

        years = []
        for year in range(facts.FIRST_YEAR, facts.LAST_YEAR + 1):
            on = date(year, 12, 31).isoformat()
            ledger, waiting, sent = await asyncio.gather(
                get(quota, municipality=facts.EMMEN, on=on),
                get(matching, municipality=facts.EMMEN, on=on),
                get(notifications, year=str(year)),
            )
            years.append(
                Year(
                    year=year,
                    target=int(ledger["target"]),
                    target_assumed=facts.assumed(year),
                    contracts=int(ledger["contracts"]),
                    waiting=waiting["waiting"],
                    bridged=waiting["bridged"],
                    messages=sent["sent"],
                )
            )
        return years


def write(path: Path, years: list[Year]) -> None:
    """Write the report, the same bytes for the same figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"municipality": facts.EMMEN, "years": [asdict(year) for year in years]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def table(years: list[Year]) -> Table:
    """The report for a terminal."""
    shown = Table(
        title="Beschut werk in Emmen, stand op 31 december", caption="* aangenomen voor dit scenario"
    )
    for name in ("jaar", "taakstelling", "contracten", "wachtenden", "met overbrugging", "berichten"):
        shown.add_column(name, justify="right")
    for year in years:
        shown.add_row(
            str(year.year),
            f"{year.target}{'*' if year.target_assumed else ' '}",
            *[str(figure) for figure in (year.contracts, year.waiting, year.bridged, year.messages)],
        )
    return shown


_ALSO: Final[tuple[tuple[type[Data], Callable[[dict[str, Any]], bool], str], ...]] = (
    (FundAssigned, lambda _: True, "contract op kosten van de gemeenteraad"),
    (DeviationReported, lambda _: True, "afwijking van de volgorde, met naam van de functie en reden"),
    (WaitingChanged, lambda _: True, "toekenning herhaald, met voorrang"),
    (
        WaitingJoined,
        lambda data: data.get("back_from") is not None,
        "keer terug van gewoon werk, op de oude plek in de rij",
    ),
    (BridgeEnded, lambda _: True, "overbrugging die eindigde en opnieuw werd aangeboden"),
    (
        ProposalMade,
        lambda data: data["rung"] != Rung.SHELTERED_WORK,
        "plek bij Buurtsupport voorgesteld als overbrugging",
    ),
    (
        ProposalAnswered,
        lambda data: data["by"] == AnsweredBy.HOST,
        "voorstel waarop deelnemer, werkgever en begeleider na elkaar antwoordden",
    ),
)
_TRUE: Final = (
    (MunicipalitiesMerged, "gemeentelijke herindeling (Groningen, Haren en Ten Boer, 1 januari 2019)"),
)


def also(records: Mapping[str, list[tuple[bytes, bytes]]]) -> str:
    """What else happened in the story, counted in the log, in a sentence."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for topic, values in records.items():
        if topic.endswith((".intake", ".matching")):
            for _, value in set(values):
                event = orjson.loads(value)
                found[event["type"]].append(event["data"])
    assumed = [f"{sum(map(which, found[kind.TYPE]))}x {text}" for kind, which, text in _ALSO]
    known = [f"{len(found[kind.TYPE])}x {text}" for kind, text in _TRUE]
    return f"Ook gebeurd (aangenomen): {'; '.join(assumed)}. Ook gebeurd: {'; '.join(known)}."


def digest(records: Mapping[str, list[tuple[bytes, bytes]]]) -> dict[str, Any]:
    """What identifies a telling: per topic the number of events, and one digest of the whole set."""
    whole = hashlib.sha256()
    for topic in sorted(records):
        for key, value in sorted(set(records[topic])):
            whole.update(b"\x1f".join((topic.encode(), key, value)) + b"\n")
    return {
        "events": {topic: len(set(found)) for topic, found in sorted(records.items())},
        "sha256": whole.hexdigest(),
    }
