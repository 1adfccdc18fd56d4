"""A service that is killed at any point loses nothing and does nothing twice."""

from __future__ import annotations

import signal
import time

import pytest

from shared.messaging.faults import Place
from tests.delivery.checks import assert_intact, drained
from tests.delivery.ledger import Ledger
from tests.delivery.site import Site

_LONG_S = 30.0
"""A session that must not be waited for."""
_SOON_S = 15.0
"""On a machine with much else to do; by itself it takes about a second."""
_PLACES = (Place.BEFORE_COMMIT, Place.AFTER_COMMIT, Place.AFTER_PUBLISH, Place.BEFORE_OFFSET_COMMIT)


@pytest.mark.parametrize("place", _PLACES)
async def test_a_crash_loses_nothing_and_repeats_nothing(site: Site, place: Place) -> None:
    """Killed in its second batch and started again, the service has taken each event once and in order."""
    ledger = Ledger()
    people = [f"p-{n}" for n in range(40)]
    early = [ledger.decision(person) for person in people[:20]]
    await site.send([*early, *ledger.round(people, 20)])
    toy = site.toy()

    toy.start(crash_at=f"{place}:2")
    assert await toy.ended() == -signal.SIGKILL
    await site.send([ledger.registration(person) for person in people] + ledger.round(people, 5))
    await toy.started()
    await drained(site, ledger)

    repeated = await assert_intact(site, ledger)
    # Elsewhere the relay may have been between the two as well; here it certainly was.
    assert repeated > 0 or place is not Place.AFTER_PUBLISH


async def test_a_process_with_a_name_of_its_own_goes_on_as_soon_as_it_is_started_again(site: Site) -> None:
    """Its partitions are given back to it, and it need not wait until its own session has run out."""
    ledger, people = Ledger(), [f"p-{n}" for n in range(20)]
    named = {"CONSUMER_INSTANCE": "one", "SESSION_TIMEOUT_SECONDS": f"{_LONG_S:.0f}"}
    toy = site.toy(**named)
    await toy.started()
    await site.send([ledger.registration(person) for person in people])
    await drained(site, ledger)

    toy.kill()
    await site.send(ledger.round(people, 5))
    await toy.started()
    started = time.monotonic()
    await drained(site, ledger)

    assert time.monotonic() - started < _SOON_S
    await assert_intact(site, ledger)


async def test_what_stops_leaves_its_partitions_to_others_at_once_whether_it_has_a_name_or_not(
    site: Site,
) -> None:
    """A stop is not taken for a restart: the other instance need not wait for a session to run out."""
    ledger, people = Ledger(), [f"p-{n}" for n in range(20)]
    long = {"SESSION_TIMEOUT_SECONDS": f"{_LONG_S:.0f}"}
    first, second = [site.toy(name, CONSUMER_INSTANCE=name, **long) for name in ("first", "second")]
    await first.started()
    await second.started()
    await site.send([ledger.registration(person) for person in people])
    await drained(site, ledger)

    await first.stopped()
    stopped = time.monotonic()
    await site.send(ledger.round(people, 5))
    await drained(site, ledger)

    assert time.monotonic() - stopped < _SOON_S
    await assert_intact(site, ledger)
