"""The catalogue holds the whole contract, and every type of it keeps the contract's promises."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import ValidationError

from shared.contracts import CATALOGUE, Data, Role, ServiceName, Stream

BY_PARTNERS = {
    "participants.registered": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.stepped": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.paused": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.resumed": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.moved": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.left": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.erased": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.transfer-offered": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.transfer-accepted": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "participants.transfer-declined": (Stream.INTAKE, "participant", {Role.GUIDE}),
    "profiles.stated": (Stream.PROFILES, "participant", {Role.GUIDE}),
    "participants.advised": (Stream.INTAKE, "participant", {Role.ADVISOR}),
    "participants.decided": (Stream.INTAKE, "participant", {Role.MUNICIPALITY}),
    "places.offered": (Stream.INTAKE, "place", {Role.HOST}),
    "places.changed": (Stream.INTAKE, "place", {Role.HOST}),
    "places.withdrawn": (Stream.INTAKE, "place", {Role.HOST}),
    "placements.started": (Stream.INTAKE, "participant", {Role.HOST}),
    "placements.changed": (Stream.INTAKE, "participant", {Role.HOST}),
    "placements.ended": (Stream.INTAKE, "participant", {Role.HOST}),
    "proposals.answered": (Stream.INTAKE, "participant", {Role.GUIDE, Role.HOST}),
    "targets.set": (Stream.INTAKE, "municipality", {Role.MUNICIPALITY}),
    "funds.assigned": (Stream.INTAKE, "municipality", {Role.MUNICIPALITY}),
    "municipalities.merged": (Stream.INTAKE, "municipality", {Role.REGIE}),
    "policies.adopted": (Stream.INTAKE, "municipality", {Role.MUNICIPALITY}),
    "deviations.decided": (Stream.INTAKE, "participant", {Role.MUNICIPALITY}),
    "partners.registered": (Stream.REGISTRY, "partner", {Role.REGIE}),
    "partners.changed": (Stream.REGISTRY, "partner", {Role.REGIE}),
    "clock.ticked": (Stream.REGISTRY, "", {Role.REGIE}),
}

BY_SERVICES = {
    "deadlines.due": (Stream.INTAKE, "participant", ServiceName.INTAKE),
    "events.refused": (Stream.INTAKE, "refusal", ServiceName.INTAKE),
    "waiting.joined": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "waiting.changed": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "waiting.left": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "waiting.passed-over": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "reservations.requested": (Stream.MATCHING, "municipality", ServiceName.MATCHING),
    "proposals.made": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "proposals.accepted": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "proposals.declined": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "proposals.expired": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "proposals.withdrawn": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "bridges.due": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "bridges.offered": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "bridges.ended": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "deviations.reported": (Stream.MATCHING, "participant", ServiceName.MATCHING),
    "places.weighed": (Stream.MATCHING, "place", ServiceName.MATCHING),
    "places.filled": (Stream.MATCHING, "place", ServiceName.MATCHING),
    "places.freed": (Stream.MATCHING, "place", ServiceName.MATCHING),
    "reservations.granted": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "reservations.refused": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "reservations.released": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "reservations.expired": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "reservations.used": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "figures.reported": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "capacity.changed": (Stream.QUOTA, "municipality", ServiceName.QUOTA),
    "notifications.queued": (Stream.NOTIFICATIONS, "participant", ServiceName.NOTIFICATIONS),
    "notifications.sent": (Stream.NOTIFICATIONS, "participant", ServiceName.NOTIFICATIONS),
    "notifications.delivered": (Stream.NOTIFICATIONS, "participant", ServiceName.NOTIFICATIONS),
    "notifications.failed": (Stream.NOTIFICATIONS, "participant", ServiceName.NOTIFICATIONS),
    "notifications.suppressed": (Stream.NOTIFICATIONS, "participant", ServiceName.NOTIFICATIONS),
}

every_type = pytest.mark.parametrize("model", CATALOGUE.values(), ids=list(CATALOGUE))


def typed(name: str) -> str:
    return f"nl.werkbedrijf.{name}.v1"


def test_the_catalogue_holds_what_the_contract_names_and_nothing_else():
    assert set(CATALOGUE) == {typed(name) for name in BY_PARTNERS | BY_SERVICES}


@pytest.mark.parametrize(("name", "place"), BY_PARTNERS.items())
def test_what_partners_state_has_its_stream_key_and_roles(name, place):
    model = CATALOGUE[typed(name)]
    assert (model.STREAM, model.KEY, set(model.ROLES)) == place
    assert model.SERVICE is None


@pytest.mark.parametrize(("name", "place"), BY_SERVICES.items())
def test_what_services_state_has_its_stream_key_and_service(name, place):
    model = CATALOGUE[typed(name)]
    assert place == (model.STREAM, model.KEY, model.SERVICE)
    assert not model.ROLES


@every_type
def test_a_sample_survives_the_wire_byte_for_byte(model: type[Data]):
    wire = model.sample().model_dump_json()
    read = model.model_validate_json(wire)
    assert read == model.sample()
    assert read.model_dump_json() == wire


@every_type
def test_a_field_that_a_newer_version_added_is_kept(model: type[Data]):
    newer = json.loads(model.sample().model_dump_json()) | {"added_later": {"depth": [1, None]}}
    read = model.model_validate_json(json.dumps(newer))
    assert json.loads(read.model_dump_json()) == newer


@every_type
def test_a_value_cannot_be_changed(model: type[Data]):
    sample = model.sample()
    name = next(iter(model.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(sample, name, getattr(sample, name))


@every_type
def test_a_sample_holds_nothing_like_a_citizen_service_number(model: type[Data]):
    assert re.findall(r"(?<!\d)\d{9}(?!\d)", model.sample().model_dump_json()) == []


@every_type
def test_a_sample_has_the_key_that_its_type_names(model: type[Data]):
    sample = model.sample()
    assert sample.kafka_key == (getattr(sample, model.KEY) if model.KEY else "-")


@every_type
def test_every_field_says_what_it_means(model: type[Data]):
    silent = [name for name, field in model.model_fields.items() if not field.description]
    assert silent == []


@every_type
def test_a_field_that_must_be_there_is_asked_for_by_name(model: type[Data]):
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json("{}")
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert {str(fault["loc"][0]) for fault in refused.value.errors()} == required


def test_a_type_enters_the_catalogue_once():
    with pytest.raises(TypeError, match=r"clock\.ticked\.v1 is in the catalogue already"):

        class Again(Data, name="clock.ticked", stream=Stream.REGISTRY): ...


def test_a_type_without_an_example_says_so():
    with pytest.raises(LookupError, match="Data has no sample"):
        Data.sample()
