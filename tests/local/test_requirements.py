"""What is installed is pinned, its hashes known, and no address of an index is written down."""

from __future__ import annotations

import re

import pytest

from deploy.local.settings import ROOT

FOLDER = ROOT / "requirements"


def pins(name: str) -> dict[str, str]:
    """Package and version of each requirement of a file."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["base", "local", "dev", "java"])
def test_every_requirement_has_one_version_and_a_hash(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if re.match(r"[a-z0-9]", entry)]
    assert len(entries) == len(pins(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_what_runs_is_part_of_what_the_local_stack_has_and_that_of_what_is_tested() -> None:
    assert pins("base").items() <= pins("local").items() <= pins("dev").items()
