"""What a partner's inbox topic cannot take comes back to that partner, and holds up nobody."""

from __future__ import annotations

from collections import Counter

from shared.contracts import EventRefused
from shared.contracts.base import Stream
from shared.messaging.event import encode
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.poison import accepted, put, refused
from tests.delivery.site import Site, firsts
from tests.delivery.waiting import eventually


async def test_every_refusal_comes_back_and_the_partition_moves_on(site: Site) -> None:
    """Each odd record, twice, and a sound one behind it: every refusal is stated, with its code."""
    door, ledger = site.door(), Ledger()
    await door.started()
    inbox, stream = (site.topics.of(GUIDE, each) for each in (Stream.INBOX, Stream.INTAKE))
    bad, odd = refused(Ledger()), accepted(ledger)
    people = ["bystander", *[each.name for each in odd]]
    for person in people:
        await put(site.kafka, inbox, person, encode(ledger.registration(person)))
    for poison in [*bad, *bad, *odd]:
        await put(site.kafka, inbox, poison.name, poison.value, poison.headers)
        await put(site.kafka, inbox, "bystander", encode(ledger.step("bystander")))

        async def moved_on() -> bool:
            last = ledger.steps["bystander"][-1]
            known = "SELECT count(*) FROM inbox WHERE id = $1"
            return bool(await site.value(known, last, of=site.door_database))

        await eventually(moved_on, f"the partition moves on after {poison.name}")

    async def published() -> bool:
        return not await site.value("SELECT count(*) FROM outbox", of=site.door_database)

    await eventually(published, "all is published")
    stated = await site.events(stream)
    events = firsts(stated)
    codes = Counter(e["data"]["code"] for e in stated if e["type"] == EventRefused.TYPE)
    assert codes == Counter(2 * [poison.code or "type.unknown" for poison in bad])
    for person in people:
        said = [e["id"] for e in events if e["partitionkey"] == person]
        assert said == [f"{person}-registered", *ledger.steps[person]]
    for table in ("dead_letters", "parked"):
        assert await site.value(f"SELECT count(*) FROM {table}", of=site.door_database) == 0
