"""Which fund pays for which contract on a day: as it was assigned, else in the order of the funds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from services.quota.rules.numbers import Number
from services.quota.rules.policies import NOTHING, Counting, Tally
from shared.contracts import Fund


def in_order(
    numbers: Sequence[Number], counting: Counting, in_force: Mapping[str, Tally], running: Tally
) -> Fund | None:
    """The fund of a contract that nobody assigned, by how many of those stand up to and with it.

    The longest in force stand first; what is over the number is paid from the last fund. None without a
    number: then there is no fund.

    Args:
        in_force: all contracts in force, by the fund they were assigned to.
        running: those in the order up to and with this one.
    """
    up_to = Decimal(0)
    for number in numbers:
        assigned = counting.size(in_force.get(number.fund.value, NOTHING))
        up_to += max(counting.capacity(number.places) - assigned, Decimal(0))
        if counting.size(running) <= up_to:
            return number.fund
    return numbers[-1].fund if numbers else None
