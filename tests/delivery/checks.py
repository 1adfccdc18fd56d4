"""The comparison of the ledger with what the toy made of it: in its database, and on its topic."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from typing import Any

from shared.contracts.waiting import WaitingJoined, WaitingPassedOver
from tests.delivery.ledger import Ledger
from tests.delivery.programs import Program
from tests.delivery.site import Site, firsts
from tests.delivery.toy.service import linked
from tests.delivery.waiting import PATIENCE_S, eventually


async def drained(site: Site, ledger: Ledger, *, patience: float = PATIENCE_S) -> None:
    """Wait until all that was sent has been taken and all that was decided has been published."""

    async def nothing_left() -> bool:
        taken = await site.value("SELECT count(*) FROM inbox WHERE source LIKE '%:ledger'")
        waiting = await site.value("SELECT count(*) FROM outbox")
        return taken >= ledger.events and not waiting and not await site.backlog()

    await eventually(nothing_left, f"{ledger.events} events taken and answered", patience=patience)


async def in_hand(site: Site, instance: Program) -> None:
    """Wait until an instance that dawdles (`TOY_PAUSE_S`) is in the middle of a batch, and not its first."""

    async def busy() -> bool:
        taken = await site.value("SELECT count(*) FROM inbox WHERE source LIKE '%:ledger'")
        dawdles = await site.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND query LIKE 'SELECT pg_sleep%' AND state = 'active' AND application_name = $1",
            instance.name,
        )
        return bool(taken and dawdles)

    await eventually(busy, f"{instance.name} has a batch in hand")


async def assert_intact(site: Site, ledger: Ledger, *, letters: int = 0) -> int:
    """Each event of the ledger took effect once and in order, and was answered once and in order.

    Args:
        letters: how many dead letters there should be.

    Returns:
        How many of the toy's own events lie on the topic more than once; readers drop repeats by id.
    """
    await _assert_state(site, ledger, letters)
    stated = await site.stated()
    own = firsts(stated)
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in own:
        said[event["partitionkey"]].append(event)
    for person in ledger.people:
        steps = [e for e in said[person] if e["type"] == WaitingPassedOver.TYPE]
        assert [e["causationid"] for e in steps] == ledger.steps.get(person, []), person
        assert [e["data"]["rank"] for e in steps] == list(range(1, len(steps) + 1)), person
        joined = [e["causationid"] for e in said[person] if e["type"] == WaitingJoined.TYPE]
        assert joined == ledger.decisions.get(person, []), person
    assert set(said) <= ledger.people
    chains = {person: reduce(linked, [e["id"] for e in said[person]], "") for person in ledger.people}
    rows = await site.rows("SELECT participant, said_chain FROM tally")
    assert {row["participant"]: row["said_chain"] for row in rows} == chains
    return len(stated) - len(own)


async def _assert_state(site: Site, ledger: Ledger, letters: int) -> None:
    rows = await site.rows("SELECT participant, steps, chain, decisions, registered FROM tally")
    found = {row["participant"]: tuple(row)[1:] for row in rows}
    expected = {
        person: (
            len(ledger.steps.get(person, [])),
            ledger.chain(person),
            len(ledger.decisions.get(person, [])),
            person in ledger.registered,
        )
        for person in ledger.people
    }
    assert found == expected
    assert await site.value("SELECT count(*) FROM outbox") == 0
    assert await site.value("SELECT count(*) FROM parked") == 0
    assert await site.value("SELECT count(*) FROM dead_letters") == letters
