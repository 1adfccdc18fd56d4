"""The bare loop: the rows and events of one service in the same batches, and no checks at all.

It knows by its topic what a record is, reads the person from the key (where that is the municipality, it
counts records), and writes for every person the rows that our service left for one: consume, one
transaction a batch, produce, delete, commit. No JSON is read, nothing is validated, looked up, decided,
locked or parked. What no service could do with less.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from tests.bench.workload import PERSON, SOURCES

BATCH: Final = 500
_DIGEST: Final = bytes(16)

WRITES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "intake": {
        "menso.inbox": ("known", "deadlines", "receipts"),
        "uwv.inbox": ("known", "receipts"),
        "gemeente-emmen.inbox": ("known", "receipts"),
    },
    "matching": {
        "menso.intake": ("people", "steps"),
        "menso.profiles": ("profiles", "profile_versions"),
        "uwv.intake": ("advices",),
        "gemeente-emmen.intake": ("decisions", "waiting"),
    },
    "quota": {
        "menso.matching": ("reservations",),
        "emco.intake": ("placements", "statements", "spells", "stock", "reservations"),
    },
    "notifications": {
        "gemeente-emmen.intake": ("tidings", "messages", "jobs"),
        "menso.matching": ("tidings", "messages", "jobs"),
    },
}
"""Of each service, by topic, the tables that a record leaves a row in."""

ANSWERS: Final[Mapping[str, Mapping[str, str]]] = {
    "intake": {
        "menso.inbox": "menso.intake",
        "uwv.inbox": "uwv.intake",
        "gemeente-emmen.inbox": "gemeente-emmen.intake",
    },
    "matching": {"gemeente-emmen.intake": "menso.matching"},
    "quota": {"menso.matching": "gemeente-emmen.quota", "emco.intake": "gemeente-emmen.quota"},
    "notifications": {
        "gemeente-emmen.intake": "gemeente-emmen.notifications",
        "menso.matching": "gemeente-emmen.notifications",
    },
}
"""Of each service, by topic, where a record is answered with one event."""

COUNTED: Final = frozenset({("quota", "menso.matching")})
"""Service and topic where the key is the municipality: the first record is of the first person, and so on."""


@dataclass(frozen=True, slots=True)
class Template:
    """One row as our service wrote it, to be written again for everybody."""

    statement: str
    values: tuple[Any, ...]
    unique: tuple[bool, ...]
    person: str

    def columns(self, keys: Sequence[str], topic: str) -> list[list[Any]]:
        """The values of each column: a row for every key, or one row where it is of nobody in particular."""
        if not any(isinstance(value, str) and self.person in value for value in self.values):
            return [[value] for value in self.values]
        return [
            [f"{topic}/{key}" for key in keys]
            if unique and self.person not in value
            else [value.replace(self.person, key) for key in keys]
            if isinstance(value, str) and self.person in value
            else [value] * len(keys)
            for value, unique in zip(self.values, self.unique, strict=True)
        ]


async def main() -> None:
    """Run until killed."""
    stage, prefix = os.environ["STAGE"], os.environ["TOPIC_PREFIX"]
    topics = list(WRITES[stage])
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    templates = await _templates(stage, os.environ["MODEL_DATABASE_URL"], os.environ["MODEL_PERSON"])
    answer = os.urandom(int(os.environ["ANSWER_BYTES"]))
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, linger_ms=1, max_batch_size=256 * 1024
    )
    consumer = AIOKafkaConsumer(
        *[f"{prefix}.{topic}" for topic in topics],
        bootstrap_servers=servers,
        group_id=f"{prefix}.bare-{stage}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        session_timeout_ms=30_000,
    )
    await producer.start()
    await consumer.start()
    print("rival reads", flush=True)  # noqa: T201 - who measures waits for it
    while True:
        batches = await consumer.getmany(timeout_ms=20, max_records=BATCH)
        keys: dict[str, list[str]] = defaultdict(list)
        for partition, records in batches.items():
            topic = partition.topic.removeprefix(f"{prefix}.")
            keys[topic] += map(_number if (stage, topic) in COUNTED else _key, records)
        if not keys:
            continue
        async with connection.transaction():
            await _write(connection, keys, templates, prefix, ANSWERS[stage], answer)
        waiting = await connection.fetch("SELECT id, topic, key, payload FROM outbox ORDER BY id")
        sent = [await producer.send(row["topic"], row["payload"], key=row["key"]) for row in waiting]
        await asyncio.gather(*sent)
        if waiting:
            await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in waiting])
        await consumer.commit()


def _key(record: ConsumerRecord) -> str:
    return str(record.key, "ascii")


def _number(record: ConsumerRecord) -> str:
    return f"{PERSON}{record.offset:07d}"


async def _write(
    connection: Any,
    keys: Mapping[str, list[str]],
    templates: Mapping[str, Template],
    prefix: str,
    answers: Mapping[str, str],
    answer: bytes,
) -> None:
    stage_writes = WRITES[os.environ["STAGE"]]
    ids = [
        (SOURCES.get(topic.partition(".")[0], ""), f"{topic}-{key}") for topic in keys for key in keys[topic]
    ]
    await connection.execute(
        "INSERT INTO inbox (source, id, digest) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) "
        "ON CONFLICT DO NOTHING",
        [source for source, _ in ids],
        [id_ for _, id_ in ids],
        [_DIGEST] * len(ids),
    )
    for topic, of_topic in keys.items():
        for table in stage_writes[topic]:
            template = templates[table]
            await connection.execute(template.statement, *template.columns(of_topic, topic))
    outbox = [
        (f"{prefix}.{to}", key.encode(), answer)
        for topic, to in answers.items()
        for key in keys.get(topic, ())
    ]
    if outbox:
        await connection.copy_records_to_table("outbox", columns=["topic", "key", "payload"], records=outbox)


async def _templates(stage: str, dsn: str, person: str) -> dict[str, Template]:
    """What our service wrote for one person, table by table."""
    model = await asyncpg.connect(dsn)
    try:
        tables = sorted({table for tables in WRITES[stage].values() for table in tables})
        return {table: await _template(model, table, person) for table in tables}
    finally:
        await model.close()


async def _template(model: Any, table: str, person: str) -> Template:
    columns = await model.fetch(
        "SELECT column_name::text AS name, udt_name::text AS type, EXISTS (SELECT FROM pg_index i "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
        "WHERE i.indisprimary AND i.indrelid = table_name::regclass AND a.attname = column_name) AS key "
        "FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public' "
        "AND is_identity = 'NO' AND column_default IS NULL ORDER BY ordinal_position",
        table,
    )
    names = [column["name"] for column in columns]
    keys = [column["name"] for column in columns if column["key"]]
    others = [name for name in names if name not in keys]
    # An array of arrays cannot be unnested, so lists travel as text, and JSON as our service sends it.
    as_text = {"jsonb", "_text"}
    arrays = ", ".join(
        f"${n}::{'text' if column['type'] in as_text else column['type']}[]"
        for n, column in enumerate(columns, 1)
    )
    selected = ", ".join(
        f"{column['name']}::{column['type']}" if column["type"] in as_text else column["name"]
        for column in columns
    )
    update = ", ".join(f"{name} = excluded.{name}" for name in others)
    shown = ", ".join(
        f"{column['name']}::text" if column["type"] in as_text else column["name"] for column in columns
    )
    # The person's, where the table has one; else any, as it is of nobody in particular.
    row = await model.fetchrow(
        f"SELECT {shown} FROM {table} t ORDER BY strpos(t::text, $1) = 0 LIMIT 1", person
    )
    return Template(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {selected} FROM unnest({arrays}) "
        f"AS new ({', '.join(names)}) ON CONFLICT ({', '.join(keys)}) "
        f"DO {f'UPDATE SET {update}' if update else 'NOTHING'}",
        tuple(row),
        tuple(column["key"] and column["type"] == "text" for column in columns),
        person,
    )


if __name__ == "__main__":
    asyncio.run(main())
