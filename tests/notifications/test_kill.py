"""The service as a process of its own, killed at the worst moments: nobody gets the same letter twice."""

from __future__ import annotations

import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.provision import Layout, provision
from shared.contracts import NotificationQueued
from shared.messaging.event import Event
from shared.messaging.topics import Topics
from tests.delivery.programs import Program
from tests.delivery.site import PARTNERS, Site, firsts
from tests.delivery.waiting import eventually
from tests.notifications.servers import TOKEN, Post, Vault
from tests.notifications.stories import OPERATOR, event, made, registered

KILLED = -signal.SIGKILL
PARTITIONS = 3
LINES = 4
"""Messages under way at the same time; no more can be in doubt after one kill."""


@pytest.fixture
async def place(kafka: str, database: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Site]:
    topics = Topics(f"n{uuid.uuid4().hex[:12]}")
    layout = Layout(partitions=PARTITIONS, replication=1, min_insync=1)
    await provision(kafka, PARTNERS, topics=topics, layout=layout, vaults={"menso": vault.url})
    site = Site(kafka, database, "", topics, tmp_path, [])
    yield site
    for program in site.programs:
        program.kill()


def program_of(site: Site, post: Post) -> Program:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": site.kafka,
        "TOPIC_PREFIX": site.topics.prefix,
        "DATABASE_URL": site.database,
        "OPERATOR": OPERATOR,
        "SMTP_PORT": str(post.port),
        "SMTP_CONNECTIONS": str(LINES),
        "VAULT_TOKEN": TOKEN,
    }
    program = Program("notifications", "services.notifications", settings, site.folder)
    site.programs.append(program)
    return program


def story(vault: Vault, group: str, size: int) -> list[Event]:
    """Some people who are registered and proposed a place."""
    people = [f"p-{group}-{n}" for n in range(size)]
    for person in people:
        vault.know(person)
    return [registered(person, vault=vault.url) for person in people] + [
        event(made(person, f"prop-{person}"), "menso") for person in people
    ]


async def at_rest(program: Program, expected: int) -> None:
    """Wait until as many messages came to their end, and nothing is under way."""

    async def nothing_left() -> bool:
        async with httpx.AsyncClient(base_url=program.url, timeout=10) as http:
            pending = (await http.get("/v1/pending")).json()
            figures = (await http.get("/v1/figures", params={"year": 2020})).json()
        ended = figures["sent"] + figures["failed"] + figures["suppressed"]
        return not any(pending.values()) and ended == expected

    await eventually(nothing_left, f"{expected} messages came to their end")


@pytest.mark.timeout(180)
async def test_killed_anywhere_it_sends_each_message_once_or_says_that_it_cannot_know(
    place: Site, post: Post, vault: Vault
) -> None:
    program = program_of(place, post)
    kills = ("after-send:5", "before-commit:3", "after-commit:3")
    expected = 0
    for crash_at in kills:
        events = story(vault, crash_at.replace(":", "-"), 20)
        await place.send(events)
        expected += len(events)
        program.start(crash_at=crash_at)
        assert await program.ended() == KILLED
    await program.started()
    await at_rest(program, expected)
    assert await program.stopped() in {0, -signal.SIGTERM}

    stated = firsts(await place.events(place.topics.of(OPERATOR, NotificationQueued.STREAM)))
    ends: dict[str, list[str]] = {}
    for each in stated:
        end = each["type"].split(".")[-2]
        ends.setdefault(each["data"]["notification"], []).append(
            each["data"]["code"] if end == "failed" else end
        )
    assert len(ends) == expected
    assert set(map(tuple, ends.values())) <= {("queued", "sent"), ("queued", "outcome-unknown")}

    taken = Counter(str(message["Message-ID"])[1:].partition("@")[0] for _, message in post.taken)
    assert set(taken.values()) == {1}
    unknown = {name for name, said in ends.items() if said[-1] == "outcome-unknown"}
    assert 1 <= len(unknown) <= LINES * len(kills)
    assert set(ends) - unknown <= set(taken)
    assert await place.value("SELECT count(*) FROM dead_letters") == 0
