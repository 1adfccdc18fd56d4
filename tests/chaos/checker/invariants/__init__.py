"""The promises that are checked; a new one is a file here and a line in `INVARIANTS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.chaos.checker.invariants.dead_letters import DeadLettersComplete
from tests.chaos.checker.invariants.effects import EveryEffectOnce
from tests.chaos.checker.invariants.figures import FiguresAsReported
from tests.chaos.checker.invariants.invariant import Invariant
from tests.chaos.checker.invariants.lists import OnOneList
from tests.chaos.checker.invariants.messages import OneMessageAStep
from tests.chaos.checker.invariants.order import OrderPerKey
from tests.chaos.checker.invariants.parked import ParkedTakenUp
from tests.chaos.checker.invariants.precedence import PrecedenceAsGranted
from tests.chaos.checker.invariants.rebuilt import SameWhenRebuilt
from tests.chaos.checker.invariants.room import WithinTheRoom
from tests.chaos.checker.invariants.rounds import EveryRoundExplained
from tests.chaos.checker.invariants.statements import NothingLost
from tests.chaos.checker.invariants.ways import BridgesAndWaysBack

INVARIANTS: Final[Sequence[Callable[[], Invariant]]] = (
    NothingLost,
    EveryEffectOnce,
    OrderPerKey,
    WithinTheRoom,
    OnOneList,
    OneMessageAStep,
    PrecedenceAsGranted,
    EveryRoundExplained,
    BridgesAndWaysBack,
    FiguresAsReported,
    ParkedTakenUp,
    DeadLettersComplete,
    SameWhenRebuilt,
)
