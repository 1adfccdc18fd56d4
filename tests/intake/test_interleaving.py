"""However topics interleave, the door ends up knowing the same."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import ParticipantTransferDeclined, Stream
from shared.messaging.event import Event
from shared.messaging.service import Status
from tests.intake.stories import as_events, interleaved, stories, strange_facts
from tests.intake.support import Door, accepted


def batches(draw: Any, events: list[Event]) -> Iterator[list[Event]]:
    """The events in batches of any size."""
    while events:
        size = draw(st.integers(1, len(events)))
        yield events[:size]
        events = events[size:]


@given(stories())
def test_a_story_in_which_nobody_speaks_out_of_turn_is_accepted_whole(story):
    assert all(accepted(outcome) for outcome in Door().take(as_events(story)))


@given(st.data())
def test_at_the_door_any_order_between_partners_ends_in_the_same_state(data):
    events = as_events(data.draw(stories()))
    told, mixed = Door(), Door()
    told.take(events)
    for batch in batches(data.draw, data.draw(interleaved(events))):
        outcomes = mixed.take(batch)
        assert {outcome.status for outcome in outcomes} <= {Status.ACCEPTED, Status.PARKED}
    assert not mixed.parked
    assert {later.status for later in mixed.later} <= {Status.ACCEPTED}
    assert mixed.state == told.state
    assert {each.id for each in mixed.stated} == {each.id for each in told.stated}


@given(st.data())
def test_at_the_door_every_partners_statements_on_a_key_go_on_in_the_order_in_which_they_came(data):
    events = as_events(data.draw(stories()))
    door = Door()
    for batch in batches(data.draw, data.draw(interleaved(events))):
        door.take(batch)
    # Who declines an offer says nothing else about the person, so that may overtake.
    ordered = {each.id for each in events if not isinstance(each.data, ParticipantTransferDeclined)}
    for topic in {(each.partner, each.key) for each in events}:
        came = [each.id for each in events if (each.partner, each.key) == topic]
        went = [each.id for each in door.stated if (each.partner, each.key) == topic]
        assert [each for each in went if each in ordered] == [each for each in came if each in ordered]


@given(st.data())
def test_facts_of_other_doors_may_come_in_any_order_even_those_that_were_nobodys_to_state(data):
    facts = data.draw(strange_facts())
    minutes = data.draw(st.lists(st.integers(0, 5), min_size=len(facts), max_size=len(facts)))
    events = as_events(facts, Stream.INTAKE, minutes)
    told, mixed = Door(), Door()
    told.take(events)
    mixed.take(data.draw(interleaved(events)))
    assert mixed.state == told.state
    assert mixed.guide_of("p-1") == told.guide_of("p-1")


@given(stories())
def test_a_replay_of_the_streams_rebuilds_what_the_door_knows(story):
    live, rebuilt = Door(), Door()
    live.take(as_events(story))
    live.tick(as_events(story)[-1].time.replace(year=2023))
    rebuilt.take(live.stated)
    assert rebuilt.state == live.state


@given(st.data())
def test_what_a_stranger_states_on_its_own_stream_takes_nobody_over(data):
    story = data.draw(stories().filter(lambda told: "school" not in {name for name, _ in told}))
    intrusion = [("school", fact) for _, fact in data.draw(strange_facts()) if fact.KEY == "participant"]
    events = as_events(story, Stream.INTAKE)
    offered = any(getattr(fact, "to", None) == "school" for _, fact in story)
    minutes = [data.draw(st.integers(1, 20)) for _ in intrusion]
    alone, disturbed = Door(), Door()
    alone.take(events)
    disturbed.take([*events, *as_events(intrusion, Stream.INTAKE, minutes)])
    if not offered and alone.guide_of("p-1") is not None:
        assert disturbed.guide_of("p-1") == alone.guide_of("p-1")
