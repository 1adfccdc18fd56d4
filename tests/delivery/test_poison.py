"""What cannot be processed is set aside; its partition moves on and its own key keeps its order."""

from __future__ import annotations

from typing import Any, Final

import orjson

from shared.contracts.base import Stream
from shared.messaging.event import Event, encode
from tests.delivery.checks import assert_intact, drained
from tests.delivery.ledger import GUIDE, Ledger
from tests.delivery.poison import Headers, accepted, put, refused
from tests.delivery.site import PARTNERS, Site
from tests.delivery.toy.service import BREAKS, UNSAVEABLE
from tests.delivery.waiting import eventually

_PROMPT_S: Final = 15.0
"""A second is promised; a machine that runs other tests beside this one may need some."""


async def _send(site: Site, key: str, value: bytes | None, headers: Headers = ()) -> None:
    await put(site.kafka, site.topics.of(GUIDE, Stream.INTAKE), key, value, headers)


async def _steps(site: Site, person: str) -> int:
    rows = await site.rows("SELECT steps FROM tally WHERE participant = $1", person)
    return rows[0]["steps"] if rows else 0


async def test_poison_becomes_a_dead_letter_and_the_partition_moves_on(site: Site) -> None:
    """Each odd record is followed by a sound one of another key on its partition, which takes effect."""
    toy = site.toy()
    await toy.started()
    ledger, throwaway = Ledger(), Ledger()
    poisons = [*refused(throwaway), *accepted(ledger)]
    for poison in poisons:
        await _send(site, poison.name, poison.value, poison.headers)
        await _send(site, "bystander", encode(ledger.step("bystander")))
        behind = throwaway if poison.holds else ledger
        for _ in range(2):
            await _send(site, poison.name, encode(behind.step(poison.name)))
        passed = len(ledger.steps["bystander"])

        async def moved_on(passed: int = passed) -> bool:
            return await _steps(site, "bystander") == passed

        await eventually(moved_on, f"the partition moves on after {poison.name}", patience=_PROMPT_S)
    await drained(site, ledger)

    rows = await site.rows("SELECT key, code, holds, value FROM dead_letters ORDER BY id")
    letters: dict[str, list[tuple[str, bool]]] = {}
    for row in rows:
        letters.setdefault(row["key"].decode(), []).append((row["code"], row["holds"]))
    assert letters == {
        poison.name: [(poison.code, poison.holds), *([("held", True)] * (2 if poison.holds else 0))]
        for poison in poisons
        if poison.code
    }
    held = [orjson.loads(row["value"])["id"] for row in rows if row["code"] == "held"]
    assert held == [number for p in poisons if p.holds for number in throwaway.steps[p.name]]
    await assert_intact(site, ledger, letters=len(rows))
    assert await toy.counted("werkbedrijf_inbox_rejected_total", partner=GUIDE, reason="type.unknown") == 2
    assert await toy.counted("werkbedrijf_dlq_messages") == len(rows)


async def test_a_key_waits_behind_a_broken_rule_and_goes_on_in_order_after_a_redrive(site: Site) -> None:
    """A step that the rule, or the database, cannot take holds its key; mended, all take effect in order."""
    toy = site.toy()
    await toy.started()
    ledger = Ledger()
    await site.send(_two_at_fault(ledger))
    await eventually(lambda: _all_seen(site), "two letters and six held behind them")
    assert await _steps(site, "broken") == await _steps(site, "unsaved") == 2

    await toy.stopped()
    await toy.started(TOY_MENDED="true")
    await site.send([ledger.step("broken")])
    await eventually(lambda: _held(site, 9), "a step sent after the restart is held as well")
    shown = await toy.ops("/ops/dead-letters")
    assert [each["attempts"] for each in shown] == [1] * 9
    tried = await toy.ops(
        "/ops/dead-letters/redrive", {"ids": _of(shown, "broken")[:1], "dry_run": True, "reason": "mended"}
    )
    assert tried["outcomes"] == {"accepted": 5}
    assert await _steps(site, "broken") == 2
    done = await toy.ops("/ops/dead-letters/redrive", {"ids": _of(shown, "broken")[:1], "reason": "mended"})
    assert done["outcomes"] == {"accepted": 5}
    assert [each["key"] for each in await toy.ops("/ops/dead-letters")] == ["unsaved"] * 4

    await site.rows("ALTER TABLE tally DROP CONSTRAINT no_room_for_it")
    await toy.ops("/ops/dead-letters/redrive", {"all": True, "reason": "mended"})
    await site.send(ledger.round(["broken", "unsaved", "sound"], 2))
    await drained(site, ledger)
    await assert_intact(site, ledger)


