"""What a fault is, and what it is given to strike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.driver.driver import Driver
from tests.chaos.ground.ground import Ground
from tests.chaos.nemesis.strikes import Strikes


@dataclass(frozen=True, slots=True)
class Field:
    """Where a fault strikes."""

    ground: Ground
    driver: Driver
    strikes: Strikes


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    Attributes:
        every_s: seconds between two of its kind, on average.
        strike: does it, mends it where it does not mend itself, and says what it did; empty when there
            was nothing to be struck.
        heavy: stops everybody: struck only when each service has worked since the last heavy one.
        on: what it needs for itself; two faults on the same thing do not strike at once.
    """

    name: str
    every_s: float
    strike: Callable[[Field, Random], Awaitable[str]]
    on: str = ""
    heavy: bool = False
