"""Notifications on a real PostgreSQL, with a real mail server and vault; events are handed in directly."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from services.notifications import jobs
from services.notifications.handlers import Notifications
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from services.notifications.stating import Statements
from services.notifications.store import World
from services.notifications.wiring import PACKAGE, make_office
from shared.messaging import database as db
from shared.messaging.event import Event
from shared.messaging.registry import save_partner
from shared.messaging.runner import Runner
from shared.messaging.service import Outcome
from shared.messaging.topics import Topics
from tests.delivery.waiting import eventually
from tests.notifications.servers import TOKEN, Post, Vault
from tests.notifications.stories import OPERATOR, PERSON, partners, record, registered

TOPICS = Topics()


@dataclass
class Site:
    """The service and what it works with."""

    dsn: str
    pool: asyncpg.Pool[Any]
    runner: Runner[World]
    post: Post
    vault: Vault
    senders: list[Sender]

    async def take(self, *events: Event) -> list[Outcome]:
        """Hand events in, in one batch."""
        return await self.runner.process([record(each, TOPICS) for each in events])

    def sender(self, *, scenario: bool = True) -> Sender:
        """A sender that is not started yet."""
        settings = NotificationsSettings.model_validate(
            {
                "database_url": self.dsn,
                "operator": OPERATOR,
                "smtp_port": self.post.port,
                "vault_token": TOKEN,
            }
        )
        return Sender(
            self.dsn,
            make_office(settings),
            Statements(self.runner, TOPICS, operator=OPERATOR, scenario=scenario),
            lines=settings.smtp_connections,
        )

    @contextlib.asynccontextmanager
    async def sending(self, *, scenario: bool = True) -> AsyncIterator[Sender]:
        """A sender at work."""
        sender = self.sender(scenario=scenario)
        self.senders.append(sender)
        sender.start()
        try:
            yield sender
        finally:
            await sender.stop()
            self.senders.remove(sender)

    async def at_rest(self) -> None:
        """Wait until nothing is left to be sent."""

        async def none_left() -> bool:
            return await jobs.count(self.pool) == 0

        await eventually(none_left, "no message left to be sent")

    async def messages(self) -> list[Any]:
        """Every message, oldest first."""
        return await self.pool.fetch("SELECT * FROM messages ORDER BY queued_at, notification")

    async def became(self, template: str) -> tuple[str, str | None, int | None]:
        """State, code and try of the one message of a template."""
        (row,) = [each for each in await self.messages() if each["template"] == template]
        return row["state"], row["code"], row["attempt"]

    async def stated(self) -> Sequence[dict[str, Any]]:
        """What would be published, in order."""
        rows = await self.pool.fetch("SELECT payload FROM outbox ORDER BY id")
        return [orjson.loads(row["payload"]) for row in rows]

    async def attempts(self) -> list[Any]:
        """What was noted of every try."""
        return await self.pool.fetch("SELECT * FROM attempts ORDER BY notification, attempt")


@contextlib.asynccontextmanager
async def open_site(dsn: str, post: Post, vault: Vault) -> AsyncIterator[Site]:
    """The service on an empty database."""
    pool = await db.open_pool(dsn, size=4, wait_s=10)
    try:
        await db.migrate(pool, PACKAGE)
        for partner in partners(vault.url):
            await save_partner(pool, partner)
        site = Site(dsn, pool, None, post, vault, [])  # type: ignore[arg-type]

        def wake() -> None:
            for sender in site.senders:
                sender.wake()

        service = Notifications(OPERATOR, queued=wake)
        site.runner = Runner(service, pool, TOPICS, operator=OPERATOR, scenario=True)
        yield site
    finally:
        await db.close_pool(pool)


def welcome(site: Site, person: str = PERSON) -> Event:
    """A registration, with the address of the site's vault."""
    return registered(person, vault=site.vault.url)


def types(stated: Sequence[dict[str, Any]]) -> list[str]:
    """The last word of each event's type."""
    return [each["type"].split(".")[-2] for each in stated]


async def true(found: object) -> bool:
    """For `eventually`, whose condition is awaited."""
    return bool(found)