async def test_what_waited_for_a_partner_takes_effect_but_for_what_is_at_fault(site: Site) -> None:
    """Many events wait for one registration, and it releases them all: none is left behind by a bad one."""
    toy = site.toy()
    await toy.started()
    await eventually(lambda: _partners_known(site), "the toy knows the partners")
    entries = await site.records(site.topics.registry)
    await site.rows("DELETE FROM partners")
    await site.rows("DELETE FROM inbox")
    ledger = Ledger()
    await site.send(_two_at_fault(ledger))

    async def all_wait() -> bool:
        return bool(await site.value("SELECT count(*) FROM parked") == ledger.events)

    await eventually(all_wait, "all wait for their partner")
    for entry in entries:
        await put(site.kafka, site.topics.registry, entry.key.decode(), entry.value)
    await eventually(lambda: _all_seen(site), "two letters and six held behind them")
    assert await _steps(site, "broken") == await _steps(site, "unsaved") == 2
    assert await site.value("SELECT count(*) FROM parked") == 0

    await toy.stopped()
    await toy.started(TOY_MENDED="true")
    await site.rows("ALTER TABLE tally DROP CONSTRAINT no_room_for_it")
    await toy.ops("/ops/dead-letters/redrive", {"all": True, "reason": "mended"})
    await drained(site, ledger)
    await assert_intact(site, ledger)


async def test_what_never_was_an_event_is_discarded_and_its_key_goes_on(site: Site) -> None:
    """A letter that is given up is kept with the reason; what waited behind it is redriven in order."""
    toy = site.toy()
    await toy.started()
    ledger = Ledger()
    for value in (encode(ledger.step("p-1")), b"{not json", *(encode(ledger.step("p-1")) for _ in range(2))):
        await _send(site, "p-1", value)
    await eventually(lambda: _held(site, 3), "one letter and two held behind it")
    first = (await toy.ops("/ops/dead-letters"))[0]["id"]
    said = await toy.ops("/ops/dead-letters/discard", {"ids": [first, 999], "reason": "a slip of the pen"})
    assert said == {"discarded": [first], "unknown": [999]}
    await toy.ops("/ops/dead-letters/redrive", {"all": True, "reason": "what held them is gone"})
    await _send(site, "p-1", encode(ledger.step("p-1")))
    await drained(site, ledger)
    await assert_intact(site, ledger)
    kept = await site.rows("SELECT action, reason, value FROM dead_letters_settled ORDER BY id")
    assert [tuple(row) for row in kept] == [
        ("discarded", "a slip of the pen", b"{not json"),
        ("redriven", "what held them is gone", None),
        ("redriven", "what held them is gone", None),
    ]


async def test_a_letter_that_was_parked_before_stays_first_of_its_key(site: Site) -> None:
    """An event that breaks a rule on leaving the parking is redriven before those that came after it."""
    toy = site.toy()
    await toy.started()
    ledger = Ledger()
    await site.send([ledger.decision("p-1", by=BREAKS)])
    await drained(site, ledger)
    await site.send([ledger.registration("p-1")])
    await eventually(lambda: _held(site, 1), "the parked decision is a dead letter")
    await site.send([ledger.decision("p-1")])
    await eventually(lambda: _held(site, 2), "the next decision is held")

    again = await toy.ops("/ops/dead-letters/redrive", {"all": True, "reason": "too early"})
    assert again["outcomes"] == {"dead": 2}
    await toy.stopped()
    await toy.started(TOY_MENDED="true")
    await toy.ops("/ops/dead-letters/redrive", {"all": True, "reason": "mended"})
    await drained(site, ledger)
    await assert_intact(site, ledger)


def _two_at_fault(ledger: Ledger) -> list[Event]:
    """Three people take six steps each; one of two of them breaks the rule, or the database."""
    people = ["broken", "unsaved", "sound"]
    events = ledger.round(people, 2)
    events += [ledger.step("broken", place=BREAKS), ledger.step("unsaved", place=UNSAVEABLE)]
    return events + ledger.round(people, 3)


async def _all_seen(site: Site) -> bool:
    letters = await site.value("SELECT count(*) FROM dead_letters")
    return letters == 8 and await _steps(site, "sound") == 5 and not await site.backlog()


async def _partners_known(site: Site) -> bool:
    return bool(await site.value("SELECT count(*) FROM partners") == len(PARTNERS))


async def _held(site: Site, letters: int) -> bool:
    return bool(await site.value("SELECT count(*) FROM dead_letters") == letters)


def _of(shown: list[dict[str, Any]], key: str) -> list[int]:
    return [each["id"] for each in shown if each["key"] == key]
