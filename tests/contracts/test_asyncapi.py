"""The published AsyncAPI document is the contract, no more and no less."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.contract.asyncapi import render
from shared.contracts import CATALOGUE, Stream
from shared.contracts.asyncapi import document, stated_by

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "contract" / "asyncapi.yaml"


def test_the_published_document_is_the_one_that_the_code_makes():
    remedy = "run: python -m deploy.contract.asyncapi > docs/contract/asyncapi.yaml"
    assert PUBLISHED.read_text(encoding="utf-8") == render(), remedy


def test_it_reads_back_as_what_was_written():
    assert yaml.safe_load(render()) == document()


def test_it_can_travel_as_json():
    assert json.loads(json.dumps(document())) == document()


def test_every_type_is_a_message_with_an_example_and_who_states_it():
    messages = {message["name"]: message for message in document()["components"]["messages"].values()}
    assert set(messages) == set(CATALOGUE)
    for kind, message in messages.items():
        assert message["examples"][0]["payload"]["type"] == kind
        assert message["description"] == stated_by(CATALOGUE[kind])


def test_every_reference_leads_somewhere():
    whole = document()

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            for child in node.values():
                yield from references(child)
        elif isinstance(node, list):
            for child in node:
                yield from references(child)

    for reference in set(references(whole)):
        found: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_what_partners_state_comes_through_their_inbox_too_and_nothing_else_does():
    inbox = document()["channels"]["inbox"]["messages"]
    by_partners = {
        model.__name__
        for model in CATALOGUE.values()
        if model.SERVICE is None and model.STREAM is not Stream.REGISTRY
    }
    assert set(inbox) == by_partners


def test_profiles_stand_on_no_stream_but_their_own_and_the_inbox():
    channels = document()["channels"]
    assert {name for name, channel in channels.items() if "ProfileStated" in channel["messages"]} == {
        "inbox",
        "profiles",
    }


def test_a_service_can_describe_its_own_part_only():
    part = document(
        streams=[Stream.QUOTA], types=["nl.werkbedrijf.capacity.changed.v1", "nl.werkbedrijf.targets.set.v1"]
    )
    assert list(part["channels"]) == ["quota"]
    assert list(part["components"]["messages"]) == ["CapacityChanged"]
    assert "ProfileStated" not in part["components"]["schemas"]


def test_the_registry_is_one_topic_for_all():
    registry = document()["channels"]["registry"]
    assert registry["address"] == "werkbedrijf.registry"
    assert "parameters" not in registry
    assert registry["bindings"]["kafka"]["topicConfiguration"] == {"cleanup.policy": ["compact"]}


def test_the_validator_asks_for_a_document():
    command = ROOT / "deploy" / "contract" / "validate"
    done = subprocess.run([str(command)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "usage: " in done.stderr


def test_the_validator_names_a_document_that_it_cannot_read(tmp_path):
    command = ROOT / "deploy" / "contract" / "validate"
    missing = str(tmp_path / "missing.yaml")
    done = subprocess.run([str(command), missing], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"{missing} cannot be read" in done.stderr
