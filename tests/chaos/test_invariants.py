"""Each invariant sees the smallest log that breaks it, and is content with one that does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker.invariants.dead_letters import DeadLettersComplete
from tests.chaos.checker.invariants.effects import EveryEffectOnce
from tests.chaos.checker.invariants.lists import OnOneList
from tests.chaos.checker.invariants.messages import OneMessageAStep
from tests.chaos.checker.invariants.order import OrderPerKey
from tests.chaos.checker.invariants.parked import ParkedTakenUp
from tests.chaos.checker.invariants.precedence import PrecedenceAsGranted
from tests.chaos.checker.invariants.room import WithinTheRoom
from tests.chaos.checker.invariants.statements import NothingLost
from tests.chaos.checker.log import Told
from tests.chaos.driver.ledger import Ledger, entries
from tests.chaos.made_up import Saw, stated, told, verdict
from tests.chaos.nemesis.strikes import Poison


async def test_what_was_taken_must_lie_there_and_what_was_refused_must_not() -> None:
    """The ledger against the stream."""
    one, two = (
        told("participants.stepped", stream="intake", id_="e-1"),
        told("x", stream="intake", id_="e-2"),
    )
    assert await verdict(NothingLost(), Saw(stated(1)), one) == []
    assert await verdict(NothingLost(), Saw(stated(1), stated(2)), one) == ["lost"]
    assert await verdict(NothingLost(), Saw(stated(2, "state.conflict")), two) == ["doubled"]
    other = told("x", stream="intake", id_="e-1", rung="another")
    assert await verdict(NothingLost(), Saw(stated(1)), one, other) == ["doubled"]
    assert await verdict(NothingLost(), Saw(stated(3, ""))) == []


async def test_a_step_is_taken_once() -> None:
    """Asked and never answered; answered twice."""
    asked = told("reservations.requested", "0114", reservation="r")
    granted = told("reservations.granted", "0114", stream="quota", reservation="r")
    made = told("proposals.made", reservation="r", proposal="q")
    assert await verdict(EveryEffectOnce(), Saw(), asked) == ["lost"]
    assert await verdict(EveryEffectOnce(), Saw(), asked, granted) == ["lost"]
    assert await verdict(EveryEffectOnce(), Saw(), asked, granted, made) == []
    assert await verdict(EveryEffectOnce(), Saw(), asked, granted, granted, made) == ["doubled"]
    fell = told("proposals.declined", reservation="r", proposal="q")
    assert await verdict(EveryEffectOnce(), Saw(), asked, granted, made, fell) == ["lost"]


async def test_a_contract_ends_a_later_proposal_without_an_answer_to_it() -> None:
    """Answered and nothing came of it; but not when the person was placed meanwhile."""
    room = [
        told("reservations.requested", "0114", reservation="r"),
        told("reservations.granted", "0114", stream="quota", reservation="r"),
        told("reservations.used", "0114", stream="quota", reservation="r"),
    ]
    made = told("proposals.made", participant="p", reservation="r", proposal="q")
    answered = told("proposals.answered", stream="intake", proposal="q")
    placed = told("waiting.left", participant="p", reason="placed")
    moved = told("waiting.left", participant="p", reason="moved")
    assert await verdict(EveryEffectOnce(), Saw(), *room, made, placed, answered) == []
    assert await verdict(EveryEffectOnce(), Saw(), *room, made, moved, answered) == ["lost"]
    assert await verdict(EveryEffectOnce(), Saw(), *room, made, answered) == ["lost"]


async def test_the_order_of_a_key_is_that_of_the_ledger() -> None:
    """The second before the first."""
    one, two = (told("participants.stepped", stream="intake", id_=f"e-{n}") for n in (1, 2))
    ledger = Saw(stated(1), stated(2))
    assert await verdict(OrderPerKey(), ledger, one, two) == []
    assert await verdict(OrderPerKey(), ledger, two, one) == ["out_of_order"]


async def test_messages_come_in_the_order_of_their_causes() -> None:
    """Told of the second before the first."""
    one, two = (told("waiting.joined", id_=f"c-{n}") for n in (1, 2))
    first, second = (
        told("notifications.queued", stream="notifications", notification=n, template="x", cause=f"c-{n}")
        for n in (1, 2)
    )
    assert await verdict(OrderPerKey(), Saw(), one, two, first, second) == []
    assert await verdict(OrderPerKey(), Saw(), one, two, second, first) == ["out_of_order"]


async def test_never_more_than_the_number() -> None:
    """Two grants under a number of one; a grant after the first was given back; one beside a contract."""
    number = told("targets.set", "0114", stream="intake", year=2021, fund="ministry", number="1")

    def quota(what: str, name: str, **more: Any) -> Told:
        return told(f"reservations.{what}", "0114", stream="quota", reservation=name, year=2021, **more)

    granted, given_back, other = quota("granted", "a"), quota("released", "a"), quota("granted", "b")
    assert await verdict(WithinTheRoom(), Saw(), number, granted, given_back, other) == []
    assert await verdict(WithinTheRoom(), Saw(), number, granted, other) == ["over_room"]
    started = told("placements.started", stream="intake", placement="c", ends_on=None)
    used = quota("used", "a", placement="c")
    assert await verdict(WithinTheRoom(), Saw(), number, granted, started, used, other) == ["over_room"]
    ended = told("placements.ended", stream="intake", placement="c")
    after = quota("granted", "d")
    assert await verdict(WithinTheRoom(), Saw(), number, granted, started, used, ended, after) == []


async def test_a_number_that_fell_holds_once_quota_has_told_it() -> None:
    """A grant under the old number before quota told the new one, and after."""
    first, fallen = (
        told("targets.set", "0114", stream="intake", year=2021, fund="ministry", number=n) for n in "21"
    )
    one, two = (told("reservations.granted", "0114", stream="quota", reservation=n, year=2021) for n in "ab")
    heard = told(
        "capacity.changed", "0114", stream="quota", year=2021, funds=[{"fund": "ministry", "target": "1"}]
    )
    late = told("reservations.granted", "0114", stream="quota", reservation="b", year=2021)
    assert await verdict(WithinTheRoom(), Saw(), first, fallen, one, two, heard) == []
    assert await verdict(WithinTheRoom(), Saw(), first, fallen, one, heard, late) == ["over_room"]


async def test_each_deviation_is_reported_once() -> None:
    """Never; twice; without a decision."""
    decided = told("deviations.decided", stream="intake", deviation="d")
    reported = told("deviations.reported", deviation="d")
    assert await verdict(EveryEffectOnce(), Saw(), decided, reported) == []
    assert await verdict(EveryEffectOnce(), Saw(), decided) == ["lost"]
    assert await verdict(EveryEffectOnce(), Saw(), reported) == ["lost"]
    assert await verdict(EveryEffectOnce(), Saw(), decided, reported, reported) == ["doubled"]


async def test_precedence_is_as_granted_and_told_once() -> None:
    """Never told; told twice; told of a group that nobody granted."""

    def granted(on: str, group: str | None = None) -> Told:
        return told(
            "participants.decided", stream="intake", outcome="granted", decided_on=on, priority_group=group
        )

    def changed(on: str, group: str) -> Told:
        return told("waiting.changed", changed_on=on, priority_group=group)

    joined = told("waiting.joined", decided_on="2021-01-01")
    first, again = granted("2021-01-01"), granted("2021-02-01", "g")
    change, other = changed("2021-02-01", "g"), changed("2021-02-01", "h")
    assert await verdict(PrecedenceAsGranted(), Saw(), first, again, joined, change) == []
    assert await verdict(PrecedenceAsGranted(), Saw(), first, again, joined) == ["lost"]
    assert await verdict(PrecedenceAsGranted(), Saw(), first, again, joined, change, change) == ["doubled"]
    assert await verdict(PrecedenceAsGranted(), Saw(), first, again, joined, other) == ["doubled", "lost"]


async def test_nobody_is_on_two_lists() -> None:
    """Joined twice; shown and not told; told and not shown."""
    shown = [{"participant": "p-1"}]
    joined, left = told("waiting.joined"), told("waiting.left")
    assert await verdict(OnOneList(), Saw(matching_waiting=shown), joined) == []
    assert await verdict(OnOneList(), Saw(matching_waiting=shown), joined, joined) == ["two_lists"]
    assert await verdict(OnOneList(), Saw(matching_waiting=shown * 2), joined) == ["two_lists"]
    assert await verdict(OnOneList(), Saw(matching_waiting=shown), joined, left) == ["doubled"]
    assert await verdict(OnOneList(), Saw(), joined) == ["lost"]


async def test_one_message_a_step() -> None:
    """No message; two messages; two mails; no end."""
    step = told("waiting.joined", joined_on="2021-03-01")

    def queued(name: str) -> Told:
        return told(
            "notifications.queued", stream="notifications", notification=name, template="waiting-joined"
        )

    def sent(name: str) -> Told:
        return told("notifications.sent", stream="notifications", notification=name)

    once, twice = Saw(mails=Counter(["m"])), Saw(mails=Counter(["m", "m"]))
    assert await verdict(OneMessageAStep(), once, step, queued("m"), sent("m")) == []
    assert await verdict(OneMessageAStep(), Saw(), step) == ["lost"]
    assert await verdict(OneMessageAStep(), Saw(), step, queued("m")) == ["lost"]
    assert await verdict(OneMessageAStep(), Saw(), step, queued("m"), sent("m")) == ["lost"]
    assert await verdict(OneMessageAStep(), twice, step, queued("m"), sent("m")) == ["messages_doubled"]
    both = Saw(mails=Counter(["m", "n"]))
    found = await verdict(OneMessageAStep(), both, step, queued("m"), queued("n"), sent("m"), sent("n"))
    assert found == ["messages_doubled"]


async def test_nothing_stays_parked() -> None:
    """A fact that waits for what was stated long ago."""
    row = {"id": "e-1", "waits_for": ["participant:p-1"]}
    assert await verdict(ParkedTakenUp(), Saw()) == []
    assert await verdict(ParkedTakenUp(), Saw(quota_parked=[row])) == ["lost"]


async def test_each_poison_is_a_letter_and_nothing_else_is() -> None:
    """No letter; a letter; a letter of something sound."""
    poison = Poison("empty", "t.menso.intake", "x-1", "schema.invalid")
    letter = {
        "topic": "t.menso.intake",
        "partition": 0,
        "offset": 7,
        "code": "schema.invalid",
        "detail": "",
        "key": "x",
    }
    names = [f"{service}_letters" for service in ("matching", "quota", "notifications")]

    def saw(**letters: Any) -> Saw:
        evidence = Saw(poisons=[poison], **letters)
        evidence.found_poison["t.menso.intake", 0, 7] = "x-1"
        return evidence

    assert await verdict(DeadLettersComplete(), saw()) == ["lost"] * 3
    assert await verdict(DeadLettersComplete(), saw(**{name: [letter] for name in names})) == []
    assert await verdict(DeadLettersComplete(), Saw(quota_letters=[letter])) == ["lost"]


@pytest.mark.parametrize("answered", [True, False])
def test_the_ledger_is_read_as_it_was_written(tmp_path: Path, *, answered: bool) -> None:
    """What was stated without an answer is there as well."""
    from tests.delivery.story import FIRST_DAY, the_ground  # noqa: PLC0415 - one event is enough

    event = the_ground(FIRST_DAY)[0]
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        number = ledger.state(event, "http")
        if answered:
            ledger.answer(number, "accepted")
    (entry,) = entries(tmp_path / "ledger.jsonl")
    assert (entry.id, entry.answer) == (event.id, "accepted" if answered else "")
