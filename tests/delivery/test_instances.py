"""Several instances of one service share the work, come and go, and keep every key in order."""

from __future__ import annotations

import asyncio
import random
import signal
import time

from shared.messaging import rebuild
from tests.delivery.checks import assert_intact, drained, in_hand
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.programs import Program, seconds_since
from tests.delivery.sending import producing, send_with
from tests.delivery.site import Site
from tests.delivery.toy.service import PACKAGE, Toy
from tests.delivery.waiting import eventually

_EVENTS = 10_000
_CHUNK = 100
_EARLY, _LATE = 3, 6
"""Decisions about each person that wait for the registration, and that do not."""
_PER_SECOND = 1_000
_IN_FLIGHT = 2_000
_PEOPLE = [f"p-{n}" for n in range(100)]
_CLEAN = {0, -signal.SIGTERM}
"""How a service ends that was asked to: of its own, or of the signal once all is done."""


async def _flow(site: Site, ledger: Ledger) -> None:
    """Send 10,000 events at an even pace; many decisions come before the registration they build on."""
    shuffled = random.Random(7)
    chunks = _EVENTS // _CHUNK
    rounds = [ledger.decision] * _EARLY + [ledger.registration] + [ledger.decision] * _LATE
    others = [make(person) for make in rounds for person in _PEOPLE]
    share = len(others) // chunks
    async with producing(site.kafka) as producer:
        for chunk in range(chunks):
            steps = [ledger.step(person) for person in shuffled.sample(_PEOPLE, _CHUNK - share)]
            await send_with(producer, site.topics, [*steps, *others[chunk * share : (chunk + 1) * share]])
            await asyncio.sleep(_CHUNK / _PER_SECOND)
            # However slow the machine is: what happens to the instances happens while events flow.
            await _taken(site, (chunk + 1) * _CHUNK - _IN_FLIGHT)


async def _taken(site: Site, events: int) -> None:
    """Wait until so many events have been taken."""

    async def so_many() -> bool:
        return bool(await site.value("SELECT count(*) FROM inbox") >= events)

    await eventually(so_many, f"{events} events taken")


async def test_every_key_stays_in_order_while_instances_come_and_go(site: Site, database_beside: str) -> None:
    """Of two instances one is killed, one is added and one is stopped politely, while 10,000 events flow.

    Afterwards the log alone, read from its beginning, gives the same state.
    """
    ledger = Ledger()
    killed, stopped, added = site.toy("killed"), site.toy("stopped"), site.toy("added")
    await asyncio.gather(killed.started(), stopped.started())

    flowing = asyncio.create_task(_flow(site, ledger))
    await _taken(site, 1_500)
    killed.kill()
    await _taken(site, 3_500)
    await added.started()
    await _taken(site, 6_000)
    assert await stopped.stopped() in _CLEAN
    await _taken(site, 7_000)
    assert not flowing.done()
    await killed.started()
    await flowing
    assert ledger.events == _EVENTS
    await drained(site, ledger)

    await assert_intact(site, ledger)
    read = await rebuild.rebuild(
        Toy(), package=PACKAGE, bootstrap=site.kafka, topics=site.topics, operator=GUIDE,
        into=database_beside, live=site.database,
    )  # fmt: skip
    assert read >= 2 * (_EVENTS - len(_PEOPLE))
    report = await rebuild.compare(Toy(), site.database, database_beside)
    assert report.same, report
    assert report.rows == {"tally": len(_PEOPLE)}


async def test_a_standby_publishes_within_seconds_of_the_death_of_the_relay(site: Site) -> None:
    """The instance that holds the relay's lock is killed; the other goes on, in order per key."""
    ledger = Ledger()
    pair = [site.toy("one"), site.toy("two")]
    await asyncio.gather(*[each.started() for each in pair])
    await site.send(ledger.round(_PEOPLE, 5))
    await drained(site, ledger)

    relay = await _relay_of(site, pair)
    (standby,) = [each for each in pair if each is not relay]
    await site.send(ledger.round(_PEOPLE, 10))
    relay.kill()
    died = time.monotonic()
    await eventually(lambda: _is_relay(site, standby), "the standby has the lock")
    assert seconds_since(died) < 10
    await site.send(ledger.round(_PEOPLE, 5))
    await drained(site, ledger)
    await assert_intact(site, ledger)


async def test_an_instance_that_was_frozen_does_nothing_twice_when_it_wakes(site: Site) -> None:
    """Frozen with a batch in hand until its partitions have gone to the other, it wakes and is harmless."""
    ledger = Ledger()
    frozen, other = site.toy("frozen", TOY_PAUSE_S="0.3"), site.toy("other")
    await frozen.started()
    await site.send(ledger.round(_PEOPLE, 30))
    await in_hand(site, frozen)
    frozen.freeze()
    await other.started()
    await site.send(ledger.round(_PEOPLE, 5))
    # Longer than a session: the other has been given the partitions and repeats the batch.
    await eventually(lambda: _waits_for_a_lock(site, other), "the other instance waits for the frozen one")
    frozen.thaw()
    await drained(site, ledger)
    await assert_intact(site, ledger)


async def _waits_for_a_lock(site: Site, instance: Program) -> bool:
    waiting = await site.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND application_name = $1",
        instance.name,
    )
    return bool(waiting)


async def _holders(site: Site) -> list[str]:
    rows = await site.rows(
        "SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.classid = 3 AND l.granted AND a.datname = current_database()"
    )
    return [row["name"] for row in rows]


async def _relay_of(site: Site, instances: list[Program]) -> Program:
    names = await _holders(site)
    assert len(names) == 1
    return next(each for each in instances if each.name == names[0])


async def _is_relay(site: Site, instance: Program) -> bool:
    return await _holders(site) == [instance.name]
