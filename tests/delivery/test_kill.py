"""A service that is killed at any point loses nothing and does nothing twice."""

from __future__ import annotations

import signal

import pytest

from shared.messaging.faults import Place
from tests.delivery.checks import assert_intact, drained
from tests.delivery.ledger import Ledger
from tests.delivery.site import Site

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
