"""What the door remembers: the facts that bear on who may state what, in one order for everyone.

Facts come over many topics, and order is promised within one only. They are therefore kept in order of
the sources' time, and what follows from them is a fold over that order: however topics interleave,
the same facts give the same answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple

from shared.contracts import (
    NAMESPACE,
    Data,
    ParticipantDecided,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    PlaceOffered,
    PlaceWithdrawn,
)


class Fact(NamedTuple):
    """One thing that a partner stated about a person, a place or a placement.

    Attributes:
        at: when the source recorded it, UTC, in a form that sorts as text.
        partner: who stated it.
        key: Kafka key under which it travelled.
        name: short name of the event type, `participants.registered`.
        told: the fields that the door's rules look at, as JSON has them.
    """

    at: str
    partner: str
    key: str
    name: str
    told: Mapping[str, Any]

    def day(self, field: str) -> date:
        """A calendar date among the fields told."""
        return date.fromisoformat(self.told[field])

    def day_or_none(self, field: str) -> date | None:
        """A calendar date among the fields told, where it may be null."""
        return None if self.told.get(field) is None else self.day(field)


Facts = Sequence[Fact]
"""Facts about one subject, oldest first."""

KEPT: Final[Mapping[type[Data], Mapping[str, tuple[str, ...]]]] = {
    ParticipantRegistered: {"participant": ("municipality", "rung", "registered_on")},
    ParticipantStepped: {"participant": ("rung", "stepped_on")},
    ParticipantMoved: {"participant": ("municipality", "moved_on")},
    ParticipantPaused: {"participant": ("paused_on",)},
    ParticipantResumed: {"participant": ("resumed_on",)},
    ParticipantLeft: {"participant": ("left_on",)},
    ParticipantErased: {"participant": ("erased_on",)},
    ParticipantTransferOffered: {"participant": ("transfer", "to")},
    ParticipantTransferAccepted: {"participant": ("transfer",)},
    ParticipantTransferDeclined: {"participant": ("transfer",)},
    ParticipantDecided: {"participant": ("municipality", "outcome", "decided_on")},
    PlaceOffered: {"place": ()},
    PlaceWithdrawn: {"place": ("withdrawn_on",)},
    PlacementStarted: {
        "participant": ("rung", "starts_on"),
        "placement": ("participant", "place", "starts_on", "ends_on", "contract"),
    },
    PlacementChanged: {"placement": ("changed_on", "ends_on", "contract")},
    PlacementEnded: {"placement": ("ended_on",)},
}
"""Of each type, about which subjects a fact is kept, and which fields of it."""

NAMED: Final = ("participant", "place", "placement")
"""Fields that name a subject."""


@cache
def short_name(model: type[Data]) -> str:
    """The type without namespace and version: `participants.registered`."""
    return model.TYPE.removeprefix(f"{NAMESPACE}.").rpartition(".v")[0]


def stamp(moment: datetime) -> str:
    """A moment as text that sorts as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def subjects(data: Data) -> dict[str, str]:
    """What a statement names, by field: `{"participant": "participant:p-1"}`."""
    return {field: f"{field}:{value}" for field in _names(type(data)) if (value := getattr(data, field))}


@cache
def _names(model: type[Data]) -> tuple[str, ...]:
    return tuple(field for field in NAMED if field in model.model_fields)


def facts_of(data: Data, at: datetime, partner: str, key: str) -> dict[str, Fact]:
    """The facts to be kept of a statement, by subject."""
    kept = KEPT.get(type(data))
    if kept is None:
        return {}
    recorded, name = stamp(at), short_name(type(data))
    return {
        f"{field}:{getattr(data, field)}": Fact(recorded, partner, key, name, _told(data, fields))
        for field, fields in kept.items()
    }


def _told(data: Data, fields: Iterable[str]) -> dict[str, Any]:
    """What `data.model_dump` would say of these fields, at a fifth of the cost."""
    return {field: _as_json(getattr(data, field)) for field in fields}


def _as_json(value: date | Enum | str | None) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def with_fact(facts: Facts, fact: Fact) -> tuple[Fact, ...]:
    """The facts and one more, in order of time.

    What one partner stated at the same moment under the same key keeps the order in which it came,
    which is the order of its topic; between partners the name settles it. So the result does not depend
    on how topics interleaved.
    """
    place = bisect_right(facts, fact[:3], key=lambda known: known[:3])
    return (*facts[:place], fact, *facts[place:])


def named(facts: Facts, *models: type[Data]) -> list[Fact]:
    """Facts of these types, oldest first."""
    names = _short_names(models)
    return [fact for fact in facts if fact.name in names]


@cache
def _short_names(models: tuple[type[Data], ...]) -> frozenset[str]:
    return frozenset(map(short_name, models))
