"""Who may state what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.contracts import (
    Agreement,
    CapacityChanged,
    ClockTicked,
    ParticipantDecided,
    PartnerChanged,
    PlaceOffered,
    PolicyAdopted,
    RefusalCode,
    ReservationRequested,
    Role,
    ServiceName,
    Stream,
    TargetSet,
)
from shared.messaging.event import Event
from shared.messaging.registry import Registry, amsterdam_date
from tests.messaging.toy import EMCO, EMMEN, MENSO, REGISTRY, bridge, event, partner, registered


def code(each: Event, registry: Registry = REGISTRY) -> RefusalCode | None:
    found = registry.objection(each)
    return None if found is None else found.code


def test_a_partner_states_what_its_role_allows_under_its_own_name():
    assert code(event(registered())) is None
    assert code(event(PlaceOffered.sample(), by=EMCO)) is None
    assert code(event(TargetSet.sample(), by=EMMEN)) is None


@pytest.mark.parametrize(
    "source",
    [
        f"{EMCO.urn}:systeem:kantoor",
        f"{MENSO.urn}:systeem",
        f"{MENSO.urn}0:systeem:kantoor",
        "urn:nld:kvknr:99999999:systeem:menso",
        f" {MENSO.urn}:systeem:kantoor",
    ],
)
def test_a_source_that_is_not_the_topics_partner_is_refused(source: str):
    assert code(event(registered(), source=source)) is RefusalCode.SOURCE_NOT_YOURS


def test_a_role_that_a_partner_does_not_have_is_refused():
    assert code(event(registered(), by=EMCO)) is RefusalCode.ROLE_NOT_ALLOWED
    assert code(event(PlaceOffered.sample())) is RefusalCode.ROLE_NOT_ALLOWED
    assert code(event(TargetSet.sample())) is RefusalCode.ROLE_NOT_ALLOWED


@pytest.mark.parametrize("model", [TargetSet, PolicyAdopted, ParticipantDecided])
def test_a_municipality_speaks_for_itself_and_not_for_its_neighbour(model: Any):
    neighbours = model.sample().model_copy(update={"municipality": "0109"})
    assert code(event(model.sample(), by=EMMEN)) is None
    assert code(event(neighbours, by=EMMEN)) is RefusalCode.ROLE_NOT_ALLOWED


def test_a_services_events_are_its_operators_to_state():
    assert code(event(ReservationRequested.sample())) is None
    assert code(event(CapacityChanged.sample(), by=EMMEN)) is None
    assert code(event(CapacityChanged.sample())) is RefusalCode.ROLE_NOT_ALLOWED
    assert code(event(ReservationRequested.sample(), by=EMCO)) is RefusalCode.ROLE_NOT_ALLOWED


def test_an_event_belongs_on_its_own_stream_or_in_the_inbox():
    assert code(event(registered(), stream=Stream.INBOX)) is None
    assert code(event(registered(), stream=Stream.MATCHING)) is RefusalCode.ROLE_NOT_ALLOWED
    assert code(event(bridge("p-1"), stream=Stream.INTAKE)) is RefusalCode.ROLE_NOT_ALLOWED


def test_before_the_agreement_takes_effect_in_amsterdam_nothing_is_accepted():
    agreement = Agreement(name="test", effective_on=date(2020, 1, 1))
    buurtsupport = partner("buurtsupport", "urn:nld:kvknr:90000003", [Role.GUIDE], agreement=agreement)
    registry = Registry.of([EMMEN, buurtsupport])
    last_moment = datetime(2019, 12, 31, 22, 59, 59, tzinfo=UTC)
    first_moment = datetime(2019, 12, 31, 23, 0, tzinfo=UTC)
    assert amsterdam_date(last_moment) == date(2019, 12, 31)
    early, in_time = (event(registered(), by=buurtsupport, time=t) for t in (last_moment, first_moment))
    assert code(early, registry) is RefusalCode.PARTNER_NOT_ACTIVE
    assert code(in_time, registry) is None


def on_the_registry(data: Any, by: Any, **more: Any) -> Event:
    return event(data, by=by, **({"partner": "", "stream": Stream.REGISTRY} | more))


def test_only_the_partner_with_the_role_regie_states_partners_and_ticks():
    for data in (EMCO, PartnerChanged(**EMCO.model_dump()), ClockTicked.sample()):
        assert code(on_the_registry(data, EMMEN)) is None
        assert code(on_the_registry(data, MENSO)) is RefusalCode.SOURCE_NOT_YOURS


def test_the_first_regie_enters_itself_and_nobody_else_before_it():
    empty = Registry.of([])
    assert code(on_the_registry(EMMEN, EMMEN), empty) is None
    assert code(on_the_registry(EMMEN, MENSO), empty) is RefusalCode.SOURCE_NOT_YOURS
    assert code(on_the_registry(MENSO, MENSO), empty) is RefusalCode.SOURCE_NOT_YOURS
    assert code(on_the_registry(ClockTicked.sample(), EMMEN), empty) is RefusalCode.SOURCE_NOT_YOURS


def test_a_second_regie_does_not_enter_itself_once_there_is_one():
    second = partner("coup", "urn:nld:kvknr:90000009", [Role.REGIE])
    assert code(on_the_registry(second, second)) is RefusalCode.SOURCE_NOT_YOURS


def test_partners_own_events_are_not_for_the_registry_and_the_registrys_not_for_a_stream():
    assert code(on_the_registry(registered(), EMMEN)) is RefusalCode.ROLE_NOT_ALLOWED
    assert code(event(ClockTicked.sample(), by=EMMEN, stream=Stream.INTAKE)) is RefusalCode.ROLE_NOT_ALLOWED


def test_the_registry_knows_municipalities_roles_and_sources():
    assert REGISTRY.municipality("0114") is EMMEN
    assert REGISTRY.municipality("0109") is None
    assert REGISTRY.with_role(Role.HOST) == [EMCO]
    assert REGISTRY.source_of("menso", ServiceName.MATCHING) == f"{MENSO.urn}:systeem:werkbedrijf-matching"
    assert REGISTRY.source_of("nobody", ServiceName.MATCHING) is None
