"""Who may state what about a place: the host that offered it."""

from __future__ import annotations

from typing import Any

from services.intake.rules.facts import Facts, named, short_name
from services.intake.rules.statement import Objection, Statement, conflict
from shared.contracts import PlaceOffered, PlaceWithdrawn, RefusalCode

_OFFERED = short_name(PlaceOffered)


def host(place: Facts) -> str | None:
    """The partner that offered the place; of two that use one id, the first."""
    offered = named(place, PlaceOffered)
    return offered[0].partner if offered else None


def is_offered(place: Facts) -> bool:
    """Whether the place is on offer; its host's last word counts."""
    owner = host(place)
    spoken = [fact for fact in named(place, PlaceOffered, PlaceWithdrawn) if fact.partner == owner]
    return bool(spoken) and spoken[-1].name == _OFFERED


def offered(said: Statement[PlaceOffered]) -> Objection | None:
    """A place has one host, and is offered once until it is withdrawn."""
    owner = host(said.place)
    if owner is not None and owner != said.partner:
        return not_yours()
    if is_offered(said.place):
        return conflict("this place is on offer already; state places.changed", "data.place")
    return None


def its_own(said: Statement[Any]) -> Objection | None:
    """Only the host changes or withdraws a place, while it is on offer."""
    if host(said.place) != said.partner:
        return not_yours()
    return None if is_offered(said.place) else conflict("this place was withdrawn", "data.place")


def not_yours() -> Objection:
    """Another host's place."""
    return Objection(RefusalCode.ROLE_NOT_ALLOWED, "another host offered this place", "data.place")
