"""The four services and a mail server, each its own process, and what they leave behind."""

from __future__ import annotations

import asyncio
import email
import signal
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from deploy.demo.logbook import whole_log
from deploy.demo.rest import NoRest, Rest
from deploy.local.ports import HOST, answers
from deploy.provision import Layout, provision
from shared.contracts.base import Stream
from shared.messaging.event import Event
from shared.messaging.topics import Topics
from tests.delivery.databases import empty_database
from tests.delivery.programs import Program
from tests.delivery.sending import remove_topics, send
from tests.delivery.site import PARTNERS, firsts, token_of
from tests.delivery.waiting import eventually

SERVICES: Final[Mapping[str, str]] = {
    "intake": "",
    "matching": "menso",
    "quota": "gemeente-emmen",
    "notifications": "gemeente-emmen",
}
"""Every service and its operator; the door is that of all partners."""
_VAULT_TOKEN: Final = "token-of-the-vault"
_VAULTS: Final = ("menso", "buurtsupport")
_PARTITIONS: Final = 3
_LOOK_S: Final = 2.0
_SESSION_S: Final = "5"


@dataclass(slots=True)
class Region:
    """A region at work.

    Attributes:
        kafka: bootstrap address.
        databases: each service's own.
        programs: each service's process.
        rest: looks whether anything is under way.
        mails: where the mail server keeps what it took.
    """

    kafka: str
    topics: Topics
    databases: Mapping[str, str]
    programs: Mapping[str, Program]
    rest: Rest
    mails: Path

    async def hand_over(self, people: Iterable[str]) -> None:
        """Put names and addresses in the vault, however often the door has to be asked."""
        url = self.programs["intake"].url
        headers = {"Authorization": f"Bearer {token_of('menso')}"}
        entry = {"name": "A. Voorbeeld", "channel": "email", "language": "nl", "consent": True}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10, verify=False) as client:
            for person in people:

                async def taken(person: str = person) -> bool:
                    with suppress(httpx.TransportError):
                        body = entry | {"email": f"{person}@voorbeeld.example"}
                        answer = await client.put(f"/v1/people/{person}", json=body)
                        return answer.status_code == httpx.codes.NO_CONTENT
                    return False

                await eventually(taken, f"the vault has {person}")

    async def tell(self, events: Sequence[Event]) -> None:
        """Put events on the partners' inboxes or the registry, and wait until all has been dealt with."""
        await send(self.kafka, self.topics, events)
        await self.at_rest()

    async def at_rest(self) -> None:
        """Wait until nothing is unread, unpublished or half done; a service that is down is not at rest."""

        async def calm() -> bool:
            with suppress(NoRest, httpx.HTTPError):
                await self.rest.wait()
                return True
            return False

        await eventually(calm, "the region is at rest", patience=120)

    async def log(self) -> dict[str, list[dict[str, Any]]]:
        """Every event by partner and stream, without repeats; in order per key."""
        found = await whole_log(self.kafka, self.topics)
        return {
            name: firsts([orjson.loads(value) for _, value in records]) for name, records in found.items()
        }

    async def stated(self) -> list[dict[str, Any]]:
        """What the matching service has stated."""
        return (await self.log())[f"menso.{Stream.MATCHING}"]

    def letters(self) -> Counter[str]:
        """How often the mail server took each message, by its Message-ID."""
        return Counter(
            email.message_from_bytes(path.read_bytes())["Message-ID"] for path in self.mails.glob("*.eml")
        )


@dataclass(slots=True)
class Plague:
    """Starts services again that crashed, each time with the next place to crash at.

    Attributes:
        left: for each service the places still to come.
        crashes: how often each service crashed.
    """

    region: Region
    left: dict[str, list[str]]
    crashes: Counter[str]

    async def strike(self) -> None:
        """Start all, and then watch over them until cancelled."""
        for name in self.region.programs:
            self._start(name)
        while True:
            for name, program in self.region.programs.items():
                if not program.running:
                    assert program.code == -signal.SIGKILL, f"{name} ended with {program.code}"
                    self.crashes[name] += 1
                    self._start(name)
            await asyncio.sleep(0.05)

    def _start(self, name: str) -> None:
        left = self.left[name]
        # A session long enough for machines on which many processes start at once.
        self.region.programs[name].start(
            crash_at=left.pop(0) if left else "", SESSION_TIMEOUT_SECONDS=_SESSION_S
        )


@asynccontextmanager
async def region(
    kafka: str, postgres: str, folder: Path, ports: Mapping[str, int], started: list[Program]
) -> AsyncIterator[Region]:
    """A region with topics, databases and a mail server; its services are not started yet.

    Args:
        ports: of each service and of `mail`; the door's is part of what it states.
        started: gets every program, to be ended afterwards.
    """
    topics = Topics(f"r{uuid.uuid4().hex[:12]}")
    mails = folder / "mails"
    mails.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        databases = {name: await stack.enter_async_context(empty_database(postgres)) for name in SERVICES}
        doors = [file.record.partner for file in PARTNERS]
        told: dict[str, dict[str, str]] = defaultdict(dict)
        tokens = {name: token_of(name) for name in doors}
        told["intake"] = {"DOORS": ",".join(doors), "DOOR_TOKENS": orjson.dumps(tokens).decode()}
        told["notifications"] = {"SMTP_HOST": HOST, "SMTP_PORT": str(ports["mail"])}
        programs = {
            name: Program(
                name,
                f"services.{name}",
                {
                    "KAFKA_BOOTSTRAP_SERVERS": kafka,
                    "TOPIC_PREFIX": topics.prefix,
                    "DATABASE_URL": databases[name],
                    "CONSUMER_GROUP": _group(topics, name),
                    "OPERATOR": operator,
                    "VAULT_TOKEN": _VAULT_TOKEN,
                    **told[name],
                },
                folder,
                port=ports[name],
            )
            for name, operator in SERVICES.items()
        }
        mail = Program(
            "mail",
            "deploy.local.smtp",
            {"SMTP_HOST": HOST, "SMTP_PORT": str(ports["mail"]), "MAIL_FOLDER": str(mails)},
            folder,
        )
        started += [*programs.values(), mail]
        vaults = dict.fromkeys(_VAULTS, programs["intake"].url)
        layout = Layout(partitions=_PARTITIONS, replication=1, min_insync=1)
        await provision(kafka, PARTNERS, topics=topics, layout=layout, vaults=vaults)
        mail.start()
        await eventually(lambda: _listens(ports["mail"]), "the mail server listens")
        try:
            urls = [program.url for program in programs.values()]
            groups = [_group(topics, name) for name in SERVICES]
            async with Rest(kafka, topics, urls, groups=groups, patience_s=_LOOK_S) as rest:
                yield Region(kafka, topics, databases, programs, rest, mails)
        finally:
            for program in (*programs.values(), mail):
                program.kill()
            await remove_topics(kafka, topics)


def _group(topics: Topics, service: str) -> str:
    return f"{topics.prefix}.{service}"


async def _listens(port: int) -> bool:
    return await asyncio.to_thread(answers, port)
