"""PostgreSQL is killed while messages are under way: nobody gets one twice, and few are left in doubt.

A server that syncs, since the outcome of a try is noted without waiting for the disk: what a crash takes of
that is what this is about.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from deploy.local.postgres import PostgresServer
from services.notifications.settings import NotificationsSettings
from tests.delivery.databases import empty_database
from tests.delivery.waiting import eventually
from tests.notifications.servers import Post, Vault
from tests.notifications.site import open_site, welcome
from tests.servers import own_folder, postgres_server

_CRASHES: Final = 3
_PEOPLE: Final = 60
"""For each crash; so many are under way for a second or so."""
_LINES: Final = NotificationsSettings.model_fields["smtp_connections"].default


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that no other test uses, with fsync on."""
    with own_folder("notifications-postgres") as folder, postgres_server(folder) as server:
        yield server


@pytest.mark.timeout(180)
async def test_a_crash_of_the_database_leaves_no_more_in_doubt_than_there_are_lines(
    own_postgres: PostgresServer, post: Post, vault: Vault
) -> None:
    post.delay_s = 0.05
    async with empty_database(own_postgres.dsn) as dsn, open_site(dsn, post, vault) as site, site.sending():
        for number in range(_CRASHES):
            people = [f"p-{number}-{each}" for each in range(_PEOPLE)]
            for person in people:
                vault.know(person)
            await site.take(*[welcome(site, person) for person in people])
            before = len(post.taken)

            async def some_went(before: int = before) -> bool:
                return len(post.taken) > before + _PEOPLE // 4

            await eventually(some_went, "some messages went")
            await asyncio.to_thread(own_postgres.kill)
            await asyncio.to_thread(lambda: own_postgres.wait_ready(own_postgres.start()))
            await site.at_rest()
        messages = await site.messages()

    assert len(messages) == _CRASHES * _PEOPLE
    assert {each["state"] for each in messages} <= {"sent", "failed"}
    assert {each["code"] for each in messages if each["state"] == "failed"} <= {"outcome-unknown"}
    taken = Counter(to for to, _ in post.taken)
    assert set(taken.values()) == {1}
    assert {f"{each['participant']}@example.org" for each in messages if each["state"] == "sent"} <= set(
        taken
    )
    assert [each["state"] for each in messages].count("failed") <= _CRASHES * _LINES
