"""A service that finds no server at start waits for it, says so, and gives up in the end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaServer
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import PostgresServer
from tests.delivery.checks import assert_intact, drained
from tests.delivery.ledger import Ledger
from tests.delivery.programs import Program, seconds_since
from tests.delivery.site import Site, prepared_site
from tests.delivery.waiting import eventually

_WAIT_S = 2.0


@pytest.mark.parametrize("server", ["Kafka", "PostgreSQL"])
async def test_it_gives_up_after_the_time_set(site: Site, server: str) -> None:
    """Without a server it waits with a line in the log, and ends with exit code 1."""
    toy = site.toy()
    began = time.monotonic()
    toy.start(WAIT_SECONDS=str(_WAIT_S), **_nowhere(server))
    assert await toy.ended() == 1
    assert seconds_since(began) >= _WAIT_S
    assert toy.said(f"{server} does not answer yet")
    assert toy.said(f"{server} did not answer within {_WAIT_S:.0f} s")
    assert not toy.said("Traceback")
    assert not toy.said("Unclosed")


@pytest.mark.parametrize("server", ["Kafka", "PostgreSQL"])
async def test_it_can_be_stopped_while_it_waits(site: Site, server: str) -> None:
    """SIGTERM during the wait ends it at once, without a traceback: nothing was in hand."""
    toy = site.toy()
    toy.start(WAIT_SECONDS="60", **_nowhere(server))
    await _waits_for(toy, server)
    began = time.monotonic()
    assert await toy.stopped() != 0
    assert seconds_since(began) < _WAIT_S
    assert toy.said("stopped while it was starting")
    assert not toy.said("Traceback")


async def test_it_starts_when_kafka_appears_in_time(
    own_kafka: KafkaServer, postgres: str, tmp_path: Path, programs: list[Program]
) -> None:
    """Started before the broker and before its topics, it finds both and takes what comes."""
    own_kafka.stop()
    async with prepared_site(own_kafka.bootstrap, postgres, tmp_path, programs, provisioned=False) as site:
        toy = site.toy()
        toy.start()
        await _waits_for(toy, "Kafka")
        own_kafka.wait_ready(own_kafka.start())
        await eventually(lambda: _started(toy), "it has started")
        assert (await toy.readiness())["registry"] == "no entry read yet for menso"
        await site.prepare()
        await toy.ready()
        await _works(site)


async def test_it_starts_when_postgres_appears_in_time(
    own_postgres: PostgresServer, kafka: str, tmp_path: Path, programs: list[Program]
) -> None:
    """Started before the database server, it waits for it and takes what comes."""
    async with prepared_site(kafka, own_postgres.dsn, tmp_path, programs) as site:
        own_postgres.stop()
        toy = site.toy()
        toy.start()
        await _waits_for(toy, "PostgreSQL")
        own_postgres.wait_ready(own_postgres.start())
        await toy.ready()
        await _works(site)


def _nowhere(server: str) -> dict[str, str]:
    """Settings under which one of the servers does not answer."""
    if server == "Kafka":
        return {"KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{free_port()}"}
    return {"DATABASE_URL": f"postgresql://{HOST}:{free_port()}/none"}


async def _started(toy: Program) -> bool:
    return bool(toy.said("Uvicorn running"))


async def _waits_for(toy: Program, server: str) -> None:
    async def said() -> list[str]:
        assert toy.running
        return toy.said(f"{server} does not answer yet")

    await eventually(said, f"it waits for {server}")


async def _works(site: Site) -> None:
    ledger = Ledger()
    await site.send(ledger.round(["p-1", "p-2"], 3))
    await drained(site, ledger)
    await assert_intact(site, ledger)
