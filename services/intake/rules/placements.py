"""Who may state what about a placement: the host of the place, of a placement that can be so.

That somebody started is a fact. It is recorded for a place that is withdrawn, a person who is paused or
a number that is reached: only whose it is and whether it can be at all is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.intake.rules.facts import Facts, named, short_name
from services.intake.rules.places import host, not_yours
from services.intake.rules.statement import Objection, Statement, conflict
from shared.contracts import (
    ContractKind,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    RefusalCode,
)

_ENDED = short_name(PlacementEnded)


@dataclass(frozen=True, slots=True)
class Placement:
    """A placement as far as is known.

    Attributes:
        host: who started it; nobody else's word about it counts.
        ends_on: last day by its terms; None when it has none.
        ended_on: last day in fact; None while it runs.
    """

    host: str
    participant: str
    starts_on: date
    ends_on: date | None
    contract: ContractKind
    ended_on: date | None = None


def placement(facts: Facts) -> Placement | None:
    """Fold the facts about a placement."""
    starts = named(facts, PlacementStarted)
    if not starts:
        return None
    start = starts[0]
    terms, ended_on = start, None
    for fact in named(facts, PlacementChanged, PlacementEnded):
        if fact.partner != start.partner:
            continue
        if fact.name == _ENDED:
            ended_on = fact.day("ended_on")
        else:
            terms = fact
    return Placement(
        host=start.partner,
        participant=start.told["participant"],
        starts_on=start.day("starts_on"),
        ends_on=terms.day_or_none("ends_on"),
        contract=ContractKind(terms.told["contract"]),
        ended_on=ended_on,
    )


def started(said: Statement[PlacementStarted]) -> Objection | None:
    """The host of the place starts a placement, once."""
    if host(said.place) != said.partner:
        return not_yours()
    known = placement(said.placement)
    if known is None:
        return None
    if known.host != said.partner:
        return _not_yours()
    return conflict(
        f"this placement started on {known.starts_on}; state placements.changed", "data.placement"
    )


def changed(said: Statement[PlacementChanged]) -> Objection | None:
    """New terms begin while the placement runs; a late correction may lie in the past."""
    return _running(said) or _from_start(said, said.data.changed_on, "changed_on")


def ended(said: Statement[PlacementEnded]) -> Objection | None:
    """A placement ends once, and not before it started."""
    return _running(said) or _from_start(said, said.data.ended_on, "ended_on")


def _running(said: Statement[Any]) -> Objection | None:
    known = placement(said.placement)
    assert known is not None  # noqa: S101 - what builds on an unknown placement is parked
    if known.host != said.partner:
        return _not_yours()
    if known.participant != said.data.participant:
        return conflict("this placement is another person's", "data.participant")
    if known.ended_on is not None:
        return conflict(f"this placement ended on {known.ended_on}", "data.placement")
    return None


def _from_start(said: Statement[Any], day: date, field: str) -> Objection | None:
    known = placement(said.placement)
    if known is not None and day < known.starts_on:
        return conflict(f"this placement started on {known.starts_on}", f"data.{field}")
    return None


def _not_yours() -> Objection:
    return Objection(RefusalCode.ROLE_NOT_ALLOWED, "another host stated this placement", "data.placement")
