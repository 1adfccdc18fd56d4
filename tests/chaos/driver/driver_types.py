"""What reactions and journeys need of the driver."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from tests.chaos.driver.people import Person


class Acts(Protocol):
    """Knows people and lets things begin."""

    reacts: bool

    @property
    def people(self) -> Mapping[str, Person]:
        """Everybody, by id."""

    def begin(self, what: Coroutine[Any, Any, Any]) -> None:
        """Begin something that the campaign must see finished."""
