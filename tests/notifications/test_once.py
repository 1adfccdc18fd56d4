"""What a crash, a second instance or a repeat may not do: send anything twice."""

from __future__ import annotations

import pytest

from services.notifications.handlers import Notifications
from services.notifications.jobs import Due, JobBook, connect_sender
from services.notifications.notes import HandedOverBefore, Try
from services.notifications.rules.sending import Failed, Sent
from shared.contracts import FailureCode, NotificationQueued
from shared.messaging.rebuild import compare
from shared.messaging.runner import Runner
from shared.messaging.service import Record
from tests.delivery.databases import empty_database
from tests.delivery.waiting import eventually
from tests.notifications.site import TOPICS, Site, open_site, true, types, welcome
from tests.notifications.stories import OPERATOR, event, journey, record


async def test_an_answer_that_stays_away_after_the_message_is_not_followed_by_another(site: Site) -> None:
    site.post.data = [None]
    async with site.sending():
        await site.take(welcome(site))
        await site.at_rest()
    assert await site.became("welcome") == ("failed", "outcome-unknown", 1)
    assert len(site.post.taken) == 1


def tried(due: Due) -> Try:
    return Try(due.message.notification, due.message.participant, due.attempt)


async def _crashed_after(site: Site, noted: str) -> None:
    """Leave behind what a sender leaves that died at that moment."""
    await site.take(welcome(site))
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        (due,) = await book.due(1)
        await book.notes.hand_over(tried(due))
        if noted == "sent":
            await connection.execute("UPDATE attempts SET outcome = 'sent', ended_at = now(), reply = 250")
    finally:
        await connection.close()


async def test_after_a_crash_with_the_message_under_way_it_is_not_sent_again(site: Site) -> None:
    await _crashed_after(site, "hand-over")
    async with site.sending():
        await site.at_rest()
    assert await site.became("welcome") == ("failed", "outcome-unknown", 1)
    assert not site.post.taken
    assert types(await site.stated()) == ["queued", "failed"]


async def test_after_a_crash_with_the_answer_noted_it_is_stated_as_sent(site: Site) -> None:
    await _crashed_after(site, "sent")
    async with site.sending():
        await site.at_rest()
    assert await site.became("welcome") == ("sent", None, 1)
    assert not site.post.taken


@pytest.mark.parametrize(
    ("noted", "known"), [("hand-over", Failed(FailureCode.OUTCOME_UNKNOWN)), ("sent", Sent())]
)
async def test_what_was_handed_over_comes_again_with_what_is_known_of_it(
    site: Site, noted: str, known: object
) -> None:
    await _crashed_after(site, noted)
    connection = await connect_sender(site.dsn)
    try:
        (due,) = await JobBook(connection).due(10)
        assert due.earlier == known
    finally:
        await connection.close()


async def test_the_same_try_is_handed_over_only_once(site: Site) -> None:
    await site.take(welcome(site))
    connection = await connect_sender(site.dsn)
    try:
        book = JobBook(connection)
        (due,) = await book.due(1)
        await book.notes.hand_over(tried(due))
        with pytest.raises(HandedOverBefore):
            await book.notes.hand_over(tried(due))
    finally:
        await connection.close()


async def test_two_senders_on_one_database_send_each_message_once(site: Site) -> None:
    people = [f"p-{n}" for n in range(40)]
    for person in people:
        site.vault.know(person)
    async with site.sending(), site.sending():
        for person in people:
            await site.take(welcome(site, person))
        await site.at_rest()
    assert sorted(to for to, _ in site.post.taken) == sorted(f"{person}@example.org" for person in people)


async def test_the_one_that_stands_by_takes_over(site: Site) -> None:
    async with site.sending():
        async with site.sending():
            await site.take(welcome(site))
            await site.at_rest()
        first, *_ = journey()
        await site.take(first)
        await site.at_rest()
    assert len(site.post.taken) == 2


async def test_a_sender_that_loses_its_database_connection_recovers(site: Site) -> None:
    async with site.sending():
        await site.take(welcome(site))
        await site.at_rest()
        await site.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4"
        )
        first, *_ = journey()
        await site.take(first)
        await site.at_rest()
    assert len(site.post.taken) == 2


async def test_a_politely_stopped_sender_leaves_no_doubt(site: Site) -> None:
    people = [f"p-{n}" for n in range(60)]
    for person in people:
        site.vault.know(person)
    site.post.delay_s = 0.05
    async with site.sending():
        await site.take(*[welcome(site, person) for person in people])
        await eventually(lambda: true(site.post.taken), "something was sent")
    taken = {to for to, _ in site.post.taken}
    assert 0 < len(taken) < len(people)
    states = [row["state"] for row in await site.messages()]
    assert states.count("sent") == len(taken)
    assert states.count("queued") == len(people) - len(taken)
    site.post.delay_s = 0
    async with site.sending():
        await site.at_rest()
    assert len(site.post.taken) == len(people)


async def test_events_that_come_again_send_nothing_new(site: Site) -> None:
    story = [welcome(site), *journey()]
    async with site.sending():
        await site.take(*story)
        await site.at_rest()
        sent = len(site.post.taken)
        await site.take(*story, *story)
        again = [event(each.data, each.partner, n=f"again-{n}") for n, each in enumerate(journey())]
        await site.take(*again)
        await site.at_rest()
    assert len(site.post.taken) == sent
    assert len(await site.stated()) == 2 * sent


async def test_a_rebuilt_database_is_the_same_and_sends_nothing(site: Site, postgres: str) -> None:
    site.vault.know("p-2")
    await site.take(welcome(site), *journey())
    async with site.sending():
        await site.at_rest()
    await site.take(welcome(site, "p-2"))
    sent = len(site.post.taken)
    log = [record(each, TOPICS) for each in (welcome(site), *journey(), welcome(site, "p-2"))]
    own = TOPICS.of(OPERATOR, NotificationQueued.STREAM)
    rows = await site.pool.fetch("SELECT key, payload FROM outbox ORDER BY id")
    log += [Record(own, row["payload"], row["key"], 0, n) for n, row in enumerate(rows)]
    async with empty_database(postgres) as dsn, open_site(dsn, site.post, site.vault) as rebuilt:
        replay = Runner(
            Notifications(OPERATOR), rebuilt.pool, TOPICS, operator=OPERATOR, scenario=True, replaying=True
        )
        await replay.process(log)
        report = await compare(Notifications(OPERATOR), site.dsn, dsn)
        assert report.differs == {}
        assert report.rows == {"people": 2, "tidings": 13, "messages": 13}
        async with rebuilt.sending():
            await rebuilt.at_rest()
        (open_one,) = [row for row in await rebuilt.messages() if row["state"] != "sent"]
        assert (open_one["state"], open_one["code"]) == ("suppressed", "rebuilt")
    assert len(site.post.taken) == sent
