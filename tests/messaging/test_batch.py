"""A batch in memory: what takes effect, what waits, what is refused and what stops its own key."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shared.contracts import RefusalCode
from shared.messaging.batch import Arrival, Result
from shared.messaging.dead_letters import Hold
from shared.messaging.refusal import Refusal
from shared.messaging.registry import Registry
from shared.messaging.service import Outcome, Record, Status
from tests.messaging.toy import (
    EMCO,
    EMMEN,
    MENSO,
    OPERATOR,
    TOPICS,
    Bench,
    Toy,
    World,
    arrival,
    erased,
    left,
    moved,
    offered,
    paused,
    registered,
    resumed,
    stepped,
)


def statuses(result: Result, *arrivals: Arrival) -> list[Status]:
    return [outcome.status for outcome in result.outcomes([a.record for a in arrivals])]


def effects(bench: Bench) -> list[str]:
    """Ids of others' events that took effect, in order."""
    return [name for kind, name in bench.world.effects if kind != "due"]


def test_an_event_takes_effect_and_then_what_is_stated_because_of_it():
    bench = Bench()
    one = arrival(registered(), "e-1")
    result = bench.run(one)
    assert statuses(result, one) == [Status.ACCEPTED]
    assert [kind for kind, _ in bench.world.effects] == ["registered", "due"]
    (own,) = result.stated
    assert (own.causation, own.correlation, own.time) == ("e-1", "e-1", one.event.time if one.event else None)
    assert (own.partner, own.source) == (OPERATOR, f"{MENSO.urn}:systeem:werkbedrijf-matching")
    assert own.dataref == "https://menso.test/p-1"


def test_the_same_cause_gives_the_same_events_byte_for_byte():
    assert Bench().run(arrival(left(), "e-1")).stated == Bench().run(arrival(left(), "e-1")).stated


def test_another_partners_event_goes_to_its_topic_and_what_is_passed_on_keeps_its_name():
    (own, emitted, passed) = Bench().run(arrival(left(), "e-1")).stated
    assert (own.partner, emitted.partner) == ("menso", "emco")
    assert emitted.source.startswith(EMCO.urn)
    assert len({own.id, emitted.id, passed.id}) == 3
    assert (passed.id, passed.source, passed.correlation) == ("e-1", f"{MENSO.urn}:systeem:kantoor", "e-1")


def test_what_builds_on_a_fact_not_seen_is_parked_and_takes_effect_with_it():
    bench = Bench()
    step = arrival(stepped(), "e-1")
    result = bench.run(step)
    (outcome,) = result.outcomes([step.record])
    assert (outcome.status, outcome.waits_for) == (Status.PARKED, ("participant:p-1",))
    assert (result.stated, bench.world.effects) == ([], [])
    later = bench.run(arrival(registered(), "e-2"))
    assert effects(bench) == ["e-2", "e-1"]
    assert [(o.status, o.event.id if o.event else "") for o in later.later] == [(Status.ACCEPTED, "e-1")]
    assert bench.parked == []


def test_within_one_batch_too_and_then_it_was_never_parked():
    bench = Bench()
    pair = (arrival(stepped(), "e-1"), arrival(registered(), "e-2"))
    result = bench.run(*pair)
    assert statuses(result, *pair) == [Status.ACCEPTED, Status.ACCEPTED]
    assert (result.parked, result.unparked, result.later) == ({}, [], [])
    assert effects(bench) == ["e-2", "e-1"]


def test_one_release_leads_to_the_next():
    bench = Bench()
    bench.run(arrival(resumed(), "e-1"))
    bench.run(arrival(paused(), "e-2"))
    bench.run(arrival(registered(), "e-3"))
    assert effects(bench) == ["e-3", "e-2", "e-1"]


def test_what_waits_for_one_name_takes_effect_in_the_order_in_which_it_came():
    bench = Bench()
    for n in range(5):
        bench.run(arrival(stepped(), f"e-{n}"))
    bench.run(arrival(stepped(), "e-5"), arrival(registered(), "e-6"), arrival(stepped(), "e-7"))
    assert effects(bench) == ["e-6", "e-0", "e-1", "e-2", "e-3", "e-4", "e-5", "e-7"]


def test_what_waits_for_two_facts_waits_for_both_whichever_comes_first():
    for first, second in ((registered(), offered("pl-1")), (offered("pl-1"), registered())):
        bench = Bench()
        bench.run(arrival(stepped(place="pl-1"), "e-1"))
        bench.run(arrival(first, "e-2"))
        assert effects(bench) == ["e-2"]
        (waiting,) = bench.parked
        assert len(waiting.waits_for) == 1
        bench.run(arrival(second, "e-3"))
        assert effects(bench) == ["e-2", "e-3", "e-1"]


