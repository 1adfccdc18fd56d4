"""What a journey is: how it begins; what follows is the partners' reaction to what the services state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.driver.people import Person


@dataclass(frozen=True, slots=True)
class Journey:
    """A kind of journey.

    Attributes:
        share: how many of it there are beside one of share 1.
        begin: states what makes it this kind; returns when all is answered.
    """

    name: str
    share: int
    begin: Callable[[Person], Awaitable[None]]
