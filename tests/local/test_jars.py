"""The broker's jars are fetched whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.faults import LocalFault
from deploy.local.kafka.jars import ensure_jars
from deploy.local.kafka.java import Java

JAVA = Java(Path("/usr/bin/java"), 17)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH beside the shell's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}")
    return folder


def fake_maven(folder: Path, script: str) -> None:
    program = folder / "mvn"
    program.write_text(f"#!/bin/sh\nfor last; do :; done\nout=${{last#-DoutputDirectory=}}\n{script}\n")
    program.chmod(0o755)


def test_a_missing_maven_is_one_line_with_the_way_out(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(LocalFault, match="Maven, which fetches Kafka's jars, is missing") as fault:
        ensure_jars(tmp_path / "lib", JAVA, tmp_path / "log")
    assert "apt install maven" in str(fault.value)


def test_a_fetch_that_fails_leaves_nothing_and_names_the_cause(tmp_path: Path, programs: Path) -> None:
    fake_maven(programs, "echo half > $out/one.jar; echo '[ERROR] Checksum validation failed'; exit 1")
    with pytest.raises(LocalFault, match="Checksum validation failed"):
        ensure_jars(tmp_path / "lib", JAVA, tmp_path / "log")
    assert not (tmp_path / "lib").exists()


def test_jars_are_fetched_once_and_progress_is_told(tmp_path: Path, programs: Path) -> None:
    told: list[str] = []
    fetch = "echo jar > $out/one.jar; echo 'Downloaded from central: somewhere/one-1.0.jar (1 MB at 1 MB/s)'"
    fake_maven(programs, fetch)
    (tmp_path / "lib.new").mkdir()
    (tmp_path / "lib.new" / "left over of a fetch that was cut off").touch()
    lib = ensure_jars(tmp_path / "lib", JAVA, tmp_path / "log", told.append)
    assert sorted(path.name for path in lib.glob("[!.]*")) == ["one.jar"]
    assert told == ["1 fetched, one-1.0.jar"]
    fake_maven(programs, "exit 1")
    assert ensure_jars(tmp_path / "lib", JAVA, tmp_path / "log", told.append) == lib
    assert len(told) == 1


def test_jars_of_another_version_are_replaced(tmp_path: Path, programs: Path) -> None:
    fake_maven(programs, "echo jar > $out/new.jar")
    old = tmp_path / "lib"
    old.mkdir()
    (old / "old.jar").touch()
    (old / ".pom-sha256").write_text("of another pom.xml")
    ensure_jars(old, JAVA, tmp_path / "log")
    assert [path.name for path in old.glob("*.jar")] == ["new.jar"]
