"""Seeds hold, a failing one replays exactly, and every kind of bug that is planted is found."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pytest

from shared.contracts import DecisionOutcome
from shared.messaging.event import Event, encode
from shared.messaging.registry import AMSTERDAM
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Status
from tests.delivery.programs import ROOT
from tests.simulation.campaign import campaign
from tests.simulation.chance import Chance
from tests.simulation.database import Database
from tests.simulation.partners import FIRST_DAY, registrations
from tests.simulation.planted import BUGS, planted
from tests.simulation.rebuilding import pool_on
from tests.simulation.run import judge, simulate
from tests.simulation.shrink import shrink
from tests.simulation.story import Region
from tests.simulation.world import TOPICS, Shape, book, parts_of

_SEEDS = int(os.environ.get("SIMULATION_SEEDS", "600"))
"""About a minute on two cores; a campaign takes more of them."""
_PATIENCE = 600
"""Seeds within which a planted bug must show itself."""


def test_whatever_goes_wrong_all_that_is_promised_holds():
    found = campaign(range(_SEEDS), jobs=os.cpu_count() or 1)
    assert found.wrong == {}, f"{found.summary}; see one with python -m tests.simulation --replay SEED"
    assert found.seeds == _SEEDS
    # A run in which nothing went wrong proves nothing.
    assert sum(found.faults.values()) > _SEEDS


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_and_made_short(bug):
    with planted(bug):
        found = next((run for seed in range(_PATIENCE) if (run := judge(seed)).wrong), None)
        assert found is not None, f"no seed of {_PATIENCE} shows: {bug}"
        short = shrink(found, tries=60)
        assert len(short.run.said) + len(short.run.struck) <= len(found.said) + len(found.struck)
        # The short one is a run of its own, which fails again the same way, step by step.
        again = judge(found.seed, muted=short.muted, without=short.without)
    assert (again.wrong, again.history.lines) == (short.run.wrong, short.run.history.lines)
    # It was the bug: without it the same seed holds.
    assert not judge(found.seed).wrong


@pytest.mark.parametrize("seed", range(6))
def test_a_seed_takes_the_same_steps_every_time(seed):
    assert simulate(seed).history.lines == simulate(seed).history.lines


def test_a_seed_takes_the_same_steps_in_another_process_whatever_its_hashes_are():
    """Sets of text have another order in every process; nothing may hang on it."""
    program = (
        "from tests.simulation.run import simulate\nfor n in range(30): print(simulate(n).history.digest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hashes},
            check=True,
            capture_output=True,
        ).stdout
        for hashes in ("1", "2")
    }
    assert len(told) == 1


def test_seeds_differ():
    assert len({simulate(seed).history.digest() for seed in range(10)}) == 10


async def test_a_refused_statement_is_not_taken_when_the_same_record_is_read_again():
    """Killed between commit and offsets: withdrawn before it was granted, refused, then taken after all."""
    region = Region(0)
    withdrawn, granted = (region.decision("p-1", outcome) for outcome in _WITHDRAWN_AND_GRANTED)
    known = [*registrations(), region.registration("p-1")]
    runner = _door()
    await runner.process([_record(event, number) for number, event in enumerate(known)])
    batch = [_record(withdrawn, 100), _record(granted, 101)]
    assert [o.status for o in await runner.process(batch)] == [Status.REFUSED, Status.ACCEPTED]
    again = await runner.process(batch)
    assert Status.ACCEPTED not in {outcome.status for outcome in again}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("again", [100, 101])
async def test_what_was_handed_in_twice_and_refused_twice_stays_refused_when_read_again(
    again: int, *, together: bool
):
    """One batch or two, whichever of the two records comes again."""
    region = Region(0)
    withdrawn, granted = (region.decision("p-1", outcome) for outcome in _WITHDRAWN_AND_GRANTED)
    known = [*registrations(), region.registration("p-1")]
    runner = _door()
    await runner.process([_record(event, number) for number, event in enumerate(known)])
    twice = [_record(withdrawn, 100), _record(withdrawn, 101)]
    for batch in [twice] if together else [[each] for each in twice]:
        await runner.process(batch)
    await runner.process([_record(granted, 102)])
    outcomes = await runner.process([_record(withdrawn, again)])
    assert [outcome.status for outcome in outcomes] == [Status.DUPLICATE]


_WITHDRAWN_AND_GRANTED = (DecisionOutcome.WITHDRAWN, DecisionOutcome.GRANTED)


def _door() -> Runner[Any]:
    """Intake, on a store to which nothing happens."""
    door = next(part for part in parts_of(replace(Shape.of(0), split_doors=False)) if part.kind == "intake")
    pool = pool_on(Database("door", book(door.kind), Chance(0, calm=True)))
    at = datetime.combine(FIRST_DAY, time(12), AMSTERDAM)
    return Runner(door.make(), pool, TOPICS, operator="", own=door.own, now=lambda: at, scenario=True)


def _record(event: Event, offset: int) -> Record:
    topic = TOPICS.of(event.partner, event.stream)
    return Record(topic, encode(event), event.key.encode(), 0, offset)
