"""Which events are told, to whom, and how often."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.rules.messages import notification_id
from services.notifications.rules.telling import TEMPLATES, TOLD, Telling, telling
from shared.contracts import (
    CATALOGUE,
    AnsweredBy,
    ContractKind,
    DecisionOutcome,
    NotificationQueued,
    ParticipantDecided,
    ParticipantErased,
    ParticipantRegistered,
    PlacementStarted,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    Recipient,
    Rung,
    WaitingLeaveReason,
    WaitingLeft,
)
from shared.messaging.event import Event
from tests.notifications.stories import PERSON, Desk, event, journey, registered

patient = settings(deadline=None, max_examples=50)
"""A busy machine must not fail a test."""


def changed(data: Any, **fields: Any) -> Any:
    return type(data).model_validate({**data.model_dump(), **fields})


def test_each_step_of_a_long_story_is_told_once() -> None:
    desk = Desk()
    stated = desk.take([registered(), *journey()])
    assert [each.data.template for each in stated if isinstance(each.data, NotificationQueued)] == [
        "welcome",
        "advice-positive",
        "decision-granted",
        "waiting-joined",
        "bridge-offered",
        "proposal-made",
        "proposal-declined-self",
        "proposal-expired",
        "proposal-withdrawn",
        "proposal-accepted",
        "contract-started",
        "waiting-left",
    ]


def test_a_queued_message_bears_the_time_and_the_journey_of_its_cause() -> None:
    (trigger,) = [each for each in journey() if each.data.TYPE.endswith("proposals.made.v1")]
    desk = Desk()
    desk.take([registered()])
    (stated,) = desk.take([trigger])
    data = stated.data
    assert isinstance(data, NotificationQueued)
    assert (data.at, stated.time, stated.causation, stated.correlation) == (
        trigger.time,
        trigger.time,
        trigger.id,
        trigger.correlation,
    )
    assert data.about == trigger.type


def test_nothing_of_what_is_told_travels_with_the_event_that_queues_it() -> None:
    desk = Desk()
    for stated in desk.take([registered(), *journey()]):
        wire = set(stated.data.model_dump())
        assert wire == {"notification", "participant", "recipient", "template", "channel", "about", "at"}


@pytest.mark.parametrize(
    "data", [CATALOGUE[name].sample() for name in sorted(CATALOGUE)], ids=lambda d: d.TYPE
)
def test_every_event_of_the_contract_is_told_or_not_without_a_fault(data: Any) -> None:
    tell = telling(data, "emco")
    assert tell is None or tell.template in TEMPLATES
    assert (tell is None) or data.TYPE in TOLD


@pytest.mark.parametrize(
    ("data", "template"),
    [
        (changed(ParticipantDecided.sample(), outcome=DecisionOutcome.REFUSED), "decision-refused"),
        (changed(ParticipantDecided.sample(), outcome=DecisionOutcome.WITHDRAWN), None),
        (changed(ProposalDeclined.sample(), by=AnsweredBy.HOST), "proposal-declined-other"),
        (changed(ProposalDeclined.sample(), by=AnsweredBy.GUIDE), "proposal-declined-other"),
        (changed(ProposalDeclined.sample(), by=AnsweredBy.PARTICIPANT), "proposal-declined-self"),
        (changed(ProposalMade.sample(), rung=None), "proposal-made"),
        (changed(ProposalMade.sample(), rung=Rung.LEARN_WORK), "bridge-proposed"),
        (changed(ProposalAccepted.sample(), rung=Rung.DAY_ACTIVITY), "bridge-accepted"),
        (changed(ProposalDeclined.sample(), rung=Rung.LEARN_WORK), "bridge-declined-self"),
        (changed(ProposalDeclined.sample(), rung=Rung.LEARN_WORK, by=AnsweredBy.HOST), "bridge-fell"),
        (changed(ProposalExpired.sample(), rung=Rung.LEARN_WORK), "bridge-fell"),
        (changed(ProposalWithdrawn.sample(), rung=Rung.LEARN_WORK), "bridge-fell"),
        (changed(WaitingLeft.sample(), reason=WaitingLeaveReason.PLACED), None),
        (changed(WaitingLeft.sample(), reason=WaitingLeaveReason.MOVED), None),
        (changed(PlacementStarted.sample(), rung=Rung.LEARN_WORK), None),
        (changed(PlacementStarted.sample(), contract=ContractKind.NONE), None),
        (
            changed(ProposalWithdrawn.sample(), reason=ProposalWithdrawReason.RESERVATION_LOST),
            "proposal-withdrawn",
        ),
        (changed(ProposalWithdrawn.sample(), reason=ProposalWithdrawReason.PLACED_ELSEWHERE), None),
    ],
)
def test_what_is_said_depends_on_what_happened(data: Any, template: str | None) -> None:
    tell = telling(data, "emco")
    assert (None if tell is None else tell.template) == template


def test_a_resident_of_elsewhere_is_not_written_to_from_here() -> None:
    desk = Desk(residents_of=frozenset({"0114"}))
    assert not desk.take([registered(municipality="0109")])
    assert not desk.take([each for each in journey() if each.data.TYPE.endswith("advised.v1")])


def test_a_registration_by_another_guide_welcomes_nobody() -> None:
    desk = Desk()
    desk.take([registered()])
    assert not desk.take([registered(by="buurtsupport", registered_on=date(2020, 5, 1))])


def test_what_comes_before_the_person_is_told_once_the_person_is_known() -> None:
    early, late = Desk(), Desk()
    early.take([registered(), *journey()])
    late.take([*journey(), registered()])
    assert late.templates == early.templates
    assert late.parked == 0
    assert {each.id for each in late.stated} == {each.id for each in early.stated}


texts = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


@patient
@given(st.lists(st.tuples(texts, texts, texts), unique=True, max_size=8))
def test_two_messages_have_the_same_id_only_if_they_are_the_same(parts: list[tuple[str, str, str]]) -> None:
    ids = {
        notification_id(person, Recipient.PARTICIPANT, Telling(template, subject))
        for person, template, subject in parts
    }
    assert len(ids) == len(parts)


@patient
@given(st.data())
def test_a_step_stated_again_under_other_ids_is_told_once(data: st.DataObject) -> None:
    steps = journey()
    again = data.draw(st.lists(st.integers(0, len(steps) - 1), max_size=20))
    repeats = [event(steps[n].data, steps[n].partner, n=f"again-{m}") for m, n in enumerate(again)]
    desk = Desk()
    desk.take([registered(), *steps, *repeats])
    assert len(desk.world.messages) == len(steps) + 1
    assert len(desk.stated) == len(steps) + 1


@patient
@given(st.randoms(use_true_random=False))
def test_any_duplication_and_order_across_people_gives_the_same_messages(random: Any) -> None:
    people = [PERSON, "p-2", "p-3"]
    queues: dict[str, list[Event]] = {p: [registered(p), *journey(p)] for p in people}
    mixed: list[Event] = []
    while any(queues.values()):
        person = random.choice([p for p in people if queues[p]])
        taken = queues[person].pop(0)
        mixed += [taken] * random.choice([1, 2])
    desk, plain = Desk(), Desk()
    desk.take(mixed)
    plain.take([each for p in people for each in (registered(p), *journey(p))])
    assert desk.state() == plain.state()
    assert {each.id: each for each in desk.stated} == {each.id: each for each in plain.stated}
    assert len(desk.stated) == len(plain.stated)


@patient
@given(st.randoms(use_true_random=False))
def test_a_replay_in_any_order_across_topics_ends_in_the_same_state(random: Any) -> None:
    live = Desk()
    facts = [registered(), *journey()]
    live.take(facts)
    topics: dict[tuple[str, str], list[Event]] = {}
    for each in [*facts, *live.stated]:
        topics.setdefault((each.partner, each.stream), []).append(each)
    replay = Desk(replaying=True)
    while any(topics.values()):
        topic = random.choice(sorted(t for t, left in topics.items() if left))
        replay.take([topics[topic].pop(0)])
    assert replay.state() == live.state()
    assert not replay.stated


def test_another_operators_messages_are_not_ours_at_a_replay() -> None:
    live = Desk()
    live.take([registered()])
    (own,) = live.stated
    foreign = event(own.data, "menso", n="foreign")
    replay = Desk(replaying=True)
    replay.take([registered(), foreign])
    assert len(replay.world.messages) == 0


def test_an_erased_person_leaves_no_word_of_what_was_told() -> None:
    desk = Desk()
    desk.take([registered(), *journey()])
    erased = ParticipantErased(participant=PERSON, erased_on=date(2032, 5, 1))
    desk.take([event(erased, "menso")])
    assert len(desk.world.tidings) == 0
    person = desk.world.people[PERSON]
    assert person.erased
    assert person.dataref is None
    assert isinstance(registered().data, ParticipantRegistered)
