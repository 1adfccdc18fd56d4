"""What each service is told, and what it is not."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from deploy.local.environment import Secrets, dsn_of, secrets_of, services, variables_for
from deploy.local.settings import LocalSettings


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(var=tmp_path)


def told(settings: LocalSettings, name: str) -> dict[str, str]:
    service = next(each for each in services(settings) if each.name == name)
    return variables_for(
        service,
        settings,
        bootstrap="127.0.0.1:1",
        base_dsn="postgresql://role:word@host:5/postgres?sslmode=disable",
        tokens=secrets_of(settings),
        clock="wall",
    )


def test_tokens_are_made_once_and_only_their_owner_can_read_them(
    settings: LocalSettings, tmp_path: Path
) -> None:
    first = secrets_of(settings)
    assert secrets_of(settings) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert set(first.doors) == {"buurtsupport", "emco", "gemeente-emmen", "menso", "uwv"}
    assert len({*first.doors.values(), first.vault, first.ops}) == len(first.doors) + 2


def test_a_partner_that_joins_later_gets_a_token_and_the_others_keep_theirs(tmp_path: Path) -> None:
    partners = tmp_path / "partners"
    partners.mkdir()
    (partners / "menso.toml").touch()
    settings = LocalSettings(var=tmp_path / "var", partners=partners)
    before = secrets_of(settings)
    (partners / "school.toml").touch()
    after = secrets_of(settings)
    assert after == Secrets({**before.doors, "school": after.doors["school"]}, before.vault, before.ops)


def test_each_service_has_a_database_of_its_own(settings: LocalSettings) -> None:
    databases = {
        told(settings, name)["DATABASE_URL"] for name in ("intake", "matching", "quota", "notifications")
    }
    assert databases == {
        f"postgresql://role:word@host:5/werkbedrijf_{name}?sslmode=disable"
        for name in ("intake", "matching", "quota", "notifications")
    }


def test_a_token_that_is_not_its_business_is_not_in_a_services_environment(settings: LocalSettings) -> None:
    assert {name for name in ("intake", "matching", "quota") if "DOOR_TOKENS" in told(settings, name)} == {
        "intake"
    }
    assert "VAULT_TOKEN" not in told(settings, "matching")
    assert told(settings, "notifications")["VAULT_TOKEN"] == told(settings, "intake")["VAULT_TOKEN"]
    assert "SMTP_PORT" not in told(settings, "quota")


def test_the_door_knows_the_token_of_each_partner_it_is_the_door_of(settings: LocalSettings) -> None:
    intake = told(settings, "intake")
    assert sorted(json.loads(intake["DOOR_TOKENS"])) == intake["DOORS"].split(",")


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("postgresql://h/postgres", "postgresql://h/x"),
        ("postgresql://h", "postgresql://h/x"),
        ("postgresql://u:p%40@h:5432/a?sslmode=require", "postgresql://u:p%40@h:5432/x?sslmode=require"),
    ],
)
def test_only_the_database_changes_in_an_address(base: str, expected: str) -> None:
    assert dsn_of(base, "x") == expected


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKBEDRIJF_KAFKA_PORT", "29999")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("TOPIC_PREFIX", "proef")
    settings = LocalSettings()
    assert (settings.kafka_port, settings.kafka_bootstrap_servers) == (29999, "broker:9092")
    assert settings.topic_prefix == "proef"
