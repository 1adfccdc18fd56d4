"""PostgreSQL refuses root: what is done about it where the repository lies in a closed folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import users
from deploy.local.faults import LocalFault
from deploy.local.users import User, as_user

STRANGER = User("stranger", 54321, 54321)
PROGRAM = ["postgres", "-D", "data"]


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder inside one that only its owner may enter."""
    folder = tmp_path / "root"
    (folder / "var").mkdir(parents=True)
    folder.chmod(0o700)
    return folder / "var"


def test_who_is_not_root_runs_it_directly(tmp_path: Path) -> None:
    assert as_user(None, PROGRAM, [tmp_path]) == PROGRAM


def test_root_drops_to_the_user_without_any_capability_where_folders_are_open() -> None:
    command = as_user(STRANGER, PROGRAM, [Path("/usr/bin/env")])
    assert command == ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", *PROGRAM]


@pytest.mark.parametrize(
    ("held", "given"), [(0b110, "dac_read_search"), (0b100, "dac_read_search"), (0b010, "dac_override")]
)
def test_in_a_closed_folder_it_is_given_the_least_that_lets_it_pass(
    closed: Path, monkeypatch: pytest.MonkeyPatch, held: int, given: str
) -> None:
    monkeypatch.setattr(users, "_held_capabilities", lambda: held)
    command = as_user(STRANGER, PROGRAM, [closed])
    assert f"--ambient-caps=-all,+{given}" in command
    assert command[-3:] == PROGRAM


def test_where_that_cannot_be_given_it_says_which_folder_is_closed(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_held_capabilities", lambda: 0)
    with pytest.raises(LocalFault, match="user stranger cannot enter /"):
        as_user(STRANGER, PROGRAM, [closed])
