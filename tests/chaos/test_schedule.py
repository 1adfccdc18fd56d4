"""All that is left to chance follows from the seed."""

from __future__ import annotations

from itertools import islice

from tests.chaos.nemesis.faults import FAULTS
from tests.chaos.nemesis.schedule import schedule
from tests.chaos.options import Options


def _drawn(options: Options) -> list[tuple[float, str, float]]:
    return [(s.at_s, s.fault.name, s.chance.random()) for s in islice(schedule(options, FAULTS), 500)]


def test_the_same_seed_gives_the_same_strikes() -> None:
    """Moment, kind, and what each strike will draw."""
    assert _drawn(Options(seed=7)) == _drawn(Options(seed=7))
    assert _drawn(Options(seed=7)) != _drawn(Options(seed=8))


def test_strikes_come_in_order_and_of_every_kind() -> None:
    """A minute and a half sees each of them."""
    strikes = _drawn(Options(seed=7))
    assert strikes == sorted(strikes, key=lambda each: each[0])
    assert {name for at_s, name, _ in strikes if at_s < 90} == {fault.name for fault in FAULTS}


def test_one_kind_moves_nobody_elses() -> None:
    """Left alone, a kind strikes at the very moments at which it strikes among the others."""
    alone = _drawn(Options(seed=7, faults=["kill"]))[:20]
    among = [each for each in _drawn(Options(seed=7)) if each[1] == "kill"][:20]
    assert alone == among


def test_the_names_of_faults_are_their_own() -> None:
    """The report counts by name."""
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
