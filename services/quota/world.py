"""What a batch has in hand of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from services.quota.rules import reservations
from services.quota.rules.capacity import Stated
from services.quota.rules.contracts import Placement, Statement
from services.quota.rules.domicile import Domicile
from services.quota.rules.earmarks import Earmark
from services.quota.rules.held import Held
from services.quota.rules.mergers import Merger, successor, whole
from services.quota.rules.numbers import Number, Target, numbers
from services.quota.rules.policies import Counting, Policy, Tally, counting
from services.quota.rules.reported import Report
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.room import Room, room
from services.quota.rules.spells import Spell, current, spells
from services.quota.rules.stock import NO_CHANGE, Change, Stock
from services.quota.rules.waiting import Wait
from shared.messaging.rows import Key, Rows, Table

R = TypeVar("R", bound=Struct)

TARGETS: Final = Table("targets", Target, "municipality", "year", "fund", "version")
POLICIES: Final = Table("policies", Policy, "municipality", "kind", "version")
DOMICILES: Final = Table("domiciles", Domicile, "participant", "fact")
PLACEMENTS: Final = Table("placements", Placement, "placement")
STATEMENTS: Final = Table("statements", Statement, "placement", "number")
EARMARKS: Final = Table("earmarks", Earmark, "placement", "municipality", "number")
SPELLS: Final = Table("spells", Spell, "placement", "from_on", "known_from")
MERGERS: Final = Table("mergers", Merger, "predecessor", "municipality", "merged_on")
WAITS: Final = Table("waits", Wait, "participant", "number")
REPORTS: Final = Table("reports", Report, "municipality", "day")
RESERVATIONS: Final = Table("reservations", Reservation, "reservation")
CAPACITIES: Final = Table("capacities", Stated, "municipality", "year")


Groups: TypeAlias = Mapping[str, Callable[[Any], str | None]]
"""What a row belongs to, by name; None keeps it out."""

BY_MUNICIPALITY: Final[Groups] = {"municipality": lambda row: row.municipality}
BY_PARTICIPANT: Final[Groups] = {"participant": lambda row: row.participant}
BY_PLACEMENT: Final[Groups] = {"placement": lambda row: row.placement}
BY_WHAT_THEY_HOLD: Final[Groups] = {
    "holding": lambda row: row.municipality if row.expires_on is not None else None,
    "granted": lambda row: row.participant if row.state is State.GRANTED else None,
    "took": lambda row: row.placement,
}


class Book(Rows[R]):
    """Rows that can also be had by something they belong to, in the order in which they came.

    Attributes:
        turn: goes up with each change, so that what was made of the rows can be made anew.
    """

    def __init__(self, table: Table[R], groups: Groups, rows: Iterable[R] = ()) -> None:
        super().__init__(table)
        self.turn = 0
        self._key_of = table.key_of
        self._groups = groups
        self._of: defaultdict[tuple[str, str], dict[Key, R]] = defaultdict(dict)
        for row in rows:
            key = self._key_of(row)
            self._rows[key] = row
            self._enter(key, None, row)

    def put(self, row: R) -> None:
        """Add the row, or put it in place of the one with the same key."""
        key = self._key_of(row)
        old = self.get(key)
        if old == row:
            return
        self.turn += 1
        self._rows[key] = row
        self._touched[key] = None
        self._enter(key, old, row)

    def drop(self, key: Key) -> None:
        """Forget the row."""
        row = self.get(key)
        if row is None:
            return
        self.turn += 1
        super().drop(key)
        for name, group_of in self._groups.items():
            group = group_of(row)
            if group is not None:
                del self._of[name, group][key]

    def of(self, group: str, value: str) -> list[R]:
        """The rows that belong to `value`."""
        return list(self._of[group, value].values()) if (group, value) in self._of else []

    def _enter(self, key: Key, old: R | None, row: R) -> None:
        for name, group_of in self._groups.items():
            group = group_of(row)
            was = None if old is None else group_of(old)
            if was is not None and was != group:
                del self._of[name, was][key]
            if group is not None:
                self._of[name, group][key] = row


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was laid down for a municipality's year, as it holds on a day.

    Attributes:
        codes: those that make up the municipality.
        numbers: the year's number of each fund.
        counting: how contracts are held against them.
    """

    codes: tuple[str, ...]
    numbers: tuple[Number, ...]
    counting: Counting


