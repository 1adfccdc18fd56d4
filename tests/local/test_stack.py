"""The stack as a whole, with two services of no substance: up, up again, killed, down."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from deploy.local import processes
from deploy.local.environment import Service
from deploy.local.faults import LocalFault
from deploy.local.guards import alone
from deploy.local.ports import free_port
from deploy.local.settings import ROOT, LocalSettings
from deploy.local.stack import Addresses, Stack
from tests.servers import own_folder

pytestmark = pytest.mark.servers

MODULE = "tests.local.fake_service"
TOLD = {"PYTHONPATH": str(ROOT)}


class World:
    """A stack in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        jars = LocalSettings().home / "kafka" / "lib"
        if jars.exists():
            (folder / "kafka").mkdir()
            (folder / "kafka" / "lib").symlink_to(jars)
        self.settings = LocalSettings(
            var=folder,
            kafka_port=free_port(),
            kafka_controller_port=free_port(),
            postgres_port=free_port(),
            smtp_port=free_port(),
            kafka_heap_mb=256,
            # The stack is to start its own, whatever this test run uses.
            kafka_bootstrap_servers=None,
            database_url=None,
        )
        smtp = {"SMTP_PORT": str(self.settings.smtp_port)}
        self.parts = (
            Service("intake", free_port(), MODULE, {**TOLD, "DOORS": "menso"}),
            Service("notifications", free_port(), MODULE, {**TOLD, **smtp}),
        )
        self.said = io.StringIO()

    def stack(self, *parts: Service) -> Stack:
        return Stack(self.settings, parts=parts or self.parts, console=Console(file=self.said, width=200))

    def pids(self) -> dict[str, int | None]:
        return {part.name: part.pid for part in self.stack().status()}


def killed(*pids: int | None) -> None:
    """End processes as `kill -9` does; a signal is sent before it is felt, so wait until they are gone."""
    found = [process for pid in pids if (process := processes.identify(pid or 0))]
    assert len(found) == len(pids)
    for process in found:
        os.kill(process.pid, signal.SIGKILL)
    assert processes.until(lambda: not any(process.alive for process in found), 10)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with own_folder("stack") as folder:
        made = World(folder)
        yield made
        made.stack().down()


@pytest.fixture
def up(world: World) -> Addresses:
    """The stack is up before the test, whatever the one before left."""
    return world.stack().up()


def test_up_starts_everything_and_says_where(world: World, up: Addresses) -> None:
    assert {part.state for part in world.stack().status()} == {"ready"}
    assert set(world.pids()) == {"Kafka", "PostgreSQL", "mail", "intake", "notifications"}
    said = world.said.getvalue()
    assert f"Kafka          ready at {up.bootstrap}" in said
    assert "topics: 16 created; partners: 5 created" in said


def test_a_second_up_changes_nothing(world: World, up: Addresses) -> None:
    before = world.pids()
    assert world.stack().up() == up
    assert world.pids() == before
    assert "topics: 16 exists; partners: 5 exists" in world.said.getvalue()


def test_up_starts_only_what_is_missing(world: World, up: Addresses) -> None:
    before = world.pids()
    killed(before["intake"])
    world.stack().up()
    after = world.pids()
    assert after.pop("intake") not in {None, before.pop("intake")}
    assert after == before


def test_a_service_that_is_to_be_told_something_else_starts_anew(world: World, up: Addresses) -> None:
    before = world.pids()
    intake, notifications = world.parts
    world.stack(replace(intake, variables={**intake.variables, "LOG_LEVEL": "DEBUG"}), notifications).up()
    after = world.pids()
    assert after["intake"] != before["intake"]
    assert after["notifications"] == before["notifications"]


def test_down_leaves_nothing_running_and_is_harmless_again(world: World, up: Addresses) -> None:
    assert world.stack().down() == ["intake", "notifications", "mail", "Kafka", "PostgreSQL"]
    assert set(world.pids().values()) == {None}
    assert list(processes.marked(world.settings.home)) == []
    assert world.stack().down() == []


def test_what_a_killed_run_left_is_found_without_any_pid_file(world: World, up: Addresses) -> None:
    for file in (world.settings.home / "run").glob("*.pid"):
        file.unlink()
    stopped = world.stack().down()
    assert len([name for name in stopped if name.startswith("left over")]) == 3
    assert list(processes.marked(world.settings.home)) == []


def test_after_everything_was_killed_up_brings_it_back(world: World, up: Addresses) -> None:
    killed(*world.pids().values())
    assert world.stack().up() == up
    assert {part.state for part in world.stack().status()} == {"ready"}


def test_a_stack_lives_in_one_time_only(world: World, up: Addresses) -> None:
    with pytest.raises(LocalFault, match="made with the wall clock, not the scenario clock"):
        world.stack().up("scenario")
    assert httpx.get(f"{world.parts[0].url}/").json()["clock"] == "wall"


def test_a_second_up_at_the_same_moment_is_told_to_wait(world: World, up: Addresses) -> None:
    with alone(world.settings), pytest.raises(LocalFault, match="Another `up` or `down`"):
        world.stack().up()


def test_a_port_that_is_held_is_told_before_anything_is_started(world: World, up: Addresses) -> None:
    held = Service("other", int(up.bootstrap.rpartition(":")[2]), MODULE, TOLD)
    with pytest.raises(
        LocalFault, match=r"meant for other, is held by pid \d+ \(java\).*WERKBEDRIJF_OTHER_PORT"
    ):
        world.stack(held).up()


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("migrate", "The database of broken could not be brought up to date: ERROR cannot migrate"),
        ("start", "broken stopped while starting: ERROR cannot start"),
    ],
)
def test_a_service_that_fails_is_told_with_its_last_words(
    world: World, up: Addresses, step: str, line: str
) -> None:
    broken = Service("broken", free_port(), MODULE, {**TOLD, "BROKEN": step})
    with pytest.raises(LocalFault, match=line) as fault:
        world.stack(broken).up()
    assert str(world.settings.home / "log") in str(fault.value)
