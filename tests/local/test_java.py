"""Which Java runs the broker, and what is said when none can."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.faults import LocalFault
from deploy.local.kafka.java import find_java


def fake_java(home: Path, version: str) -> Path:
    """A program that says it is that Java."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    program.chmod(0o755)
    return program


def test_java_home_decides_which_of_two_is_used(tmp_path: Path) -> None:
    on_path = fake_java(tmp_path / "a", "21.0.1")
    chosen = fake_java(tmp_path / "b", "17.0.15")
    found = find_java(
        {"JAVA_HOME": str(tmp_path / "b"), "PATH": str(on_path.parent)}, installed=tmp_path / "none"
    )
    assert found is not None
    assert (found.program, found.version) == (chosen, 17)


@pytest.mark.parametrize(("version", "shown"), [("1.8.0_412", "8"), ("11.0.2", "11")])
def test_a_java_home_that_is_too_old_is_refused_in_one_line(tmp_path: Path, version: str, shown: str) -> None:
    fake_java(tmp_path, version)
    with pytest.raises(LocalFault) as fault:
        find_java({"JAVA_HOME": str(tmp_path)})
    said = str(fault.value)
    assert f"JAVA_HOME={tmp_path} is Java {shown}, Kafka needs 17 or newer" in said
    assert "KAFKA_BOOTSTRAP_SERVERS" in said
    assert "\n" not in said


def test_a_java_home_without_a_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalFault, match="holds no Java that starts"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_an_old_java_on_the_path_gives_way_to_a_newer_one_beside_it(tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "11.0.2")
    new = fake_java(tmp_path / "jvm" / "temurin-25", "25")
    found = find_java({"PATH": str(old.parent)}, installed=tmp_path / "jvm")
    assert found is not None
    assert (found.program, found.version) == (new, 25)


def test_when_all_are_too_old_it_names_what_it_found(tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "11.0.2")
    with pytest.raises(LocalFault, match=r"found: 11 \("):
        find_java({"PATH": str(old.parent)}, installed=tmp_path / "none")


def test_where_there_is_none_at_all_it_says_so_without_a_fault(tmp_path: Path) -> None:
    assert find_java({"PATH": str(tmp_path)}, installed=tmp_path) is None


def test_one_fetched_earlier_is_used_where_there_is_no_other(tmp_path: Path) -> None:
    own = fake_java(tmp_path / "fetched", "25.0.2")
    found = find_java({"PATH": str(tmp_path)}, installed=tmp_path / "none", own=own)
    assert found is not None
    assert found.program == own
