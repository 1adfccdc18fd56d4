"""What the services' statements mean: rows of tables, and the few that are more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import asyncpg
import orjson

from services.intake import world as intake
from services.matching import world as matching
from services.notifications import store as notifications
from services.quota import world as quota
from shared.messaging.rows import Table
from tests.delivery.toy import service as toy
from tests.simulation.conditions import CONDITIONS, WITHIN, Condition, Within
from tests.simulation.database import Row, Session, Statement
from tests.simulation.statements import MESSAGING, Book


class _Kept:
    """A table of the services' own kind, with its values as PostgreSQL would give them back."""

    def __init__(self, table: Table[Any], check: Callable[[Row], None]) -> None:
        self.table = table
        self.name = table.name
        self._check = check
        self._jsonb = {
            column for column, sql in zip(table.columns, table._types, strict=True) if sql == "jsonb"
        }

    def statements(self) -> dict[str, Statement]:
        """What `Table` says."""
        found: dict[str, Statement] = {
            self.table._upsert: self._upsert,
            self.table._delete: self._delete,
            self._select("true"): self._where(lambda: lambda _row: True),
        }
        for column in self.table.columns:
            found[self.table.named_by(column)] = self._where(_one_of(column))
        for (table, text), condition in CONDITIONS.items():
            if table is self.table:
                found[self._select(text)] = self._where(condition)
        for (table, text), within in WITHIN.items():
            if table is self.table:
                found[self._select(text)] = self._where_within(within)
        if len(self.table.key) == 1:
            found[self.table.named_by(self.table.key[0])] = self._named
        return found

    def _select(self, condition: str) -> str:
        return f"{self.table._select} WHERE {condition} ORDER BY {', '.join(self.table.key)}"

    def _where(self, condition: Condition) -> Statement:
        async def select(session: Session, *arguments: Any) -> list[list[Any]]:
            return self._those(session.rows(self.name), condition(*arguments))

        return select

    def _where_within(self, within: Within) -> Statement:
        async def select(session: Session, *arguments: Any) -> list[list[Any]]:
            rows = session.rows(self.name)
            return self._those(rows, within(rows.values())(*arguments))

        return select

    async def _named(self, session: Session, keys: Sequence[Any]) -> list[list[Any]]:
        found = [session.row(self.name, _as_stored(key)) for key in sorted(set(keys))]
        return [self._given(row) for row in found if row is not None]

    def _those(self, rows: Mapping[Any, Row], meets: Callable[[Row], bool]) -> list[list[Any]]:
        return [self._given(rows[key]) for key in sorted(key for key, row in rows.items() if meets(row))]

    def _given(self, row: Row) -> list[Any]:
        if not self._jsonb:
            return list(row.values())
        return [
            orjson.loads(value) if column in self._jsonb and value is not None else value
            for column, value in row.items()
        ]

    async def _upsert(self, session: Session, *columns: Sequence[Any]) -> None:
        for values in zip(*columns, strict=True):
            row = {
                column: _as_jsonb(value) if column in self._jsonb else _as_stored(value)
                for column, value in zip(self.table.columns, values, strict=True)
            }
            self._check(row)
            await session.put(self.name, _key(row[column] for column in self.table.key), row)

    async def _delete(self, session: Session, *keys: Sequence[Any]) -> None:
        for parts in zip(*keys, strict=True):
            key = _key(parts)
            if session.row(self.name, key) is not None:
                await session.remove(self.name, key)


def _one_of(column: str) -> Condition:
    def condition(values: Sequence[Any]) -> Callable[[Row], bool]:
        wanted = set(values)
        return lambda row: row[column] in wanted

    return condition


def _key(parts: Iterable[Any]) -> Any:
    key = tuple(_as_stored(part) for part in parts)
    return key if len(key) > 1 else key[0]


def _as_stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str) and type(value) is not str:
        return value.encode().decode()  # a column of text gives text back, whatever enum went in
    return value


def _as_jsonb(text: str | None) -> bytes | None:
    """jsonb keeps no order of keys: the shorter come first, then by bytes."""
    return None if text is None else orjson.dumps(_ordered(orjson.loads(text)))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _ordered(value[k]) for k in sorted(value, key=lambda k: (len(k.encode()), k.encode()))}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


# What is more than rows of a table.


async def _levels(session: Session, municipalities: Sequence[str], days: Sequence[date]) -> list[Row]:
    found: list[Row] = []
    stock = list(session.rows("stock").values())
    for municipality, day in zip(municipalities, days, strict=True):
        funds: dict[str, Row] = {}
        for row in stock:
            if row["municipality"] == municipality:
                fund = row["fund"]
                level = funds.setdefault(
                    fund,
                    {"municipality": municipality, "day": day, "fund": fund}
                    | dict.fromkeys(_STOCK, 0)
                    | {"hours": Decimal(0), "starting_hours": Decimal(0)},
                )
                prefix = "" if row["day"] <= day else "starting_"
                for name in (f"{prefix}contracts", f"{prefix}hours"):
                    level[name] += row[name]
        found += funds.values()
    return found


async def _held(session: Session, municipalities: Sequence[str], since: datetime) -> list[Row]:
    holds = CONDITIONS[quota.RESERVATIONS, _HOLDING](municipalities, since)
    found: dict[tuple[str, datetime | None], Row] = {}
    for row in session.rows("reservations").values():
        if holds(row) and row["state"] != "used":
            where = row["municipality"], row["closed_at"]
            known = found.setdefault(
                where,
                {"municipality": where[0], "closed_at": where[1], "contracts": 0, "hours": Decimal(0)},
            )
            known["contracts"] += 1
            known["hours"] += row["hours"]
    return list(found.values())


