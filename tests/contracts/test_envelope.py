"""The envelope takes what CloudEvents and the NL GOV profile allow, and nothing that hurts a reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts import CATALOGUE
from shared.contracts.envelope import Envelope, sample_envelope

SOURCE = "urn:nld:kvknr:90000002:systeem:menso"
EVENT = sample_envelope(CATALOGUE["nl.werkbedrijf.participants.registered.v1"], SOURCE)


def read(**attributes: Any) -> Envelope:
    return Envelope.model_validate_json(json.dumps(EVENT | attributes))


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=list(CATALOGUE))
def test_every_sample_fits_in_an_envelope(model):
    event = sample_envelope(model, SOURCE)
    envelope = Envelope.model_validate_json(json.dumps(event))
    assert json.loads(envelope.model_dump_json(exclude_unset=True)) == event
    assert model.model_validate_json(json.dumps(envelope.data)) == model.sample()


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
def test_what_every_event_has_is_asked_for_by_name(name):
    without = {key: value for key, value in EVENT.items() if key != name}
    with pytest.raises(ValidationError, match=name):
        Envelope.model_validate_json(json.dumps(without))


@pytest.mark.parametrize(
    "name",
    [
        "subject",
        "datacontenttype",
        "dataschema",
        "partitionkey",
        "causationid",
        "correlationid",
        "traceparent",
        "dataref",
    ],
)
def test_the_rest_may_be_left_out(name):
    without = {key: value for key, value in EVENT.items() if key != name}
    assert getattr(Envelope.model_validate_json(json.dumps(without)), name) is None


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "x" * 201),
        ("id", "a\u0000b"),
        ("id", 7),
        ("source", "/menso"),
        ("source", "urn:nld:oin:123:systeem:menso"),
        ("source", "urn:nld:kvknr:90000002"),
        ("source", SOURCE + "\n"),
        ("type", "nl.werkbedrijf.participants.registered"),
        ("type", "nl.werkbedrijf.Participants.registered.v1"),
        ("type", "nl.werkbedrijf.participants.registered.v0"),
        ("time", "2021-01-04T09:00:00"),
        ("time", 1609750800),
        ("subject", "a\u0000b"),
        ("datacontenttype", "text/xml"),
        ("dataschema", "no uri"),
        ("traceparent", "00-abc-def-01"),
        ("dataref", "javascript:alert(1)"),
        ("dataref", "http://menso/a b"),
    ],
)
def test_an_attribute_of_the_wrong_shape_is_refused_by_name(name, wrong):
    with pytest.raises(ValidationError) as refused:
        read(**{name: wrong})
    assert [fault["loc"] for fault in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize("value", ["abc", "", 7, True, "x" * 1000])
def test_an_extension_attribute_is_kept(value):
    envelope = read(sequence=value)
    assert json.loads(envelope.model_dump_json())["sequence"] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_base64", "aGVsbG8="),
        ("Sequence", "1"),
        ("x" * 21, "1"),
        ("sequence", [1]),
        ("sequence", "\u0000"),
        ("a", 1.5),
    ],
)
def test_an_extension_attribute_that_cloudevents_does_not_know_is_refused(name, value):
    with pytest.raises(ValidationError, match="extension attribute"):
        read(**{name: value})
