"""Never over the room: at no grant is more held and in use than the number allows, by what all could know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_BACK = timedelta(days=30)
_CLOSES = frozenset({"reservations.released", "reservations.expired", "reservations.used"})


@dataclass(slots=True)
class _Contract:
    """Last days that were stated of a contract, None for none, and when its end was stated."""

    ends: list[date | None] = field(default_factory=list)
    ended_ms: int | None = None

    def surely_counts(self, on: date, at_ms: int) -> bool:
        """True when nothing that was stated so far, in any order, lets it not count on that day."""
        if self.ended_ms is not None and self.ended_ms <= at_ms:
            return False
        return all(end is None or end >= on for end in self.ends)

    def is_over(self, on: date, at_ms: int) -> bool:
        """True when it counts on no day that can still be asked about; the clock goes back by days only."""
        if self.ended_ms is not None and self.ended_ms <= at_ms:
            return True
        return any(end is not None and end < on - _BACK for end in self.ends)


class WithinTheRoom:
    """Keeps a ledger of its own, in the order of the quota stream.

    It counts only what surely takes room: grants that are still open, and contracts that used theirs and
    that nobody has ended; and it lets a number hold until quota itself has told a later one, in an event
    that stands before the grant. So whatever it says to be too much is too much.
    """

    def __init__(self) -> None:
        self._decisions: list[Told] = []
        self._numbers: dict[int, dict[str, list[tuple[int, Decimal]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._heard: dict[tuple[int, str], int] = defaultdict(int)
        self._contracts: dict[str, _Contract] = defaultdict(_Contract)

    def see(self, told: Told) -> None:
        """Note numbers, contracts and decisions."""
        if not told.first or told.stream == "inbox":
            return
        data = told.data
        if told.type == "targets.set":
            of_fund = self._numbers[data["year"]][data["fund"]]
            of_fund.append((told.at_ms, Decimal(data["number"])))
        elif told.type in {"placements.started", "placements.changed"}:
            ends = data.get("ends_on")
            self._contracts[data["placement"]].ends.append(date.fromisoformat(ends) if ends else None)
        elif told.type == "placements.ended":
            self._contracts[data["placement"]].ended_ms = told.at_ms
        elif told.stream == "quota" and told.type.startswith(("reservations.", "capacity.")):
            self._decisions.append(told)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Grants for which there was no room."""
        del evidence
        held: dict[str, Told] = {}
        used: dict[str, str] = {}
        found = []
        for told in self._decisions:
            if told.type == "capacity.changed":
                self._hear(told)
                continue
            name = told.data["reservation"]
            if told.type == "reservations.granted":
                held[name] = told
                on = datetime.fromisoformat(told.time).astimezone(_AMSTERDAM).date()
                # What has ended counts at no later grant either; looking at it again and again takes hours.
                over = [name for name, p in used.items() if self._contracts[p].is_over(on, told.at_ms)]
                for each in over:
                    del used[each]
                contracts = [p for p in used.values() if self._contracts[p].surely_counts(on, told.at_ms)]
                room = self._room(told.data["year"], told.at_ms)
                if len(held) + len(contracts) > room:
                    what = f"{len(held)} held and {len(contracts)} in use, with room for {room}"
                    lines = [str(each) for each in held.values()]
                    found.append(Violation("over_room", name, what, [*lines, f"contracts: {contracts}"]))
            elif told.type in _CLOSES:
                held.pop(name, None)
                if told.type == "reservations.used":
                    used[name] = told.data["placement"]
        return found

    def _hear(self, told: Told) -> None:
        """Quota goes by the first number that says what it told, or by one that came after it."""
        year = told.data["year"]
        for part in told.data["funds"]:
            said = self._numbers[year][part["fund"]]
            heard = self._heard[year, part["fund"]]
            target = Decimal(part["target"])
            later = (n for n in range(heard, len(said)) if said[n][1] == target)
            self._heard[year, part["fund"]] = next(later, heard)

    def _room(self, year: int, at_ms: int) -> Decimal:
        # The highest number since the one that quota surely knew: a lower one may not have been heard yet.
        return sum(
            (
                max((n for at, n in said[self._heard[year, fund] :] if at <= at_ms), default=Decimal(0))
                for fund, said in self._numbers[year].items()
            ),
            Decimal(0),
        )
