"""What a campaign is told; the same options and seed give the same schedule and the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True, slots=True)
class Options:
    """How long, how hard, and how large.

    Attributes:
        seed: all that is left to chance is drawn from it.
        seconds: how long faults are struck, and over which the kills are spread; the campaign goes on
            until kills and events are reached too.
        kills: `kill -9` of a service, at least.
        events: stated by partners and answered, at least.
        log_events: on all topics, the services' own among them and without repeats, at least.
        close_after_s: when striking ends at the latest, whatever has been reached by then; 0 for never.
        rate: events a second that partners state of their own accord.
        spread: how many times as seldom as usual everything but kills is struck.
        brokers: nodes of the Kafka cluster, one or three.
        tick_s: seconds between two days of the scenario clock.
        mail_s: how long to wait at the end for messages that are tried again after minutes.
        faults: kinds that are struck; none named is all.
        plant: a bug to be planted in the services, to see that the checker finds it.
        folder: all that a campaign writes.
    """

    seed: int
    seconds: float = 100.0
    kills: int = 50
    events: int = 1_500
    log_events: int = 0
    close_after_s: float = 0.0
    rate: float = 30.0
    spread: float = 1.0
    brokers: int = 1
    tick_s: float = 2.0
    mail_s: float = 40.0
    faults: Sequence[str] = ()
    plant: str = ""
    folder: Path = Path("var/chaos")

    def chance(self, *names: object) -> Random:
        """A source of chance of its own for each name, so that what one draws moves nobody else's."""
        return Random("/".join(map(str, (self.seed, *names))))
