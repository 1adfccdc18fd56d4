"""The ledger on a real PostgreSQL: the same as in memory, and one winner for the last place."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from importlib import resources
from random import Random
from typing import Any, Final

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.quota import asking, outlook
from services.quota.handlers import Quota
from services.quota.outlook import Contracts
from services.quota.rules.figures import Question
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import State
from services.quota.rules.spells import Spell
from services.quota.rules.stock import Change
from services.quota.world import World
from shared.contracts import AnsweredBy, Fund, ProposalDeclined, WaitingLeaveReason, WaitingLeft
from shared.messaging import database as db
from shared.messaging.event import Event, encode
from shared.messaging.registry import save_partner
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Status
from tests.bench_rules.quota import FILL
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    bridged,
    ended,
    moved,
    number,
    registered,
    started,
    waits,
)
from tests.quota.support import (
    EVERY_TABLE,
    OPERATOR,
    REGISTRY,
    TOPICS,
    Speaker,
    at,
    basis_of,
    by_key,
    figures_in,
    state_of,
)
from tests.quota.test_interleaving import Story, interleaved, stories

CLAIMS: Final = int(os.environ.get("QUOTA_CLAIMS", "300"))
"""Claims on the last place; 10,000 by hand: `QUOTA_CLAIMS=10000 pytest -k last_place tests/quota`."""

DAY: Final = date(2021, 3, 1)


@asynccontextmanager
async def opened(dsn: str, size: int = 2) -> AsyncIterator[asyncpg.Pool[Any]]:
    """A pool on a database that has the ledger's tables and knows the partners."""
    pool = await db.open_pool(dsn, size=size, wait_s=30)
    try:
        await db.migrate(pool, "services.quota")
        for partner in REGISTRY.partners.values():
            await save_partner(pool, partner)
        yield pool
    finally:
        await db.close_pool(pool)


def runner(pool: asyncpg.Pool[Any]) -> Runner[World]:
    return Runner(Quota(OPERATOR), pool, TOPICS, operator=OPERATOR, scenario=True)


def records(events: list[Event]) -> list[Record]:
    """The events as Kafka would bring them."""
    return [
        Record(TOPICS.of(e.partner, e.stream), encode(e), e.key.encode(), 0, n) for n, e in enumerate(events)
    ]


async def state_in(pool: asyncpg.Pool[Any]) -> dict[str, Any]:
    """All tables, in the form that `state_of` gives of a world."""
    async with pool.acquire() as connection:
        state: dict[str, Any] = {t.name: by_key(t, await t.all(connection)) for t in EVERY_TABLE}
        rows = await connection.fetch("SELECT * FROM stock")
    state["stock"] = {
        (row["municipality"], row["day"], row["fund"]): Change(
            Tally(row["contracts"], row["hours"]), Tally(row["starting_contracts"], row["starting_hours"])
        )
        for row in rows
    }
    return state


async def empty(pool: asyncpg.Pool[Any]) -> None:
    tables = [*Quota.tables, "inbox", "outbox", "parked", "dead_letters", "clock"]
    await pool.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=stories(), random=st.randoms(use_true_random=False))
async def test_any_story_in_any_batches_leaves_in_the_tables_what_it_leaves_in_memory(
    database: str, story: Story, random: Random
):
    async with opened(database) as pool:
        await empty(pool)
        service = runner(pool)
        for part in story.parts:
            events = interleaved(part, random)
            while events:
                size = random.randrange(1, len(events) + 1)
                await service.process(records(events[:size]))
                events = events[size:]
        assert await state_in(pool) == state_of(story.ledger.world)
        payloads = {row["payload"] for row in await pool.fetch("SELECT payload FROM outbox")}
        assert payloads == {encode(event) for event in story.ledger.stated}
        assert await pool.fetchval("SELECT count(*) FROM parked") == len(story.ledger.parked)
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 0
        for on, known_on in asked_of(story, random):
            async with pool.acquire() as connection:
                shown = await asking.figures_of(connection, EMMEN, on, known_on)
                question = Question.of(on, min(on, known_on or on))
                codes = list(basis_of(story.ledger.world, EMMEN).codes(question))
                contracts = await outlook.contracts_of(connection, codes, on, question.agreed)
            assert shown == figures_in(story.ledger.world, on, known_on)
            assert contracts == contracts_in(story.ledger.world, codes, question)


