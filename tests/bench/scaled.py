"""What a small real run left, a thousand times: databases and logs of a million people, not made by hand.

The people of a small run are numbered below a thousand, so a copy needs another front of the number only.
Ids that are derived (UUIDs) get other last figures. Rows and records of nobody in particular, such as
policies, are there once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

import asyncpg

from tests.bench.workload import PERSON, Sent

SMALL: Final = 1_000
"""People in the run that is copied."""
_FRONT: Final = f"{PERSON}0000"
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_DERIVED_SQL: Final = "^[0-9a-f-]{32,36}$"
"""UUIDs, and fingerprints as receipts have them."""
_OF_THE_MOMENT: Final = ("outbox", "parked", "parked_names", "dead_letters", "dead_letters_settled", "jobs")
"""Tables that are empty when a service is at rest."""


async def fill(dsn: str, model: str, copies: int) -> dict[str, int]:
    """Fill a database with what the model holds, so many times; rows by table.

    Args:
        dsn: a database with the tables of the same service, and nothing in them.
        model: the database of the small run, at rest.

    Raises:
        RuntimeError: a copy is not another row; then the tables have something this module does not know.
    """
    source, target = await asyncpg.connect(model), await asyncpg.connect(dsn)
    try:
        await target.execute("SET synchronous_commit = off")
        rows = {name: await _copy(source, target, name, copies) for name in await _tables(source)}
        await target.execute("VACUUM (ANALYZE)")
        await target.execute("CHECKPOINT")
        return {name: count for name, count in rows.items() if count}
    finally:
        await source.close()
        await target.close()


async def of_people(dsn: str) -> dict[str, int]:
    """How many rows of people each table has; no table of the moment, and not the inbox."""
    connection = await asyncpg.connect(dsn)
    try:
        return {
            name: await connection.fetchval(
                f"SELECT count(*) FROM {name} t WHERE t::text ~ '{PERSON}[0-9]{{7}}'"
            )
            for name in await _tables(connection)
            if name != "inbox"
        }
    finally:
        await connection.close()


async def _tables(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public' "
        "AND table_name <> ALL($1) AND table_name NOT LIKE '%migration%' ORDER BY 1",
        list(_OF_THE_MOMENT),
    )
    return [row["name"] for row in rows]


async def _copy(source: Any, target: Any, table: str, copies: int) -> int:
    columns = await source.fetch(
        "SELECT column_name::text AS name, udt_name::text AS type FROM information_schema.columns "
        "WHERE table_name = $1 AND table_schema = 'public' AND is_identity = 'NO' ORDER BY ordinal_position",
        table,
    )
    names = [column["name"] for column in columns]
    data = BytesIO()
    await source.copy_from_query(f"SELECT {', '.join(names)} FROM {table}", output=data)
    data.seek(0)
    # What a migration put there is in the model as well.
    await target.execute(f"DELETE FROM {table}")
    await target.execute(f"CREATE TEMP TABLE model AS SELECT {', '.join(names)} FROM {table} WITH NO DATA")
    await target.copy_to_table("model", source=data, columns=names)
    derived = [
        column["name"]
        for column in columns
        if column["type"] == "text"
        and await target.fetchval(f"SELECT bool_and({column['name']} ~ $1) FROM model", _DERIVED_SQL)
    ]
    of_somebody = f"model::text LIKE '%{_FRONT}%'"
    expected = await target.fetchval(
        f"SELECT count(*) + {copies - 1} * count(*) FILTER (WHERE {of_somebody}) FROM model"
    )
    values = [_value(column["name"], column["type"], derived=column["name"] in derived) for column in columns]
    done = await target.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM generate_series(0, {copies - 1}) AS g, model "
        f"WHERE g = 0 OR {of_somebody} ON CONFLICT DO NOTHING"
    )
    await target.execute("DROP TABLE model")
    rows = int(done.rpartition(" ")[2])
    if rows != expected:
        raise RuntimeError(f"{table}: {rows} rows where {expected} were meant; two copies are the same")
    return rows


def _value(name: str, kind: str, *, derived: bool) -> str:
    if derived:
        return f"CASE WHEN g = 0 THEN {name} ELSE left({name}, -12) || lpad(to_hex(g), 12, '0') END"
    if kind not in {"text", "jsonb", "_text"}:
        return name
    # What was measured before must not be counted among what is measured now.
    text = f"replace({name}::text, '{_FRONT}', '{PERSON}' || lpad(g::text, 4, '0'))"
    return f"replace({text}, ':bench', ':before')::{kind}"


def records(model: Sequence[Sent], copies: int) -> Iterator[Sent]:
    """The records of a small run, so many times, one run after the other."""
    return (record for record in rounds([model], copies) if record is not None)


def rounds(models: Sequence[Sequence[Sent]], copies: int) -> Iterator[Sent | None]:
    """The records of a small run, so many times; None after each of its rounds."""
    found = [[(record, _UUID.findall(record.value)) for record in model] for model in models]
    of_somebody = [[pair for pair in model if _FRONT.encode() in pair[0].value] for model in found]
    for number in range(copies):
        for model in of_somebody if number else found:
            yield from _once(model, number)
            yield None


def _once(model: Iterable[tuple[Sent, Sequence[bytes]]], number: int) -> Iterator[Sent]:
    front, new = _FRONT.encode(), f"{PERSON}{number:04d}".encode()
    last = f"{number:012x}".encode()
    for record, ids in model:
        value = record.value.replace(front, new)
        for each in ids if number else ():
            value = value.replace(each, each[:24] + last)
        yield Sent(record.topic, record.key.replace(front, new), value)