@dataclass(slots=True)
class World:
    """The part of the ledger that a batch touches; all of it, when made without arguments.

    Attributes:
        serves: municipalities whose ledger this is; None while the registry does not know the operator.
    """

    serves: frozenset[str] | None = None
    targets: Book[Target] = field(default_factory=lambda: Book(TARGETS, BY_MUNICIPALITY))
    policies: Book[Policy] = field(default_factory=lambda: Book(POLICIES, BY_MUNICIPALITY))
    mergers: Book[Merger] = field(default_factory=lambda: Book(MERGERS, {}))
    domiciles: Book[Domicile] = field(default_factory=lambda: Book(DOMICILES, BY_PARTICIPANT))
    placements: Book[Placement] = field(default_factory=lambda: Book(PLACEMENTS, BY_PARTICIPANT))
    statements: Book[Statement] = field(default_factory=lambda: Book(STATEMENTS, BY_PLACEMENT))
    earmarks: Book[Earmark] = field(default_factory=lambda: Book(EARMARKS, BY_PLACEMENT))
    spells: Book[Spell] = field(default_factory=lambda: Book(SPELLS, BY_PARTICIPANT))
    waits: Book[Wait] = field(default_factory=lambda: Book(WAITS, BY_PARTICIPANT))
    reservations: Book[Reservation] = field(default_factory=lambda: Book(RESERVATIONS, BY_WHAT_THEY_HOLD))
    capacities: Rows[Stated] = field(default_factory=lambda: Rows(CAPACITIES))
    reports: Rows[Report] = field(default_factory=lambda: Rows(REPORTS))
    stock: Stock = field(default_factory=Stock)
    held: Held = field(default_factory=Held)
    _adopted: dict[tuple[str, int, date], Adopted] = field(default_factory=dict)
    _adopted_at: tuple[int, int, int] = (0, 0, 0)

    def reserve(self, reservation: Reservation) -> None:
        """Enter a reservation as it stands now, and what it holds."""
        self.held.replace(self.reservations.get(reservation.reservation), reservation)
        self.reservations.put(reservation)

    def took_room(self, placement: str) -> None:
        """Enter when a contract took the room that was held for it; that changes nothing of what counts."""
        known = self.placements.get(placement)
        if known is None:
            return
        took_at = reservations.took_at(self.reservations.of("took", placement))
        for spell in self.spells.of("participant", known.participant):
            if spell.placement == placement:
                self.spells.put(replace(spell, took_at=took_at))

    def recount(self, participant: str) -> None:
        """Enter where and when the person's contracts count, after a fact about them came in."""
        before = self.spells.of("participant", participant)
        lived = self.domiciles.of("participant", participant)
        after = [
            spell
            for placement in self.placements.of("participant", participant)
            for spell in spells(
                placement,
                self.statements.of("placement", placement.placement),
                lived,
                self.earmarks.of("placement", placement.placement),
                reservations.took_at(self.reservations.of("took", placement.placement)),
            )
        ]
        self.stock.replace(current(before), current(after))
        kept = {SPELLS.key_of(spell) for spell in after}
        for spell in before:
            if SPELLS.key_of(spell) not in kept:
                self.spells.drop(SPELLS.key_of(spell))
        for spell in after:
            self.spells.put(spell)

    def valid(self, day: date) -> list[str]:
        """The municipalities of this ledger by the codes that are valid on the day, in order."""
        known = list(self.mergers)
        return sorted({successor(known, municipality, day) for municipality in self.serves or ()})

    def adopted(self, municipality: str, year: int, day: date) -> Adopted:
        """What holds for a municipality's year on a day; worked out once, until anything of it is stated."""
        stated = self.targets.turn, self.policies.turn, self.mergers.turn
        if stated != self._adopted_at:
            self._adopted, self._adopted_at = {}, stated
        asked = municipality, year, day
        if asked not in self._adopted:
            made_of = whole(list(self.mergers), municipality, day)
            targets = [t for code in made_of.codes for t in self.targets.of("municipality", code)]
            found = numbers(targets, year, made_of)
            adopted = self.policies.of("municipality", municipality)
            self._adopted[asked] = Adopted(made_of.codes, found, counting(adopted, found, day))
        return self._adopted[asked]

    def level(self, codes: Iterable[str], day: date) -> dict[str, Change]:
        """Contracts in force and agreed to start, by fund, for all that a municipality is made of."""
        found: dict[str, Change] = {}
        for code in codes:
            for fund, change in self.stock.level(code, day).items():
                found[fund] = found.get(fund, NO_CHANGE) + change
        return found

    def holding(self, codes: Iterable[str]) -> list[Reservation]:
        """Reservations that may hold room under the number; a tick looks at each of them."""
        return [r for code in codes for r in self.reservations.of("holding", code)]

    def room(self, adopted: Adopted, day: date, held: Tally) -> Room:
        """The room under the year's number on that day, with this much held."""
        occupied = {fund: c.in_force + c.starting for fund, c in self.level(adopted.codes, day).items()}
        return room(adopted.numbers, adopted.counting, occupied, held)
