"""What the API shows, as it stands in OpenAPI."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from services.matching.rules.deviations import Deviation
from services.matching.rules.explaining import Answer, Explanation
from services.matching.rules.ladder import Direction, StepKind, Told
from services.matching.rules.preview import Move
from shared.contracts import (
    CalendarDate,
    Code,
    DeviationOutcome,
    DeviationReason,
    Hours,
    Municipality,
    OpaqueId,
    OrderKey,
    Part,
    PartnerName,
    Postcode4,
    Reasons,
    Rung,
)


class InOrder(Part):
    """Somebody's rank with all that gave it: the order, its keys and what they found."""

    participant: OpaqueId
    municipality: Municipality
    rank: int | None
    waiting: int
    policy: OpaqueId | None
    policy_since: CalendarDate | None
    keys: list[OrderKey]
    values: dict[str, str]
    waiting_since: CalendarDate
    bridge: Rung | None
    sentence: str


class Before(Part):
    """Somebody who got a seat of the place in that round."""

    participant: OpaqueId
    municipality: Municipality
    rank: int


class Why(Part):
    """Why somebody was not proposed a place, and the sentence to say it with."""

    place: OpaqueId
    round_on: CalendarDate
    answer: Answer
    sentence: str
    rank: int | None
    policy: OpaqueId | None
    requirements: Reasons
    before: list[Before]

    @classmethod
    def of(cls, found: Explanation) -> Self:
        """The explanation as it is shown."""
        return cls.model_validate(
            {name: getattr(found, name) for name in cls.model_fields}
            | {"before": [Before(**{n: getattr(s, n) for n in Before.model_fields}) for s in found.before]}
        )


class NewOrder(Part):
    """An order that is thought of."""

    municipality: Municipality
    keys: list[OrderKey] = Field(min_length=1)
    priority_groups: list[Code] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _words(cls, given: Any) -> Any:
        # JSON has words where the contract has a closed list; anything else is told by the list itself.
        if isinstance(given, dict) and isinstance(given.get("keys"), list):
            known = {key.value: key for key in OrderKey}
            return given | {"keys": [known.get(key, key) for key in given["keys"]]}
        return given


class Moved(Part):
    """Somebody who would stand elsewhere; `by` is how many places up, below zero for down."""

    participant: OpaqueId
    now: int
    then: int
    by: int

    @classmethod
    def of(cls, move: Move) -> Self:
        """The move as it is shown."""
        return cls(participant=move.participant, now=move.now, then=move.then, by=move.by)


class Previewed(Part):
    """Who would rise and who would fall under another order."""

    municipality: Municipality
    policy: OpaqueId
    waiting: int
    stays: int
    rises: list[Moved]
    falls: list[Moved]


class PlaceShown(Part):
    """A place on offer, and how its seats stand."""

    place: OpaqueId
    host: PartnerName
    rung: Rung
    municipalities: list[Municipality]
    seats: int
    taken: int
    kept: int
    free: int
    hours_min: Hours
    hours_max: Hours
    postcode4: Postcode4
    kinds: list[str]
    offers: list[str]
    from_on: CalendarDate
    until_on: CalendarDate | None


class WithoutBridge(Part):
    """Somebody who waits with nothing to do meanwhile, since when, and whether that is too long."""

    participant: OpaqueId
    municipality: Municipality
    since: CalendarDate
    due_on: CalendarDate
    days: int
    overdue: bool


class ProposalFigures(Part):
    """What became of the proposals made in a period; `overruled` is the share that people did not follow.

    Of those that people decided on: declined by anyone, or made in deviation from the order.
    """

    municipality: Municipality | None
    first: CalendarDate
    last: CalendarDate
    made: int
    accepted: int
    declined: int
    declined_by_participant: int
    declined_by_guide: int
    declined_by_host: int
    expired: int
    withdrawn: int
    deviations: int
    overruled: float | None


class DeviationShown(Part):
    """A deviation from the order: who decided it, why, and before how many people it went."""

    deviation: OpaqueId
    participant: OpaqueId
    municipality: Municipality
    place: OpaqueId
    decided_by: OpaqueId
    reason: DeviationReason | None
    explanation: str | None
    decided_on: CalendarDate | None
    outcome: DeviationOutcome | None
    rank: int | None
    policy: OpaqueId | None
    passed: int
    reported_on: CalendarDate | None

    @classmethod
    def of(cls, found: Deviation) -> Self:
        """The deviation as it is shown."""
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class StepShown(Part):
    """A step on the ladder, seen from the one before."""

    on: CalendarDate
    kind: StepKind
    direction: Direction
    rung: Rung
    partner: PartnerName
    place: OpaqueId | None

    @classmethod
    def of(cls, told: Told) -> Self:
        """The step as it is shown."""
        step = told.step
        return cls(
            on=step.stepped_on,
            kind=step.kind,
            direction=told.direction,
            rung=step.rung,
            partner=step.partner,
            place=step.place,
        )
