"""`python -m tests.simulation --seeds 10000`, or `--replay SEED` to see one again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Final

from tests.simulation.campaign import Campaign, campaign
from tests.simulation.run import judge
from tests.simulation.shrink import shrink

_SHOWN: Final = 3
"""Failures that are made short and shown; where there are more, they have the same cause as a rule."""


def main() -> int:
    """Run what was asked for; 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one seed, with its whole history")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one a core)")
    asked = parser.parse_args()
    return _replay(asked.replay) if asked.replay is not None else _run(asked.first, asked.seeds, asked.jobs)


def _replay(seed: int) -> int:
    run = judge(seed)
    print("\n".join(run.history.lines))  # noqa: T201
    print(f"\nseed {seed}: {run.wrong or 'all holds'}; history {run.history.digest()}")  # noqa: T201
    if run.wrong:
        print(f"\nMade short:\n{shrink(run).text}")  # noqa: T201
    return int(bool(run.wrong))


def _run(first: int, seeds: int, jobs: int) -> int:
    started = time.monotonic()

    def progress(so_far: Campaign) -> None:
        if sys.stderr.isatty() or so_far.seeds % 1000 == 0:
            end = "\r" if sys.stderr.isatty() else "\n"
            wrong = len(so_far.wrong)
            print(f"{so_far.seeds} of {seeds} seeds, {wrong} wrong", end=end, file=sys.stderr)  # noqa: T201

    found = campaign(range(first, first + seeds), jobs=jobs, progress=progress)
    for seed in sorted(found.wrong)[:_SHOWN]:
        print(f"\n{shrink(judge(seed)).text}\n")  # noqa: T201
    print(f"{found.summary} in {time.monotonic() - started:.0f} s on {jobs} processes")  # noqa: T201
    if found.wrong:
        print(f"wrong: {sorted(found.wrong)}; see one with --replay")  # noqa: T201
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
