"""What a change of order would do to the list, before the council adopts it (Pw art. 10b(5))."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.matching.rules.order import ranked
from services.matching.rules.policies import Policy
from services.matching.rules.waiting import Wait


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody whose rank would be another. A rise is a lower number: 1 is first.

    Attributes:
        by: how many places up; below zero for who falls.
    """

    participant: str
    now: int
    then: int

    @property
    def by(self) -> int:
        """How many places up; below zero for who falls."""
        return self.now - self.then


@dataclass(frozen=True, slots=True)
class Preview:
    """Who rises and who falls, the furthest first; who stays is counted."""

    waiting: int
    rises: tuple[Move, ...]
    falls: tuple[Move, ...]

    @property
    def stays(self) -> int:
        """How many keep their rank."""
        return self.waiting - len(self.rises) - len(self.falls)


def preview(waits: Iterable[Wait], now: Policy, then: Policy) -> Preview:
    """Hold one order against another, for everyone who waits in a municipality."""
    everyone = list(waits)
    before = {wait.participant: rank for rank, wait in enumerate(ranked(everyone, now), 1)}
    moves = [
        Move(wait.participant, before[wait.participant], rank)
        for rank, wait in enumerate(ranked(everyone, then), 1)
        if before[wait.participant] != rank
    ]
    moves.sort(key=lambda move: (-abs(move.by), move.then))
    return Preview(
        len(everyone),
        tuple(move for move in moves if move.by > 0),
        tuple(move for move in moves if move.by < 0),
    )
