"""Who guides a person, and whose vault is asked, whatever order the facts come in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import (
    LeaveReason,
    NotificationQueued,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    PlacementStarted,
)
from shared.messaging.event import Event
from tests.notifications.stories import MORNING, PERSON, Desk, event, journey, registered

AT_BUURTSUPPORT = "http://127.0.0.1:2/v1/people/p-7f3k2m"


def offered(transfer: str = "t-1", to: str = "buurtsupport", by: str = "menso") -> Event:
    data = ParticipantTransferOffered(
        transfer=transfer, participant=PERSON, to=to, offered_on=date(2020, 2, 3)
    )
    return event(data, by, n=transfer)


def accepted(transfer: str = "t-1", by: str = "buurtsupport", dataref: str = AT_BUURTSUPPORT) -> Event:
    data = ParticipantTransferAccepted(transfer=transfer, participant=PERSON, accepted_on=date(2020, 2, 10))
    return event(data, by, n=transfer, dataref=dataref)


def moved(by: str, on: date, municipality: str = "0109") -> Event:
    data = ParticipantMoved(participant=PERSON, municipality=municipality, moved_on=on)
    return event(data, by, n=on.isoformat())


def left(by: str, reason: LeaveReason) -> Event:
    return event(ParticipantLeft(participant=PERSON, left_on=date(2022, 5, 1), reason=reason), by)


def contract() -> Event:
    """A host states it, who does not say where anybody lives."""
    return next(each for each in journey() if isinstance(each.data, PlacementStarted))


def templates(stated: Iterable[Event]) -> list[str]:
    return [each.data.template for each in stated if isinstance(each.data, NotificationQueued)]


def test_after_a_hand_over_the_new_guides_vault_is_asked() -> None:
    desk = Desk()
    desk.take([registered(), offered(), accepted()])
    person = desk.world.people[PERSON]
    assert (person.guide, person.dataref) == ("buurtsupport", AT_BUURTSUPPORT)


def test_nobody_takes_a_person_over_that_was_not_offered_to_them() -> None:
    desk = Desk()
    desk.take([registered(), offered(to="emco"), accepted(), accepted(transfer="t-unheard-of")])
    assert desk.world.people[PERSON].guide == "menso"
    assert desk.parked == 1


def test_a_stranger_cannot_redirect_a_persons_messages() -> None:
    desk = Desk()
    desk.take([registered()])
    before = desk.state()
    hostile = [
        registered(by="buurtsupport", vault="http://127.0.0.1:2", registered_on=date(2017, 1, 1)),
        moved("buurtsupport", date(2021, 1, 1)),
        left("buurtsupport", LeaveReason.DECEASED),
        event(ParticipantErased(participant=PERSON, erased_on=date(2021, 1, 1)), "buurtsupport"),
        offered(transfer="t-9", by="buurtsupport", to="buurtsupport"),
        accepted(transfer="t-9"),
    ]
    desk.take(hostile)
    assert desk.state() == before


def test_after_a_death_and_after_an_erasure_it_is_known_that_nobody_is_written_to() -> None:
    desk = Desk()
    desk.take([registered(), left("menso", LeaveReason.DECEASED)])
    assert desk.world.people[PERSON].deceased
    desk.take([event(ParticipantErased(participant=PERSON, erased_on=date(2023, 1, 1)), "menso")])
    assert desk.world.people[PERSON].erased


def test_who_merely_leaves_may_still_be_written_to() -> None:
    desk = Desk()
    desk.take([registered(), left("menso", LeaveReason.REGULAR_WORK)])
    assert not desk.world.people[PERSON].deceased


@pytest.mark.parametrize(
    ("moved_on", "told"), [(MORNING.date(), ["contract-started"]), (MORNING.date() - timedelta(days=1), [])]
)
def test_a_contract_is_told_to_who_lived_here_when_that_day_began(moved_on: date, told: list[str]) -> None:
    desk = Desk(residents_of=frozenset({"0114"}))
    desk.take([registered(), moved("menso", moved_on)])
    assert templates(desk.take([contract()])) == told


@pytest.mark.parametrize("registered_on", [date(2020, 3, 1), MORNING.date()])
def test_on_the_day_of_a_move_it_does_not_matter_what_is_heard_first(registered_on: date) -> None:
    said = []
    for order in ([moved("menso", MORNING.date()), contract()], [contract(), moved("menso", MORNING.date())]):
        desk = Desk(residents_of=frozenset({"0114"}))
        desk.take([registered(registered_on=registered_on)])
        said.append((templates(desk.take(order)), desk.state()))
    assert said[0] == said[1]


@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False))
def test_hand_overs_and_moves_end_the_same_however_topics_interleave(random: Any) -> None:
    menso = [registered(), moved("menso", date(2020, 6, 1)), offered(), accepted("t-2", by="menso")]
    buurtsupport = [
        accepted(),
        moved("buurtsupport", date(2020, 9, 1), "1681"),
        offered("t-2", to="menso", by="buurtsupport"),
    ]
    plain = Desk()
    plain.take([*menso[:3], *buurtsupport, *menso[3:]])
    topics = [list(menso), list(buurtsupport)]
    desk = Desk()
    while any(topics):
        desk.take([random.choice([t for t in topics if t]).pop(0)])
    assert desk.state() == plain.state()
    assert desk.parked == 0
    person = desk.world.people[PERSON]
    assert (person.guide, person.homes) == (
        "menso", {"2020-03-01": "0114", "2020-06-02": "0109", "2020-09-02": "1681"}
    )  # fmt: skip