def contracts_in(world: World, codes: list[str], question: Question) -> Contracts:
    """What the forecast looks at, contract by contract."""
    moment, on, last = question.agreed, question.on, date(question.on.year, 12, 31)
    since = on - timedelta(days=365)
    of: dict[str, list[Spell]] = {}
    for s in sorted(world.spells, key=lambda s: s.from_on):
        known = s.known_from < moment and (s.known_until is None or s.known_until >= moment)
        if known and s.municipality in codes:
            of.setdefault(s.placement, []).append(s)
    sums = dict.fromkeys(("in_force", "starting", "stopping", "running_out"), NOTHING)
    counts = dict.fromkeys(("started", "stopped", "continued", "ran_out"), 0)
    for spells in of.values():
        for s in spells:
            starts = s.first and on < s.from_on <= last and (s.until_on is None or s.until_on >= last)
            sums["starting"] += s.period.tally if starts else NOTHING
            sums["in_force"] += s.period.tally if s.period.covers(on) else NOTHING
            counts["started"] += s.first and since < s.from_on <= on
        counts["continued"] += any(
            _went_on(s, spells) for s in spells if s.ends_on and since <= s.ends_on < on
        )
        end = spells[-1]
        as_planned = end.until_on == end.ends_on
        if end.until_on is not None and end.from_on <= on <= end.until_on < last:
            sums["running_out" if as_planned else "stopping"] += end.period.tally
        if end.until_on is not None and since <= end.until_on < on:
            counts["ran_out" if as_planned else "stopped"] += 1
    return Contracts(
        in_force=sums["in_force"],
        starting=sums["starting"],
        stopping=sums["stopping"],
        running_out=sums["running_out"],
        started=counts["started"],
        stopped=counts["stopped"],
        continued=counts["continued"],
        ran_out=counts["ran_out"],
    )


def _went_on(planned: Spell, spells: list[Spell]) -> bool:
    """It ran until its planned last day, and on the day after the contract still stood."""
    assert planned.ends_on is not None
    if planned.until_on is None or planned.until_on > planned.ends_on:
        return False
    day_after = planned.ends_on + timedelta(days=1)
    return any(s.period.covers(day_after) for s in spells if s.from_on > planned.from_on)


def asked_of(story: Story, random: Random) -> list[tuple[date, date | None]]:
    """Days of the story, and days on which they may have been known."""

    def day() -> date:
        return date(2020, 12, 1) + timedelta(days=random.randrange(-60, 160))

    return [(story.day, None), (date(2020, 12, 31), None)] + [(day(), day()) for _ in range(8)]


async def test_many_claims_on_the_last_place_through_several_instances_have_one_winner(database: str):
    instances = 4
    async with opened(database, size=2) as first:
        speaker = Speaker()
        full_but_one = [speaker.event(number(2021, 3), at(date(2021, 1, 1)))]
        for n in (1, 2):
            full_but_one += [
                speaker.event(registered(f"p-{n}"), at(date(2021, 1, 1))),
                speaker.event(started(f"p-{n}", date(2021, 1, 1)), at(date(2021, 1, 2))),
            ]
        await runner(first).process(records(full_but_one))

        claims = records(
            [
                speaker.event(asked(f"c-{n}", DAY, rank=n + 1, waiting_before=n), at(DAY))
                for n in range(CLAIMS)
            ]
        )
        pools = [await db.open_pool(database, size=4, wait_s=30) for _ in range(instances)]
        try:
            runners = [runner(pool) for pool in pools]
            # Every claim is read by two instances, as happens when partitions move.
            batches = _batches(claims, Random(1)) + _batches(claims, Random(2))
            Random(3).shuffle(batches)
            outcomes = await asyncio.gather(
                *(runners[n % instances].process(batch) for n, batch in enumerate(batches))
            )
        finally:
            for pool in pools:
                await db.close_pool(pool)

        statuses = Counter(outcome.status for batch in outcomes for outcome in batch)
        assert statuses == {Status.ACCEPTED: CLAIMS, Status.DUPLICATE: CLAIMS}
        states = Counter(
            {
                State(row["state"]): row["n"]
                for row in await first.fetch("SELECT state, count(*) AS n FROM reservations GROUP BY state")
            }
        )
        assert states == {State.GRANTED: 1, State.REFUSED: CLAIMS - 1}
        answers = await first.fetch("SELECT payload FROM outbox")
        granted = [row for row in answers if b"reservations.granted" in row["payload"]]
        assert (len(answers), len(granted)) == (CLAIMS, 1)