def test_a_name_that_nobody_waits_for_releases_nothing():
    bench = Bench()
    bench.run(arrival(stepped("p-1"), "e-1"))
    bench.run(arrival(registered("p-2"), "e-2"))
    assert effects(bench) == ["e-2"]
    assert len(bench.parked) == 1


def test_a_refused_event_becomes_a_letter_that_holds_nobody_up_and_may_be_handed_in_again():
    bench = Bench()
    pair = (arrival(moved(), "e-1"), arrival(registered(), "e-2"))
    result = bench.run(*pair)
    assert statuses(result, *pair) == [Status.REFUSED, Status.ACCEPTED]
    (letter,) = result.letters
    assert (letter.code, letter.detail, letter.holds) == ("state.conflict", "nobody moves here", False)
    assert [event.id for event, _ in result.refused] == ["e-1"]
    assert result.forgotten == []
    assert effects(bench) == ["e-2"]


def test_a_service_that_answers_refusals_keeps_no_letter_and_its_answer_takes_no_effect_in_its_state():
    bench = Bench(service=Toy(answers=True))
    result = bench.run(arrival(moved(), "e-1"))
    assert result.letters == []
    assert [event.causation for event in result.stated] == ["e-1"]
    assert bench.world.effects == []


@pytest.mark.parametrize("timestamp", [-1, 0, 1000, 2**62, -(2**62)])
def test_a_record_that_is_no_event_is_answered_too_whatever_its_timestamp(timestamp: int):
    bench = Bench(service=Toy(answers=True))
    record = Record(TOPICS.of("menso", MENSO.STREAM), b'{"id": "broken', None, 0, 7, timestamp)
    refusal = Refusal(RefusalCode.SCHEMA_INVALID, "not JSON")
    result = bench.run(Arrival(record, settled=Outcome(record, Status.REFUSED, refusal=refusal)))
    assert len(result.stated) == 1


def test_a_poison_event_stops_its_own_key_and_topic_and_nothing_else():
    bench = Bench()
    poison = arrival(erased("p-1"), "e-1")
    behind = arrival(registered("p-1"), "e-2")
    beside = arrival(registered("p-2"), "e-3")
    elsewhere = arrival(registered("p-1"), "e-4", by=EMCO)
    result = bench.run(poison, behind, beside, elsewhere)
    assert statuses(result, poison, behind, beside, elsewhere) == [
        Status.DEAD,
        Status.DEAD,
        Status.ACCEPTED,
        Status.ACCEPTED,
    ]
    assert [(letter.code, letter.holds) for letter in result.letters] == [
        ("ZeroDivisionError", True),
        ("held", True),
    ]
    assert [event.id for event in result.forgotten] == ["e-1", "e-2"]
    assert effects(bench) == ["e-3", "e-4"]


def test_what_follows_on_a_held_key_in_later_batches_waits_behind_it():
    bench = Bench()
    bench.run(arrival(erased("p-1"), "e-1"))
    behind = arrival(registered("p-1"), "e-2")
    assert statuses(bench.run(behind), behind) == [Status.DEAD]


def test_what_was_parked_before_a_dead_letter_of_its_key_does_not_wait_behind_it():
    bench = Bench()
    before = arrival(stepped("p-1"), "e-1", offset=1)
    bench.run(before)
    bench.run(arrival(erased("p-1"), "e-2", offset=2))
    bench.run(arrival(registered("p-1"), "e-3", by=EMCO))
    assert effects(bench) == ["e-3", "e-1"]


def test_what_was_parked_after_it_does():
    bench = Bench()
    steps = [arrival(stepped("p-1"), f"e-{n}", offset=n) for n in (1, 2, 3)]
    bench.run(*steps)
    bench.held.append(Hold(steps[1].record.topic, b"p-1", 0, 2))
    released = bench.run(arrival(registered("p-1"), "e-4", by=EMCO))
    assert effects(bench) == ["e-4", "e-1"]
    assert [letter.code for letter in released.letters] == ["held", "held"]
    assert [outcome.status for outcome in released.later] == [Status.ACCEPTED, Status.DEAD, Status.DEAD]
    assert bench.parked == []


