"""How much is done in each part: enough for a figure that holds, or just enough to see that it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done.

    Attributes:
        rounds: of each contender, of what is measured among many people, and of instances.
        services: people for each service's own work, and for the newcomer's fewer of them.
        journey: the same for the whole journey.
        peer, walls, scale: people.
        known, new: people known where growth is measured, and people who come in each round.
        rebuild: events in the log of each service.
        warm_up_s, load_s: of the latency; then `sending_s` with the sender at work.
    """

    rounds: int
    services: Mapping[str, tuple[int, int]]
    journey: tuple[int, int]
    peer: int
    walls: int
    known: int
    new: int
    rebuild: Mapping[str, int]
    scale: int
    warm_up_s: float
    load_s: float
    sending_s: float


FULL: Final = Size(
    rounds=3,
    services={
        "intake": (4_000, 250),
        "matching": (10_000, 300),
        "quota": (3_000, 250),
        "notifications": (6_000, 300),
    },
    journey=(2_000, 150),
    peer=10_000,
    walls=3_000,
    known=1_000_000,
    new=2_000,
    rebuild={"intake": 200_000, "matching": 1_000_000, "quota": 200_000, "notifications": 200_000},
    scale=10_000,
    warm_up_s=5,
    load_s=20,
    sending_s=10,
)
QUICK: Final = Size(
    rounds=1,
    services={
        "intake": (500, 50),
        "matching": (1_000, 100),
        "quota": (600, 60),
        "notifications": (500, 50),
    },
    journey=(300, 50),
    peer=500,
    walls=1_000,
    known=20_000,
    new=500,
    rebuild=dict.fromkeys(("intake", "matching", "quota", "notifications"), 20_000),
    scale=2_000,
    warm_up_s=1,
    load_s=4,
    sending_s=2,
)
