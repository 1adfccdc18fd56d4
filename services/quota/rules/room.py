"""How much room a year's number leaves, and in which fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.quota.rules.numbers import Number
from services.quota.rules.policies import NOTHING, Counting, Tally
from services.quota.rules.stock import IN_ORDER
from shared.contracts import Fund


@dataclass(frozen=True, slots=True)
class FundRoom:
    """A fund's part of the number, in contracts or in hours as is counted.

    Attributes:
        free: below zero when there are more contracts than the number.
    """

    number: Number
    capacity: Decimal
    in_use: Decimal
    reserved: Decimal

    @property
    def free(self) -> Decimal:
        """What can still be reserved."""
        return self.capacity - self.in_use - self.reserved


@dataclass(frozen=True, slots=True)
class Room:
    """The room under a number on a day.

    Contracts that the municipality assigned to a fund are paid from it. All others belong to no fund for
    good: they fill what is left of the funds in their order, then reservations do. So what such a
    contract leaves behind is room in the fund that is filled first, and a fund that stops does not strand
    anyone. What is over the number stands with the last fund.
    """

    counting: Counting
    funds: tuple[FundRoom, ...]

    @property
    def free(self) -> Decimal:
        """Room in all funds together, in contracts or hours; below zero when over the number."""
        return sum((fund.free for fund in self.funds), Decimal(0))

    def free_places(self, fund: FundRoom) -> Decimal:
        """What is free in a fund, in places to two decimals, as it is told to others."""
        in_use, reserved = self.counting.places(fund.in_use), self.counting.places(fund.reserved)
        return fund.number.places - in_use - reserved

    def fits(self, tally: Tally) -> bool:
        """True when this can be reserved and the number still holds."""
        return bool(self.funds) and self.counting.size(tally) <= self.free

    def fund(self) -> Fund:
        """The fund that the next reservation falls in: the first with anything left."""
        open_ = [fund.number.fund for fund in self.funds if fund.free > 0]
        return open_[0] if open_ else self.funds[-1].number.fund


def room(numbers: Sequence[Number], counting: Counting, in_use: Mapping[str, Tally], reserved: Tally) -> Room:
    """The room that these numbers leave.

    Args:
        in_use: contracts in force or agreed to start, by the fund they were assigned to or `IN_ORDER`;
            those of a fund without a number stand in the order too.
        reserved: what is held for proposals.
    """
    capacities = [counting.capacity(number.places) for number in numbers]
    funds = [number.fund.value for number in numbers]
    assigned = [counting.size(in_use.get(fund, NOTHING)) for fund in funds]
    others = sum((tally for fund, tally in in_use.items() if fund not in funds or fund == IN_ORDER), NOTHING)
    left = [capacity - part for capacity, part in zip(capacities, assigned, strict=True)]
    poured = _poured(left, counting.size(others))
    used = [part + more for part, more in zip(assigned, poured, strict=True)]
    left = [capacity - part for capacity, part in zip(capacities, used, strict=True)]
    held = _poured(left, counting.size(reserved))
    return Room(
        counting,
        tuple(FundRoom(*parts) for parts in zip(numbers, capacities, used, held, strict=True)),
    )


def _poured(capacities: Sequence[Decimal], amount: Decimal) -> list[Decimal]:
    """The amount over the capacities in their order; what is too much goes to the last."""
    parts = []
    for capacity in capacities:
        part = max(min(capacity, amount), Decimal(0))
        parts.append(part)
        amount -= part
    if parts:
        parts[-1] += amount
    return parts