def test_a_poison_event_without_a_key_holds_nobody():
    bench = Bench()
    poison = arrival(erased("p-1"), "e-1")
    bare = replace(poison, record=replace(poison.record, key=None))
    follows = arrival(registered("p-1"), "e-2")
    follows = replace(follows, record=replace(follows.record, key=None))
    assert statuses(bench.run(bare, follows), bare, follows) == [Status.DEAD, Status.ACCEPTED]


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        (RefusalCode.SCHEMA_INVALID, True),
        (RefusalCode.SIZE_TOO_LARGE, True),
        (RefusalCode.SOURCE_NOT_YOURS, False),
        (RefusalCode.ROLE_NOT_ALLOWED, False),
    ],
)
def test_what_cannot_be_read_holds_its_key_and_what_was_never_the_senders_to_state_does_not(
    code: RefusalCode,
    *,
    holds: bool,
):
    bench = Bench()
    record = Record(TOPICS.of("menso", registered().STREAM), b"?", b"p-1", 0, 1)
    broken = Arrival(record, settled=Outcome(record, Status.REFUSED, refusal=Refusal(code, "no")))
    follows = arrival(registered("p-1"), "e-2", offset=2)
    result = bench.run(broken, follows)
    assert statuses(result, follows) == [Status.DEAD if holds else Status.ACCEPTED]


def test_a_parked_event_that_is_poison_when_its_turn_comes_does_not_hurt_what_released_it():
    class Late(Toy):
        def missing(self, world: World, event: object) -> list[str]:
            return [] if "participant:p-1" in world.known else ["participant:p-1"] if is_erased(event) else []

    def is_erased(event: object) -> bool:
        return type(getattr(event, "data", None)) is type(erased())

    bench = Bench(service=Late())
    bench.run(arrival(erased("p-1"), "e-1"))
    cause = arrival(registered("p-1"), "e-2")
    result = bench.run(cause)
    assert statuses(result, cause) == [Status.ACCEPTED]
    assert result.unparked == [0]
    assert [o.status for o in result.later] == [Status.DEAD]
    assert [letter.holds for letter in result.letters] == [True]


def test_a_parked_event_that_is_refused_when_its_turn_comes_is_a_letter_and_leaves_the_table():
    bench = Bench()
    waiting = arrival(stepped(), "e-1")
    bench.run(waiting)
    refusal = Refusal(RefusalCode.PARTNER_NOT_ACTIVE, "not yet")
    (parked,) = bench.parked
    bench.parked = [replace(parked, settled=Outcome(parked.record, Status.REFUSED, parked.event, refusal))]
    result = bench.run(arrival(registered(), "e-2"))
    assert result.unparked == [0]
    assert [letter.code for letter in result.letters] == ["partner.not-active"]
    assert effects(bench) == ["e-2"]


def test_a_parked_event_that_this_version_does_not_want_stays_parked_and_hurts_nobody():
    bench = Bench()
    bench.run(arrival(stepped(), "e-1"))
    (parked,) = bench.parked
    bench.parked = [replace(parked, event=None, settled=Outcome(parked.record, Status.SKIPPED))]
    cause = arrival(registered(), "e-2")
    result = bench.run(cause)
    assert statuses(result, cause) == [Status.ACCEPTED]
    assert (result.unparked, len(bench.parked)) == ([], 1)


def test_an_event_of_an_unknown_partner_waits_until_the_registry_knows_it():
    bench = Bench()
    stranger = replace(arrival(registered(), "e-1"), waits_for=("partner:nobody",))
    bench.run(stranger)
    assert effects(bench) == []
    bench.run(news=["partner:nobody"])
    assert effects(bench) == ["e-1"]


def test_nothing_is_stated_for_an_operator_that_the_registry_does_not_know_yet():
    bench = Bench(registry=Registry.of([EMMEN]))
    one = arrival(registered(), "e-1")
    result = bench.run(one)
    assert [a.waits_for for a in result.parked.values()] == [(f"partner:{OPERATOR}",)]
    assert bench.world.effects == []
    bench.registry = Registry.of([EMMEN, MENSO])
    assert len(bench.run(news=[f"partner:{OPERATOR}"]).stated) == 1


def test_a_replay_lets_facts_take_effect_and_decides_states_and_buries_nothing():
    bench = Bench(replaying=True)
    result = bench.run(arrival(stepped(), "e-1"), arrival(registered(), "e-2"), arrival(erased("p-9"), "e-3"))
    assert effects(bench) == ["e-2", "e-1", "e-3"]
    assert (result.stated, result.letters) == ([], [])


def test_a_rule_that_breaks_while_taking_effect_fails_the_batch_as_a_whole():
    class Broken(Toy):
        def evolve(self, world: World, event: object) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Bench(service=Broken()).run(arrival(registered(), "e-1"))
