"""The kinds of journeys people make; a new kind is a file here and a line in `JOURNEYS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.chaos.driver.journeys import (
    bridge_ends,
    deviating,
    granted_again,
    handed_over,
    jumbled,
    leaving,
    merging,
    number_moves,
    ordinary,
    paid_apart,
    profile_moves,
    refused,
    resting,
    terms_move,
    twice_granted,
    way_back,
    withdrawn,
)
from tests.chaos.driver.journeys.journey import Journey

JOURNEYS: Final[Sequence[Journey]] = (
    ordinary.JOURNEY,
    jumbled.JOURNEY,
    refused.JOURNEY,
    leaving.JOURNEY,
    withdrawn.JOURNEY,
    handed_over.JOURNEY,
    resting.JOURNEY,
    twice_granted.JOURNEY,
    deviating.JOURNEY,
    granted_again.JOURNEY,
    paid_apart.JOURNEY,
    number_moves.JOURNEY,
    terms_move.JOURNEY,
    bridge_ends.JOURNEY,
    way_back.JOURNEY,
    merging.JOURNEY,
    profile_moves.JOURNEY,
)
