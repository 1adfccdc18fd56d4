"""The door: what it answered 202 it has, whatever happens next; what it did not, the caller can repeat."""

from __future__ import annotations

import signal

import httpx
import pytest

from shared.contracts.base import Stream
from shared.messaging.faults import Place
from tests.delivery.callers import caller
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.site import Site
from tests.delivery.waiting import eventually


@pytest.mark.parametrize(
    ("place", "state"),
    [
        (Place.BEFORE_COMMIT, "accepted"),
        (Place.AFTER_COMMIT, "duplicate"),
        (Place.BEFORE_ANSWER, "duplicate"),
        (Place.AFTER_PUBLISH, "duplicate"),
    ],
)
async def test_who_got_no_answer_asks_again_and_the_event_takes_effect_once(
    site: Site, place: Place, state: str
) -> None:
    """The door is killed while it has an event in hand; the caller repeats it and learns how it stands."""
    door, ledger = site.door(), Ledger()
    await door.started()
    async with caller(door) as partner:
        await partner.deliver(ledger.registration("p-1"))
    await _published(site, 1)
    await door.stopped()

    await door.started(crash_at=place)
    step = ledger.step("p-1")
    async with caller(door) as partner:
        if place is Place.AFTER_PUBLISH:
            assert (await partner.hand_in(step)).state == "accepted"
        else:
            with pytest.raises(httpx.TransportError):
                await partner.hand_in(step)
    assert await door.ended() == -signal.SIGKILL

    await door.started()
    async with caller(door) as partner:
        assert (await partner.hand_in(step)).state == state
        assert (await partner.hand_in(step)).state == "duplicate"
        await partner.deliver(ledger.step("p-1"))
    await _published(site, 3)
    published = await site.events(site.topics.of(GUIDE, Stream.INTAKE))
    ids = [event["id"] for event in published]
    assert list(dict.fromkeys(ids)) == ["p-1-registered", *ledger.steps["p-1"]]
    assert len(ids) > len(set(ids)) or place is not Place.AFTER_PUBLISH


async def _published(site: Site, events: int) -> None:
    """Wait until so many different events are on the partner's stream and nothing waits for the relay."""

    async def all_there() -> bool:
        waiting = await site.value("SELECT count(*) FROM outbox", of=site.door_database)
        known = await site.value(
            "SELECT count(*) FROM inbox WHERE source LIKE '%:ledger'", of=site.door_database
        )
        return not waiting and known == events

    await eventually(all_there, f"{events} events published")
