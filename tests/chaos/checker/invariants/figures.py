"""Figures as reported: shown again to the letter, and as known in the end they are what the log adds up to.

What quota knew at the moment of a report is its own business: topics have no order among each other. So the
report itself is held against what can have been known of it, and the figure of the same day as it is
known at the end, when everything has been said, against a sum of the checker's own, exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_WAITS = {
    "waiting.joined": "joined_on",
    "bridges.offered": "offered_on",
    "bridges.ended": "ended_on",
    "waiting.left": "left_on",
}
"""What matching says of a wait, and the field with its first day."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement of a host about a placement.

    Attributes:
        day: its first day; of an end the first day without.
        ends_on: the last day as it is planned.
        contract: whether there is one from that day on.
    """

    at_ms: int
    day: date
    ends_on: date | None = None
    contract: bool = False
    ends: bool = False

    def reaches(self, on: date) -> bool:
        """Whether by this statement there is a contract up to that day."""
        return self.contract and (self.ends_on is None or self.ends_on >= on)


@dataclass(slots=True)
class _Contract:
    """What the host said of a placement, in its order; the first says what it is."""

    participant: str
    counts: bool
    said: list[_Said] = field(default_factory=list)

    def in_force(self, on: date) -> bool:
        """Whether it counts on that day, by all that was said."""
        days: dict[date, _Said] = {}
        for said in self.said:
            if said.ends:
                days = {day: kept for day, kept in days.items() if day < said.day}
            days[max(said.day, self.said[0].day)] = said
        begun = [day for day in days if day <= on]
        return self.counts and bool(begun) and days[max(begun)].reaches(on)

    def could_count(self, on: date, at_ms: int) -> bool:
        """Whether who had heard any part of what was said by then may have counted it for that day."""
        known = [said for said in self.said if said.at_ms <= at_ms]
        return self.counts and any(said.reaches(on) for said in known) and known[0].day <= on

    def surely_counts(self, on: date, at_ms: int) -> bool:
        """Whether nothing that was said by then, heard or not, keeps it from counting on that day."""
        known = [said for said in self.said if said.at_ms <= at_ms]
        unhurt = all(said.reaches(on) or (said.ends and said.day > on) for said in known)
        return self.counts and bool(known) and known[0].day <= on and unhurt


class FiguresAsReported:
    """Adds up contracts and waits from what hosts, guides, the direction and matching said."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, str], list[Told]] = defaultdict(list)
        self._contracts: dict[str, _Contract] = {}
        self._turn: dict[str, int] = {}
        """Of quota's events: all of a municipality stand in one order."""
        self._used: dict[str, int] = {}
        self._home: dict[str, str] = {}
        self._mergers: list[tuple[str, str, date]] = []
        self._waits: dict[str, list[tuple[str, date, str]]] = defaultdict(list)
        self._numbers: dict[tuple[int, str], list[tuple[int, Decimal]]] = defaultdict(list)

    def see(self, told: Told) -> None:
        """Note reports, and what they are made of."""
        if not told.first or told.stream == "inbox":
            return
        data = told.data
        if told.stream == "quota":
            self._turn[told.id] = len(self._turn)
        if told.type == "reservations.used":
            self._used.setdefault(data["placement"], self._turn[told.id])
        elif told.type == "figures.reported":
            self._reports[data["municipality"], data["on"]].append(told)
        elif told.type == "targets.set":
            self._numbers[data["year"], data["fund"]].append((told.at_ms, Decimal(data["number"])))
        elif told.type == "participants.registered":
            self._home.setdefault(told.key, data["municipality"])
        elif told.type == "municipalities.merged":
            merged_on = date.fromisoformat(data["merged_on"])
            self._mergers += [(code, data["municipality"], merged_on) for code in data["predecessors"]]
        elif told.type.startswith("placements.") and told.stream == "intake":
            self._placement(told)
        elif told.type in _WAITS:
            on = date.fromisoformat(data[_WAITS[told.type]])
            self._waits[told.key].append((told.type, on, data["municipality"]))

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Reports that are missing, said twice, shown otherwise, or that do not add up."""
        found = []
        for municipality in sorted({municipality for municipality, _ in self._reports}):
            days = sorted(on for whose, on in self._reports if whose == municipality)
            for before, after in pairwise(days):
                if _month_after(before) != date.fromisoformat(after):
                    found.append(Violation("lost", "", f"nothing was reported between {before} and {after}"))
            rows = await evidence.ask("quota", f"/v1/reports?municipality={municipality}")
            shown = {row["on"]: row for row in rows}
            for on in days:
                said = self._reports[municipality, on]
                if len(said) > 1:
                    found.append(Violation("doubled", municipality, f"{on} was reported {len(said)} times"))
                if _bare(shown.get(on)) != _bare(said[0].data):
                    what = f"{on} is not shown as it was reported: {shown.get(on)}"
                    found.append(Violation("lost", municipality, what))
                found += self._adds_up(said[0])
                now = await evidence.ask("quota", f"/v1/reports/{on}?municipality={municipality}")
                found += self._known_now(municipality, on, now)
        return found

    def _placement(self, told: Told) -> None:
        data, name = told.data, told.data["placement"]
        contract = data.get("contract", "none") != "none"
        if told.type == "placements.started":
            self._contracts.setdefault(
                name, _Contract(told.key, contract and data["rung"] == "sheltered_work")
            )
        if name not in self._contracts:
            return
        if told.type == "placements.ended":
            said = _Said(told.at_ms, date.fromisoformat(data["ended_on"]) + timedelta(days=1), ends=True)
        else:
            day = date.fromisoformat(data.get("starts_on") or data["changed_on"])
            ends_on = date.fromisoformat(data["ends_on"]) if data.get("ends_on") else None
            said = _Said(told.at_ms, day, ends_on, contract)
        self._contracts[name].said.append(said)

    def _adds_up(self, told: Told) -> Iterable[Violation]:
        """A report by itself: its parts, its number, and no more contracts than anybody could know of."""
        data = told.data
        on, whose = date.fromisoformat(data["on"]), data["municipality"]
        funds = data["funds"]
        for total, part in (("target", "target"), ("realised", "realised")):
            if Decimal(data[total]) != sum((Decimal(each[part]) for each in funds), Decimal(0)):
                yield Violation("doubled", whose, f"{on}: the funds do not add up to the {total}")
        if data["unit"] == "contracts" and Decimal(data["realised"]) != data["contracts"]:
            yield Violation("doubled", whose, f"{on}: {data['contracts']} contracts fill {data['realised']}")
        for each in funds:
            stated = [n for at, n in self._numbers[each["set_for"], each["fund"]] if at <= told.at_ms]
            if Decimal(each["target"]) not in stated:
                yield Violation("doubled", whose, f"{on}: {each['target']} was no number of {each['fund']}")
        codes = self._codes(whose, on)
        most = sum(
            self._home.get(c.participant) in codes and c.could_count(on, told.at_ms)
            for c in self._contracts.values()
        )
        # Quota has heard of the contracts that it told before to have taken their room.
        least = sum(
            self._home.get(contract.participant) == whose and contract.surely_counts(on, told.at_ms)
            for placement, turn in self._used.items()
            if turn < self._turn[told.id] and (contract := self._contracts.get(placement)) is not None
        )
        if not least <= data["contracts"] <= most:
            what = f"{on}: {data['contracts']} contracts reported, between {least} and {most} can be"
            yield Violation("lost" if data["contracts"] < least else "doubled", whose, what)

    def _known_now(self, whose: str, on: str, shown: dict[str, Any]) -> Iterable[Violation]:
        """The same day, when everything has been said."""
        day = date.fromisoformat(on)
        codes = self._codes(whose, day)
        waits = [standing for said in self._waits.values() if (standing := _standing(said, day))[0] in codes]
        sums = {
            "contracts": sum(
                self._home.get(c.participant) in codes and c.in_force(day) for c in self._contracts.values()
            ),
            "waiting": len(waits),
            "bridged": sum(bridged for _, bridged in waits),
        }
        for name, expected in sums.items():
            if shown["now"][name] != expected:
                counts_as = "lost" if shown["now"][name] < expected else "doubled"
                what = f"{on}: {shown['now'][name]} {name} as known now, {expected} by the log"
                yield Violation(counts_as, whose, what)

    def _codes(self, whose: str, day: date) -> set[str]:
        """The code and all that ended in it by that day, in one step or more."""
        codes = {whose}
        while more := {a for a, b, on in self._mergers if b in codes and on <= day} - codes:
            codes |= more
        return codes


def _standing(said: Iterable[tuple[str, date, str]], day: date) -> tuple[str, bool]:
    """On whose list somebody was at the end of a day, and whether with something to do."""
    whose, bridged = "", False
    for what, on, municipality in said:
        if on <= day:
            if what == "waiting.joined":
                whose, bridged = municipality, False
            elif what == "waiting.left":
                whose = ""
            else:
                bridged = what == "bridges.offered"
    return whose, bridged


def _month_after(on: str) -> date:
    first = date.fromisoformat(on) + timedelta(days=1)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _bare(data: Any) -> Any:
    """Without what says nothing: a field may be left out or null."""
    if isinstance(data, dict):
        return {name: _bare(value) for name, value in data.items() if value is not None}
    return [_bare(each) for each in data] if isinstance(data, list) else data