_HOLDING: Final = (
    "expires_on IS NOT NULL AND municipality = ANY($1) AND (closed_at IS NULL OR closed_at >= $2)"
)
_STOCK: Final = ("contracts", "hours", "starting_contracts", "starting_hours")


async def _add_stock(session: Session, *columns: Sequence[Any]) -> None:
    for municipality, day, fund, *change in zip(*columns, strict=True):
        key = municipality, day, fund
        await session.lock(("stock", key))
        known = session.row("stock", key) or dict.fromkeys(_STOCK, 0)
        row = {"municipality": municipality, "day": day, "fund": fund}
        row |= {name: known[name] + value for name, value in zip(_STOCK, change, strict=True)}
        await session.put("stock", key, row)


async def _clear_stock(session: Session, *keys: Sequence[Any]) -> None:
    for key in zip(*keys, strict=True):
        row = session.row("stock", key)
        if row is not None and not any(row[name] for name in _STOCK):
            await session.remove("stock", key)


async def _may_come_back(session: Session) -> list[Row]:
    people, found = session.rows("people"), set()
    for row in session.rows("placements").values():
        person = people.get(row["participant"])
        if (row["rung"], row["end_reason"]) == ("sheltered_work", "step-up") and person is not None:
            ended = row["ended_on"]
            if person["stepped"] and ended is not None and person["rung_on"] > ended:
                found.add(row["participant"])
    return [{"participant": participant} for participant in sorted(found)]


async def _parked_of(session: Session, topics: Sequence[str], keys: Sequence[bytes]) -> list[Row]:
    rows = session.rows("parked").values()
    return [row for row in rows if row["topic"] in topics and row["key"] in keys]


async def _keep_receipts(session: Session, *columns: Sequence[Any]) -> None:
    names = ("id", "partner", "state", "event_id", "event_type", "code", "detail", "field", "waits_for")
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        row["waits_for"] = row["waits_for"].split("\x1f") if row["waits_for"] else []
        await session.put("receipts", row["id"], row)


async def _empty_vault(_session: Session, _people: Sequence[str]) -> None:
    """Nobody fills the vault here."""


async def _queue(session: Session, messages: Sequence[str], people: Sequence[str]) -> None:
    for message, person in zip(messages, people, strict=True):
        await session.lock(("jobs", message))
        if session.row("jobs", message) is None:
            number = session.database.next_of("jobs")
            await session.put(
                "jobs",
                message,
                {"notification": message, "participant": person, "seq": number, "attempts": 0},
            )


async def _end_jobs(session: Session, messages: Sequence[str]) -> None:
    for message in messages:
        if session.row("jobs", message) is not None:
            await session.remove("jobs", message)


def _no_room_for_it(row: Row) -> None:
    if row["place"] == toy.UNSAVEABLE:
        raise asyncpg.CheckViolationError('new row for relation "tally" violates "no_room_for_it"')


def _fine(_row: Row) -> None:
    pass


_MORE: Final[Mapping[str, Mapping[str, Statement]]] = {
    "matching": {"SELECT DISTINCT participant FROM placements JOIN people": _may_come_back},
    "toy": {},
    "mended toy": {},
    "quota": {
        "SELECT a.municipality, a.day, s.fund, coalesce(sum(s.contracts) FILTER": _levels,
        "SELECT municipality, closed_at, count(*) AS contracts, sum(hours) AS hours FROM reservations "
        f"WHERE {_HOLDING} AND state <> 'used' GROUP BY municipality, closed_at": _held,
        "INSERT INTO stock AS s": _add_stock,
        "DELETE FROM stock USING unnest": _clear_stock,
    },
    "intake": {
        "SELECT topic, key, waits_for FROM parked WHERE topic = ANY($1) AND key = ANY($2)": _parked_of,
        "INSERT INTO receipts": _keep_receipts,
        "DELETE FROM vault WHERE participant = ANY($1)": _empty_vault,
    },
    "notifications": {
        "INSERT INTO jobs (notification, participant)": _queue,
        "DELETE FROM jobs WHERE notification = ANY($1)": _end_jobs,
    },
}

_TABLES: Final[Mapping[str, Sequence[Table[Any]]]] = {
    "matching": tuple(matching.TABLES.values()),
    "quota": (
        quota.TARGETS,
        quota.POLICIES,
        quota.MERGERS,
        quota.DOMICILES,
        quota.PLACEMENTS,
        quota.STATEMENTS,
        quota.EARMARKS,
        quota.SPELLS,
        quota.WAITS,
        quota.RESERVATIONS,
        quota.CAPACITIES,
        quota.REPORTS,
    ),
    "intake": (intake.KNOWN, intake.DEADLINES),
    "notifications": (notifications.PEOPLE, notifications.TIDINGS, notifications.MESSAGES),
    "toy": (toy.TALLY,),
    "mended toy": (toy.TALLY,),
}


def book_of(service: str) -> Book:
    """All that a service may say to its database."""
    exactly: dict[str, Statement] = {}
    for table in _TABLES[service]:
        exactly |= _Kept(table, _no_room_for_it if service == "toy" else _fine).statements()
    return Book({**MESSAGING, **_MORE[service]}, exactly)
