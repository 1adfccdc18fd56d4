"""`python -m tests.chaos`: one fault campaign; exit code 1 when a promise was not kept."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

from tests.chaos.campaign import run
from tests.chaos.ground.disks import with_own_mounts
from tests.chaos.nemesis.faults import FAULTS
from tests.chaos.options import Options
from tests.chaos.plants import PLANTS
from tests.chaos.report import Report
from tests.servers import make_kafka_node


def main() -> None:
    """Run what the command line says."""
    options = _options()
    if options.brokers > 1:
        # Whatever a broker needs is fetched while there is still a network to fetch it from.
        make_kafka_node(options.folder)
    with_own_mounts(own_net=options.brokers > 1)
    logging.basicConfig(level=logging.ERROR)
    # A client that loses its server says so at length; here that is the point.
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(_interruptible(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("broken off; nothing is left running")
    name = f"report-{options.plant}.json" if options.plant else "report.json"
    report.write(options.folder / name)
    _say("\n".join(report.lines()))
    _say(f"\n{options.folder / name}; again: --seed {options.seed}")
    sys.exit(0 if report.clean else 1)


async def _interruptible(options: Options) -> Report:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(options, _say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> Options:
    known = Options(seed=0)
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="drawn when left out")
    parser.add_argument("--seconds", type=float, default=known.seconds, help="how long faults are struck")
    parser.add_argument("--kills", type=int, default=known.kills, help="kills of services, at least")
    parser.add_argument("--events", type=int, default=known.events, help="events of partners, at least")
    parser.add_argument("--log-events", type=int, default=known.log_events,
                        help="events on all topics, without repeats, at least")  # fmt: skip
    parser.add_argument("--close-after-s", type=float, default=known.close_after_s, metavar="S",
                        help="strike no longer than this, whatever is reached; 0 for no limit")  # fmt: skip
    parser.add_argument("--rate", type=float, default=known.rate, help="events of partners a second")
    parser.add_argument("--spread", type=float, default=known.spread,
                        help="strike everything but kills so many times as seldom")  # fmt: skip
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=known.brokers)
    parser.add_argument("--tick-s", type=float, default=known.tick_s, help="seconds between two days")
    parser.add_argument("--mail-s", type=float, default=known.mail_s, help="wait for messages at the end")
    parser.add_argument("--faults", nargs="*", choices=[f.name for f in FAULTS], default=[], metavar="KIND",
                        help=f"only these of {', '.join(f.name for f in FAULTS)}")  # fmt: skip
    parser.add_argument("--plant", choices=sorted(PLANTS), default="", help="a bug that must be found")
    parser.add_argument("--folder", type=Path, default=known.folder)
    return Options(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
