from __future__ import annotations

from typing import Any

import orjson
import pytest

from shared.contracts.base import Stream
from shared.messaging.event import decode, encode
from shared.messaging.identity import derived_id
from shared.messaging.topics import Topics
from tests.bench import rebuilding, scaled, way, workload
from tests.bench.marked import ACKNOWLEDGED, COMMITTED, FETCHED, LIFTED, READ, TAKEN
from tests.bench.tasks import SERVICES, Wave, joining, ledger, timed_alone
from tests.bench.workload import Sent

TOPICS = Topics("b")


def test_copies_are_of_other_people_and_can_be_read_like_the_first() -> None:
    event = workload.joined("p-0000007")
    model = Sent(TOPICS.of(event.partner, event.stream), event.key.encode(), encode(event))

    copies = list(scaled.records([model], 3))

    assert copies[0] == model
    assert [copy.key for copy in copies] == [b"p-0000007", b"p-0001007", b"p-0002007"]
    read: list[Any] = [decode(copy.value, partner=event.partner, stream=event.stream) for copy in copies]
    assert [each.data.participant for each in read] == ["p-0000007", "p-0001007", "p-0002007"]
    assert len({each.id for each in read}) == 3


def test_a_derived_id_is_another_in_every_copy_wherever_it_stands() -> None:
    number = derived_id(workload.joined("p-0000007"), "x")
    value = orjson.dumps({"id": number, "about": number, "who": "p-0000007"})

    copies = [orjson.loads(each.value) for each in scaled.records([Sent("t", b"p-0000007", value)], 4)]

    assert len({copy["id"] for copy in copies}) == 4
    assert all(copy["id"] == copy["about"] for copy in copies)


def test_what_is_of_nobody_in_particular_is_there_once() -> None:
    target = Sent("t", b"0114", b'{"municipality": "0114"}')
    person = Sent("t", b"p-0000001", b'{"who": "p-0000001"}')

    assert [r.key for r in scaled.records([target, person], 3)] == [
        b"0114",
        b"p-0000001",
        b"p-0001001",
        b"p-0002001",
    ]


def test_who_needs_to_know_nothing_gives_no_answers_to_what_is_left_out() -> None:
    waves = [Wave([], 5, timed=False), Wave([], 7), Wave([], 9, timed=False), Wave([], 12)]

    assert [wave.answers for wave in timed_alone(waves)] == [2, 5]


def test_every_contract_starts_after_its_room_was_asked_for() -> None:
    asked: set[str] = set()
    started: set[str] = set()
    for wave in ledger(TOPICS, workload.people(1_200))[1:]:
        said = [orjson.loads(record.value)["data"] for record in wave.records]
        starting = {data["participant"] for data in said if "placement" in data}
        assert starting <= asked
        started |= starting
        asked |= {data["participant"] for data in said if "reservation" in data}

    assert started == asked == set(workload.people(1_200))


def test_the_work_of_each_service_answers_everybody() -> None:
    people = workload.people(10)

    answered = {name: waves(TOPICS, people)[-1].answers for name, (_, waves) in SERVICES.items()}

    assert answered == {"intake": 30, "matching": 10, "quota": 20, "notifications": 20}


def test_the_hops_of_a_way_add_up_to_all_of_it() -> None:
    stops = (FETCHED, TAKEN, COMMITTED, LIFTED, ACKNOWLEDGED)
    door = {READ: {"p": 0.0}, TAKEN: {"p": 0.001}, COMMITTED: {"p": 0.011}, LIFTED: {"p": 0.012}}
    notes = {
        "intake": {**door, ACKNOWLEDGED: {"p": 0.014}},
        "matching": {point: {"p": 0.02 + number / 100} for number, point in enumerate(stops)},
        "notifications": {
            point: {"p": 0.1 + number / 100, "late": 9.0} for number, point in enumerate(stops)
        },
    }

    *hops, whole = [row["p50_ms"] for row in way.hops(notes)]

    assert hops[:5] == [1.0, 10.0, 1.0, 2.0, 6.0]
    assert whole == 140.0 == round(sum(hops), 1)


def test_in_a_log_in_order_nobody_has_two_records_in_a_round_and_effects_follow() -> None:
    first, second = "p-0000001", "p-0000002"
    waves = joining(TOPICS, [first, second])
    answers = [
        Sent(TOPICS.of(workload.GUIDE, Stream.MATCHING), person.encode(), orjson.dumps(told))
        for person in (first, second)
        for told in ({"id": f"joined-{person}", "causationid": f"decided-{person}", "about": person},)
    ]

    rounds = rebuilding.in_order(waves, [*answers, *[r for wave in waves for r in reversed(wave.records)]])

    kinds = [{orjson.loads(each.value)["id"].rpartition("-p-")[0] for each in found} for found in rounds]
    assert kinds == [{"registered"}, {"profiled"}, {"advised"}, {"decided"}, {"joined"}]
    assert all(len(found) == 2 for found in rounds)


def test_what_follows_from_nothing_is_no_part_of_a_log() -> None:
    stray = Sent("t", b"k", orjson.dumps({"id": "stray", "causationid": "gone"}))

    with pytest.raises(RuntimeError, match="1 events follow from nothing, such as stray"):
        rebuilding.in_order([], [stray])
