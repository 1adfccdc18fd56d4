"""What the door is told, and what it refuses to start with."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import IntakeSettings
from services.intake.wiring import make_service
from shared.contracts import ServiceName
from shared.messaging.settings import Clock


def settings(**given: Any) -> IntakeSettings:
    return IntakeSettings(database_url="postgresql://x/y", **given)


def test_doors_come_from_one_variable(monkeypatch):
    monkeypatch.setenv("DOORS", "menso, emco")
    monkeypatch.setenv("DOOR_TOKENS", '{"menso": "a", "emco": "b"}')
    given = settings()
    assert given.doors == ("menso", "emco")
    assert given.door_tokens["emco"].get_secret_value() == "b"


@pytest.mark.parametrize(
    "wrong",
    [
        {"doors": ""},
        {"doors": "Menso"},
        {"doors": "menso", "door_tokens": {"emco": "a"}},
        {"doors": "menso,emco", "door_tokens": {"menso": "a", "emco": "a"}},
        {"doors": "menso", "door_tokens": {"menso": "a"}, "vault_token": "a"},
    ],
)
def test_a_door_nobody_can_tell_apart_does_not_open(wrong):
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_a_scenario_leaves_a_day_and_the_wall_clock_five_minutes():
    assert settings(doors="menso").ahead == timedelta(minutes=5)
    assert settings(doors="menso", clock=Clock.SCENARIO).ahead == timedelta(days=1)
    assert settings(doors="menso", ahead_seconds=7).ahead == timedelta(seconds=7)


def test_the_service_can_be_made_alone():
    assert make_service(settings(doors="menso")).name is ServiceName.INTAKE
