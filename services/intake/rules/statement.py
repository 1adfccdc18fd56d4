"""A statement at the door, with what is known of what it is about, and what may be held against it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from services.intake.rules.facts import Fact, Facts, facts_of
from shared.contracts import Data, RefusalCode, Role

D = TypeVar("D", bound=Data)


class Objection(Struct, frozen=True):
    """Why a statement is not taken.

    Attributes:
        detail: what would be right, for the partner's own people; never what was stated.
        field: JSON path from the top of the event.
    """

    code: RefusalCode
    detail: str
    field: str | None = None


class Statement(Struct, Generic[D], frozen=True):
    """What a partner states, and what is known before it.

    Attributes:
        time: when the source recorded it.
        partner: who states it.
        roles: what the registry lets the partner be.
        municipalities: municipalities that the partner is, or works for.
        guides: partners that may guide people.
        person: facts about the participant that it names.
        place: facts about the place that it names.
        placement: facts about the placement that it names.
    """

    data: D
    time: datetime
    partner: str
    roles: frozenset[Role]
    municipalities: frozenset[str]
    guides: frozenset[str]
    person: Facts = ()
    place: Facts = ()
    placement: Facts = ()

    @property
    def about_person(self) -> Fact:
        """The fact about the participant that it would become.

        Raises:
            KeyError: none is kept of its type.
        """
        facts = facts_of(self.data, self.time, self.partner, self.data.kafka_key)
        data: Any = self.data
        return facts[f"participant:{data.participant}"]


Check = Callable[[Statement[Any]], Objection | None]
"""A rule of the door: None when the statement may be taken."""


def conflict(detail: str, field: str | None = None) -> Objection:
    """It contradicts what is known."""
    return Objection(RefusalCode.STATE_CONFLICT, detail, field)
