"""What council and college laid down for the ledger: how to count, and how long room is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import Final

from msgspec import Struct

from services.quota.rules.numbers import Number
from shared.contracts import PolicyAdopted, PolicyKind, Unit

DEFAULT_RESERVATION_DAYS: Final = 42
"""Days that room is held where no terms were adopted: two weeks to answer, four to draw up a contract."""

_CENT: Final = Decimal("0.01")


class Policy(Struct, frozen=True):
    """One adopted policy; a later one for the same days replaces it and does not erase it.

    Attributes:
        version: 1 for the first of its kind that the municipality stated.
        known_at: when it was stated.
    """

    municipality: str
    kind: PolicyKind
    version: int
    policy: str
    valid_from: date
    method: Unit | None
    hours_per_unit: Decimal | None
    reservation_days: int | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """Contracts and their hours a week; which of the two counts is the municipality's choice."""

    contracts: int = 0
    hours: Decimal = Decimal(0)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.contracts + other.contracts, self.hours + other.hours)

    def __sub__(self, other: Tally) -> Tally:
        return Tally(self.contracts - other.contracts, self.hours - other.hours)


NOTHING: Final = Tally()


@dataclass(frozen=True, slots=True)
class Counting:
    """How contracts are held against the number.

    The law counts contracts (Pw art. 10b(4) speaks of employment contracts); funding and many
    municipalities speak of places of a number of hours. Both are kept, one is the measure.

    Attributes:
        hours_per_unit: hours a week that make one place, when hours are counted.
    """

    unit: Unit = Unit.CONTRACTS
    hours_per_unit: Decimal = Decimal(1)

    def size(self, tally: Tally) -> Decimal:
        """What the tally takes, in contracts or in hours: exact, so that room is compared exactly."""
        return Decimal(tally.contracts) if self.unit is Unit.CONTRACTS else tally.hours

    def capacity(self, places: Decimal) -> Decimal:
        """What a number of places holds, in contracts or in hours."""
        return places if self.unit is Unit.CONTRACTS else places * self.hours_per_unit

    def places(self, size: Decimal) -> Decimal:
        """A size in places, to two decimals; rounded up, so that what is left is never overstated."""
        if self.unit is Unit.CONTRACTS:
            return size
        return (size / self.hours_per_unit).quantize(_CENT, rounding=ROUND_UP)


def recorded(data: PolicyAdopted, known_at: datetime, before: Iterable[Policy]) -> Policy:
    """The policy as the next version of its kind."""
    return Policy(
        municipality=data.municipality,
        kind=data.kind,
        version=sum(1 for policy in before if policy.kind is data.kind) + 1,
        policy=data.policy,
        valid_from=data.valid_from,
        method=data.counting.method if data.counting else None,
        hours_per_unit=data.counting.hours_per_unit if data.counting else None,
        reservation_days=data.terms.reservation_days if data.terms else None,
        known_at=known_at,
    )


def in_force(policies: Sequence[Policy], kind: PolicyKind, day: date) -> Policy | None:
    """The policy of that kind on that day; of two from the same day, the one stated last."""
    valid = [policy for policy in policies if policy.kind is kind and policy.valid_from <= day]
    return max(valid, key=lambda policy: (policy.valid_from, policy.version), default=None)


def counting(policies: Sequence[Policy], numbers: Sequence[Number], day: date) -> Counting:
    """How contracts count on that day: as adopted, else as the number itself was stated."""
    adopted = in_force(policies, PolicyKind.COUNTING, day)
    if adopted is not None and adopted.method is not None:
        return Counting(adopted.method, adopted.hours_per_unit or Decimal(1))
    if numbers:
        version = numbers[0].version
        return Counting(version.unit, version.hours_per_unit or Decimal(1))
    return Counting()


def reservation_days(policies: Sequence[Policy], day: date) -> int:
    """How many days room is held that is granted on that day."""
    adopted = in_force(policies, PolicyKind.TERMS, day)
    if adopted is None or adopted.reservation_days is None:
        return DEFAULT_RESERVATION_DAYS
    return adopted.reservation_days
