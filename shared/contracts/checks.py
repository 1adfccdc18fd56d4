"""What is checked between the fields of an event, with one sentence for whoever sent it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal


def require_order(first_name: str, first: date | None, then_name: str, then: date | None) -> None:
    """Refuse two days in the wrong order; a day that is not known is in order.

    Raises:
        ValueError: when `then` is before `first`.
    """
    if first is not None and then is not None and then < first:
        raise ValueError(f"{then_name} ({then}) is before {first_name} ({first})")


def require_range(hours_min: Decimal, hours_max: Decimal) -> None:
    """Refuse a range of hours that holds none.

    Raises:
        ValueError: when the least is more than the most.
    """
    if hours_min > hours_max:
        raise ValueError(f"hours_min ({hours_min}) is more than hours_max ({hours_max})")


def require_unique(name: str, values: Sequence[object]) -> None:
    """Refuse a list that names something twice.

    Raises:
        ValueError: when it does.
    """
    if len(set(values)) != len(values):
        raise ValueError(f"{name} names something twice")
