"""A backlog: what goes out when much is due, something is away, or another sender had it in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from services.notifications import work
from services.notifications.jobs import _DUE, _REBUILT, JobBook, connect_sender
from services.notifications.notes import HandedOverBefore, Try
from services.notifications.rules.sending import Failed, Later, Sent
from shared.contracts import FailureCode, ServiceName
from shared.messaging.registry import load_registry
from tests.delivery.waiting import eventually
from tests.notifications.servers import post_office
from tests.notifications.site import Site, true, welcome
from tests.notifications.stories import OPERATOR, PERSON, journey

LINES = 4
"""What settings say when nobody sets them."""


async def backlog(site: Site, people: int) -> list[str]:
    """Messages to so many people."""
    names = [f"p-{number}" for number in range(people)]
    for name in names:
        site.vault.know(name)
    for start in range(0, people, 100):
        await site.take(*[welcome(site, name) for name in names[start : start + 100]])
    return names


async def in_doubt(site: Site) -> int:
    """Messages that were handed over and of which no outcome is noted."""
    found: int = await site.pool.fetchval("SELECT count(*) FROM attempts WHERE outcome IS NULL")
    return found


async def test_a_backlog_goes_out_once_over_few_lines_and_few_questions(site: Site) -> None:
    names = await backlog(site, 450)
    async with site.sending():
        await site.at_rest()
    assert sorted(to for to, _ in site.post.taken) == sorted(f"{name}@example.org" for name in names)
    assert site.post.connections <= LINES
    assert sum(site.vault.about_many) == len(names)
    assert len(site.vault.about_many) <= len(names) / 50
    # Every look has its purpose, whoever else was asked about with it.
    assert {headers["x-purpose"] for _, headers in site.vault.asked} == {"notification:welcome"}


async def test_never_more_messages_are_in_doubt_than_there_are_lines(site: Site) -> None:
    await backlog(site, 200)
    site.post.delay_s = 0.01
    seen = []
    async with site.sending():
        while await site.pool.fetchval("SELECT count(*) FROM jobs"):
            seen.append(await in_doubt(site))
            await asyncio.sleep(0.003)
    assert 1 <= max(seen) <= LINES
    assert await in_doubt(site) == 0


async def test_steps_of_many_people_come_in_order(site: Site) -> None:
    people = [f"p-{number}" for number in range(12)]
    for person in people:
        site.vault.know(person)
        await site.take(welcome(site, person), *journey(person)[:4])
    async with site.sending():
        await site.at_rest()
    for person in people:
        mine = [message["Subject"] for to, message in site.post.taken if to == f"{person}@example.org"]
        assert len(mine) == 5
        assert mine[0] == "Welkom"
    noted = await site.pool.fetch(
        "SELECT m.participant, a.handed_over_at, a.ended_at FROM attempts a "
        "JOIN messages m USING (notification) ORDER BY m.participant, a.handed_over_at"
    )
    for before, after in pairwise(noted):
        if before["participant"] == after["participant"]:
            assert before["ended_at"] <= after["handed_over_at"]


async def test_while_the_mail_server_is_away_a_few_are_tried_and_then_all_go(site: Site) -> None:
    async with post_office() as gone:
        pass
    site.post.port, there = gone.port, site.post.port
    names = await backlog(site, 300)
    async with site.sending():
        await eventually(lambda: tries(site), "something was tried")
        await asyncio.sleep(0.7)
        tried = await site.pool.fetchval("SELECT count(DISTINCT notification) FROM attempts")
        assert tried <= 3 * LINES
        async with post_office(gone):
            await site.at_rest()
            assert len(gone.taken) == len(names)
    site.post.port = there
    assert {row["state"] for row in await site.messages()} == {"sent"}
    codes = {row["code"] for row in await site.attempts() if row["outcome"] == "later"}
    assert codes == {"provider-unreachable"}


async def tries(site: Site) -> bool:
    return bool(await site.pool.fetchval("SELECT count(*) FROM attempts"))


async def test_a_server_that_is_closing_is_left_alone_for_a_moment(site: Site) -> None:
    names = await backlog(site, 60)
    site.post.rcpt = ["421 4.3.2 shutting down"] * LINES
    async with site.sending():
        await site.at_rest()
    assert len(site.post.taken) == len(names)
    assert 1 <= len([row for row in await site.attempts() if row["outcome"] == "later"]) <= LINES


async def test_one_address_that_is_refused_holds_up_nobody_else(site: Site) -> None:
    await backlog(site, 40)
    site.post.rcpt = ["550 5.1.1 nobody", "450 4.2.1 later", "550 5.1.1 nobody"]
    async with site.sending():
        await site.at_rest()
    states = [(row["state"], row["code"]) for row in await site.messages()]
    assert states.count(("failed", "address-refused")) == 2
    assert states.count(("sent", None)) == 38
    assert site.post.connections <= LINES


async def test_what_a_vault_said_long_ago_is_asked_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_FRESH_S", 0.3)
    names = await backlog(site, 30)
    site.post.delay_s = 0.2
    async with site.sending():
        await eventually(lambda: true(site.post.taken), "something was sent")
        for name in names:
            site.vault.know(name, consent=False)
        await site.at_rest()
    states = [row["state"] for row in await site.messages()]
    # In 0.3 s each of the lines begins two, and one more that was asked about just in time.
    assert 1 <= states.count("sent") <= 3 * LINES
    assert states.count("suppressed") == len(names) - states.count("sent")


async def test_what_waits_for_an_earlier_step_is_put_off_with_it(site: Site) -> None:
    await site.take(welcome(site), *journey()[:3])
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        (due,) = await book.due(10)
        tried = Try(due.message.notification, due.message.participant, due.attempt)
        book.notes.outcome(tried, Later(FailureCode.VAULT_UNREACHABLE), 503)
        await book.notes.written()
        jobs = await site.pool.fetch("SELECT *, next_at > now() AS put_off FROM jobs ORDER BY seq")
        assert [row["put_off"] for row in jobs] == [True] * 4
        assert [row["attempts"] for row in jobs] == [1, 0, 0, 0]
        assert [row["first_tried_at"] is None for row in jobs] == [False, True, True, True]
        await site.pool.execute("UPDATE jobs SET next_at = now()")
        (again,) = await book.due(10)
        assert (again.message.notification, again.attempt) == (due.message.notification, 2)
    finally:
        await connection.close()


async def test_notes_of_all_lines_go_into_few_commits(site: Site) -> None:
    await backlog(site, 50)
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        tries = [Try(d.message.notification, d.message.participant, d.attempt) for d in await book.due(50)]
        await asyncio.gather(*(book.notes.hand_over(each) for each in tries))
        for each in tries[:25]:
            book.notes.outcome(each, Sent(), 250)
        for each in tries[25:]:
            book.notes.outcome(each, Failed(FailureCode.BOUNCED), 554)
        await book.notes.written()
    finally:
        await connection.close()
    rows = await site.attempts()
    assert len(rows) == 50
    # A transaction has one `now()`.
    assert len({row["handed_over_at"] for row in rows}) == 1
    assert len({row["ended_at"] for row in rows}) == 1
    assert sorted({(row["outcome"], row["code"], row["reply"]) for row in rows}) == [
        ("failed", "bounced", 554),
        ("sent", None, 250),
    ]


async def test_a_try_that_another_noted_is_refused_and_the_others_go_on(site: Site) -> None:
    await backlog(site, 3)
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        tries = [Try(d.message.notification, d.message.participant, d.attempt) for d in await book.due(3)]
        await book.notes.hand_over(tries[1])
        results = await asyncio.gather(*(book.notes.hand_over(t) for t in tries), return_exceptions=True)
    finally:
        await connection.close()
    assert [type(each) for each in results] == [type(None), HandedOverBefore, type(None)]


async def test_what_cannot_be_noted_is_not_handed_over_and_what_was_noted_before_is_known(site: Site) -> None:
    await backlog(site, 2)
    connection = await connect_sender(site.dsn)
    book = JobBook(connection)
    first, second = [Try(d.message.notification, d.message.participant, d.attempt) for d in await book.due(2)]
    await book.notes.hand_over(first)
    await connection.close()
    book.notes.outcome(first, Sent(), 250)
    with pytest.raises(Exception, match="closed"):
        await book.notes.hand_over(second)
    with pytest.raises(Exception, match="closed"):
        await book.notes.written()
    with pytest.raises(Exception, match="closed"):
        await book.notes.hand_over(second)
    connection = await connect_sender(site.dsn)
    try:
        known = {due.message.notification: due.earlier for due in await JobBook(connection).due(10)}
    finally:
        await connection.close()
    assert known == {
        first.notification: Failed(FailureCode.OUTCOME_UNKNOWN),
        second.notification: None,
    }


async def test_a_sender_whose_connection_is_cut_in_the_middle_sends_nothing_twice(site: Site) -> None:
    names = await backlog(site, 250)
    site.post.delay_s = 0.005
    async with site.sending():
        for taken in (20, 90, 160):
            while len(site.post.taken) <= taken:  # noqa: ASYNC110 - it is the mail server that counts
                await asyncio.sleep(0.01)
            await site.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4"
            )
        await site.at_rest()
    sent = [to for to, _ in site.post.taken]
    assert len(sent) == len(set(sent))
    states = [(row["state"], row["code"]) for row in await site.messages()]
    unknown = states.count(("failed", "outcome-unknown"))
    assert unknown <= 3 * LINES
    assert states.count(("sent", None)) == len(names) - unknown


async def test_jobs_are_compared_with_the_log_once(site: Site) -> None:
    source = (await load_registry(site.pool)).source_of(OPERATOR, ServiceName.NOTIFICATIONS)
    assert source is not None
    await site.take(welcome(site))
    await site.pool.execute(
        "INSERT INTO inbox (source, id, digest) SELECT $1, queued_id, '' FROM messages", source
    )
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        newest = await book.newest()
        (found,) = await book.rebuilt(source, newest, 10)
        assert (found.message.participant, found.seq) == (PERSON, newest)
        await book.compared(newest)
        assert await book.rebuilt(source, newest, 10) == []
        await book.compared(0)
        assert await book.rebuilt(source, newest, 10) == []
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("sql", "arguments"), [(_DUE, (100, ["n-1"] * 200)), (_REBUILT, ("urn:x", 10**9, 500))]
)
async def test_statements_look_up_and_read_no_table_as_a_whole(
    site: Site, sql: str, arguments: Sequence[object]
) -> None:
    # Empty, and without figures about them: the plan must be right from the first message on.
    connection = await connect_sender(site.dsn)
    try:
        for _ in range(8):  # after the fifth time a plan may be kept
            await connection.fetch(sql, *arguments)
        lines = [row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *arguments)]
    finally:
        await connection.close()
    assert [line for line in lines if "Seq Scan" in line and "on compared" not in line] == []
    assert not [line for line in lines if "Hash" in line or "Merge" in line]