def _batches(claims: list[Record], random: Random) -> list[list[Record]]:
    """Cut into batches of a few, in any order."""
    left, cut = list(claims), []
    while left:
        size = random.randrange(1, 8 if CLAIMS < 1000 else 60)
        cut.append(left[:size])
        left = left[size:]
    return cut


async def test_a_level_that_was_not_loaded_is_an_error_and_never_an_empty_ledger(database: str):
    async with opened(database) as pool, pool.acquire() as connection:
        world = await Quota(OPERATOR).load(connection, [], REGISTRY)
        with pytest.raises(KeyError):
            world.stock.level(EMMEN, DAY)


async def test_a_batch_reads_what_it_touches_and_no_table_from_end_to_end(database: str):
    """Counted by PostgreSQL itself; with many contracts known, for with few a whole table is read sooner."""
    known = 20_000
    speaker = Speaker()
    touching = [
        registered("new", DAY),
        moved("p-7", DAY, COEVORDEN),
        started("p-8", DAY, placement="pl-new"),
        ended("pl-9", "p-9", DAY),
        assigned("pl-10", Fund.COUNCIL, DAY),
        asked("p-11", DAY),
        ProposalDeclined(
            proposal="prop-12",
            participant="p-12",
            place="place-1",
            reservation="res-12",
            municipality=EMMEN,
            by=AnsweredBy.HOST,
            declined_on=DAY,
        ),
        waits("p-13", DAY),
        bridged("p-14", DAY),
        WaitingLeft(participant="p-15", municipality=EMMEN, left_on=DAY, reason=WaitingLeaveReason.LEFT),
    ]
    events = [speaker.event(data, at(DAY)) for data in touching]
    async with opened(database) as pool:
        await pool.execute(FILL.format(n=known), timeout=60)
        await pool.execute("UPDATE reservations SET closed_at = closed_at - interval '10 years'", timeout=60)
        for copied in (
            "domiciles SELECT participant, 'f', '0114', '2015-01-01', '2015-01-01' FROM placements",
            "statements SELECT placement, 1, 'ended', '2016-01-01', NULL, 0, 'none', now() FROM placements",
            "waits SELECT participant, 1, 'joined', '0114', '2016-01-01', '2016-01-01' FROM placements",
        ):
            await pool.execute(f"INSERT INTO {copied}", timeout=60)
        await pool.execute("VACUUM ANALYZE", timeout=60)
        async with pool.acquire() as connection, connection.transaction():
            before = await _read_from_end_to_end(connection)
            world = await Quota(OPERATOR).load(connection, events, REGISTRY)
            after = await _read_from_end_to_end(connection)
        assert {p.placement for p in world.placements} == {"pl-7", "pl-8", "pl-9", "pl-10"}
        assert len(world.waits) == 3
        large = ("placements", "domiciles", "statements", "spells", "reservations", "waits", "earmarks")
        assert {name: after[name] - before[name] for name in large} == dict.fromkeys(large, 0)


async def _read_from_end_to_end(connection: Any) -> Counter[str]:
    """By table, the rows read so, with those of the last second before that are not passed on yet."""
    rows = await connection.fetch("SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables")
    return Counter({row["relname"]: row["seq_tup_read"] for row in rows})


async def test_a_ledger_of_an_older_version_is_refused_and_left_as_it_was(database: str):
    """It did not keep what two times need: half of it would be wrong, so a person decides."""
    first = resources.files("services.quota") / "migrations" / "0001_ledger.sql"
    pool = await db.open_pool(database, size=2, wait_s=30)
    try:
        await db.migrate(pool, "tests.delivery.toy")
        await pool.execute(first.read_text())
        await pool.execute("INSERT INTO migrations (name) VALUES ('services.quota/0001_ledger.sql')")
        await pool.execute(
            "INSERT INTO targets (municipality, year, fund, version, number, unit, provisional, "
            "published_on, source, known_at) VALUES ('0114', 2021, 'ministry', 1, 61, 'contracts', false, "
            "'2020-12-01', 'Staatscourant', now())"
        )
        with pytest.raises(db.NotMigrated, match="this ledger is of an older version"):
            await db.migrate(pool, "services.quota")
        assert await db.pending_migrations(pool, "services.quota") == ["services.quota/0002_two_times.sql"]
        assert await pool.fetchval("SELECT count(*) FROM targets") == 1
    finally:
        await db.close_pool(pool)
