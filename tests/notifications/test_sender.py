"""From an event to a message in somebody's mailbox, over real servers: once, or not at all and visibly so."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.notifications.handlers import Notifications
from services.notifications.wiring import PACKAGE
from shared.contracts import (
    LeaveReason,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    NotificationSuppressed,
    ParticipantErased,
    ParticipantLeft,
)
from shared.messaging import database as db
from shared.messaging.event import Event, decode
from shared.messaging.registry import load_registry, save_partner
from shared.messaging.runner import Runner
from tests.delivery.databases import empty_database
from tests.delivery.waiting import eventually
from tests.notifications.servers import vault_server
from tests.notifications.site import TOPICS, Site, open_site, true, types, welcome
from tests.notifications.stories import (
    OPERATOR,
    PERSON,
    event,
    journey,
    made,
    partners,
    record,
    registered,
)


async def test_every_step_reaches_the_mailbox_once_and_in_order(site: Site) -> None:
    async with site.sending():
        await site.take(welcome(site), *journey())
        await site.at_rest()
    assert {to for to, _ in site.post.taken} == {f"{PERSON}@example.org"}
    assert [message["Subject"] for _, message in site.post.taken] == [
        "Welkom",
        "Nieuws voor u",
        "Goed nieuws voor u",
        "U staat op onze lijst",
        "U kunt alvast beginnen",
        "Er is een werkplek voor u",
        "Wij zoeken verder voor u",
        "Wij zoeken verder voor u",
        "Wij zoeken verder voor u",
        "De werkplek is voor u",
        "Gefeliciteerd met uw baan",
        "Nieuws voor u",
    ]
    assert len({message["Message-ID"] for _, message in site.post.taken}) == 12
    assert all(row["state"] == "sent" and row["attempt"] == 1 for row in await site.messages())
    said = "\n".join(site.post.texts())
    assert "Beste Jan de Vries," in said
    assert "Menso" in said
    assert "EMCO" in said
    assert "Gemeente Emmen" in said


async def test_what_is_stated_in_a_scenario_bears_the_time_of_its_cause(site: Site) -> None:
    then = datetime(2019, 6, 17, 9, 30, tzinfo=UTC)
    async with site.sending():
        await site.take(registered(vault=site.vault.url, time=then))
        await site.at_rest()
    queued, sent = await site.stated()
    times = (queued["time"], queued["data"]["at"], sent["time"], sent["data"]["at"])
    assert {datetime.fromisoformat(each) for each in times} == {then}
    assert sent["causationid"] == queued["id"]
    assert sent["correlationid"] == queued["correlationid"]
    assert sent["source"] == queued["source"]
    (row,) = await site.messages()
    assert row["ended_on"] == date(2019, 6, 17)
    ((_, message),) = site.post.taken
    assert message["Date"].startswith("Mon, 17 Jun 2019")


async def test_by_the_wall_clock_it_bears_the_time_of_sending(site: Site) -> None:
    before = datetime.now(UTC)
    async with site.sending(scenario=False):
        await site.take(welcome(site))
        await site.at_rest()
    _, sent = await site.stated()
    assert before <= datetime.fromisoformat(sent["data"]["at"]) <= datetime.now(UTC)


async def test_the_same_story_gives_the_same_bytes(site: Site, postgres: str) -> None:
    async with site.sending():
        await site.take(welcome(site), *journey())
        await site.at_rest()
    async with empty_database(postgres) as dsn, open_site(dsn, site.post, site.vault) as again:
        for each in [welcome(site), *journey()]:
            await again.take(each)
        async with again.sending():
            await again.at_rest()
        first = {each["id"]: each for each in await site.stated()}
        assert {each["id"]: each for each in await again.stated()} == first


async def test_no_name_or_address_is_in_the_database(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.post.rcpt = ["550 5.1.1 p-7f3k2m@example.org unknown"]
    with caplog.at_level("DEBUG", logger="services"):
        async with site.sending():
            await site.take(welcome(site), *journey())
            await site.at_rest()
    tables = await site.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await site.pool.fetch(f"SELECT t::text AS row FROM {table['tablename']} t")
        held = "\n".join(row["row"] for row in rows)
        assert "example.org" not in held
        assert "Vries" not in held
    assert "example.org" not in caplog.text
    assert "Vries" not in caplog.text


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "no-address"),
        ({"consent": False}, "no-consent"),
        ({"channel": "letter"}, "no-consent"),
        ({"email": None}, "no-address"),
    ],
)
async def test_who_cannot_or_will_not_be_reached_by_e_mail_gets_none_and_that_is_stated(
    site: Site, entry: dict[str, Any] | None, reason: str
) -> None:
    site.vault.people.clear()
    if entry is not None:
        site.vault.know(PERSON, **entry)
    async with site.sending():
        await site.take(welcome(site))
        await site.at_rest()
    assert await site.became("welcome") == ("suppressed", reason, None)
    assert not site.post.taken
    assert types(await site.stated()) == ["queued", "suppressed"]


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (ParticipantErased(participant=PERSON, erased_on=date(2021, 1, 1)), "erased"),
        (
            ParticipantLeft(participant=PERSON, left_on=date(2021, 1, 1), reason=LeaveReason.DECEASED),
            "deceased",
        ),
    ],
)
async def test_nobody_asks_the_vault_for_who_is_erased_or_deceased(
    site: Site, fact: Any, reason: str
) -> None:
    await site.take(welcome(site), event(fact, "menso"))
    async with site.sending():
        await site.at_rest()
    assert (await site.became("welcome"))[:2] == ("suppressed", reason)
    assert not site.vault.asked


async def test_a_proposal_that_can_no_longer_be_answered_is_not_told(site: Site) -> None:
    await site.take(welcome(site), event(made(), "menso"))
    async with site.sending(scenario=False):
        await site.at_rest()
    assert (await site.became("proposal-made"))[:2] == ("suppressed", "overtaken")
    assert (await site.became("welcome"))[0] == "sent"


async def test_while_the_vault_is_away_messages_wait_and_then_go(site: Site) -> None:
    site.vault.status = 503
    async with site.sending():
        await site.take(welcome(site))
        await eventually(lambda: true(site.vault.asked), "the vault was asked")
        await asyncio.sleep(0.05)
        assert (await site.became("welcome"))[0] == "queued"
        site.vault.status = 200
        await site.at_rest()
    assert (await site.became("welcome"))[0] == "sent"
    assert len(site.post.taken) == 1
    first, *_, last = [(row["outcome"], row["code"], row["reply"]) for row in await site.attempts()]
    assert first == ("later", "vault-unreachable", 503)
    assert last == ("sent", None, 250)


async def test_a_mail_server_that_asks_for_patience_is_given_it(site: Site) -> None:
    site.post.rcpt = ["450 4.2.1 later"]
    async with site.sending():
        await site.take(welcome(site))
        await site.at_rest()
    assert await site.became("welcome") == ("sent", None, 2)
    assert types(await site.stated()) == ["queued", "sent"]


async def test_an_address_that_does_not_exist_is_a_failure_for_a_person_to_look_at(site: Site) -> None:
    site.post.rcpt = ["550 5.1.1 nobody"]
    async with site.sending():
        await site.take(welcome(site))
        await site.at_rest()
    *_, failed = await site.stated()
    assert (failed["data"]["code"], failed["data"]["final"]) == ("address-refused", True)
    assert await site.became("welcome") == ("failed", "address-refused", 1)


async def test_a_later_step_waits_for_the_one_before_it(site: Site) -> None:
    site.post.rcpt = ["450 4.2.1 later"]
    site.vault.know("p-2")
    first, *_ = journey()
    async with site.sending():
        await site.take(welcome(site), first, registered("p-2", vault=site.vault.url))
        await site.at_rest()
    mine = [message["Subject"] for to, message in site.post.taken if to.startswith(PERSON)]
    assert mine == ["Welkom", "Nieuws voor u"]
    assert site.post.taken[0][0] == "p-2@example.org"


async def test_the_registry_is_asked_whose_vault_it_is_at_the_moment_of_sending(site: Site) -> None:
    async with vault_server() as hostile:
        hostile.know(PERSON, email="thief@example.org")
        await site.take(registered(vault=hostile.url))
        async with site.sending():
            await site.at_rest()
        assert not hostile.asked
    assert await site.became("welcome") == ("failed", "vault-refused", 1)
    assert not site.post.taken


async def test_every_event_that_is_stated_can_be_read_by_the_contract(site: Site) -> None:
    site.vault.know("p-2", consent=False)
    site.vault.know("p-3")
    async with site.sending():
        await site.take(welcome(site), welcome(site, "p-2"))
        await site.at_rest()
        site.post.rcpt = ["550 no"]
        await site.take(welcome(site, "p-3"))
        await site.at_rest()
    seen = set()
    known = await load_registry(site.pool)
    for row in await site.pool.fetch("SELECT topic, payload FROM outbox"):
        partner, stream = TOPICS.parse(row["topic"])
        read = decode(row["payload"], partner=partner, stream=stream)
        assert isinstance(read, Event)
        assert known.objection(read) is None
        seen.add(type(read.data))
    assert seen == {NotificationQueued, NotificationSent, NotificationSuppressed, NotificationFailed}


async def test_without_the_operator_in_the_registry_events_wait(
    database: str, site: Site, postgres: str
) -> None:
    async with empty_database(postgres) as dsn:
        pool = await db.open_pool(dsn, size=2, wait_s=10)
        try:
            await db.migrate(pool, PACKAGE)
            for partner in partners(site.vault.url):
                if partner.partner != OPERATOR:
                    await save_partner(pool, partner)
            runner = Runner(Notifications(OPERATOR), pool, TOPICS, operator=OPERATOR, scenario=True)
            await runner.process([record(welcome(site), TOPICS)])
            assert await pool.fetchval("SELECT waits_for FROM parked") == [f"partner:{OPERATOR}"]
            assert await pool.fetchval("SELECT count(*) FROM jobs") == 0
        finally:
            await db.close_pool(pool)
