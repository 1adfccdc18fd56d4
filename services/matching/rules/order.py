"""The order of the list: whose turn it is, by the policy in force (Pw art. 10b(5)).

The law leaves the order to the council, so there is none without an adopted policy, and then nobody
is proposed anything. A rank follows from the wait and the policy alone: refusing an offer, resting
for a while or being passed over never moves anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, TypeVar

from services.matching.rules.policies import Policy
from services.matching.rules.waiting import Stay, Wait
from shared.contracts import OrderKey, Reason

_LAST: Final = date.max

W = TypeVar("W", bound=Wait | Stay)


def ranked(waits: Iterable[W], policy: Policy) -> list[W]:
    """People of one municipality in order, the first in line first."""
    return sorted(waits, key=lambda wait: (*_weights(wait, policy), wait.participant))


def why_here(wait: Wait, rank: int, policy: Policy) -> Reason:
    """The rank, with the policy and all that it looked at."""
    looked_at = {str(key): _shown(wait, key) for key in policy.order}
    return Reason(rule="order", code="rank", params={"policy": policy.policy, "rank": str(rank)} | looked_at)


def _weights(wait: Wait | Stay, policy: Policy) -> tuple[Any, ...]:
    return tuple(_weight(wait, key, policy) for key in policy.order)


def _weight(wait: Wait | Stay, key: OrderKey, policy: Policy) -> Any:
    match key:
        case OrderKey.PRIORITY_GROUP:
            groups = policy.priority_groups
            return groups.index(wait.priority_group) if wait.priority_group in groups else len(groups)
        case OrderKey.REQUEST_DATE:
            return wait.requested_on or _LAST
        case OrderKey.ADVICE_DATE:
            return wait.advised_on or _LAST
        case OrderKey.DECISION_DATE:
            return wait.decided_on
        case OrderKey.SCHOOL_LEAVER:
            return not wait.school_leaver
        case OrderKey.IN_BRIDGE:
            return wait.bridge is None


def _shown(wait: Wait, key: OrderKey) -> str:
    value: object
    match key:
        case OrderKey.PRIORITY_GROUP:
            value = wait.priority_group
        case OrderKey.REQUEST_DATE:
            value = wait.requested_on
        case OrderKey.ADVICE_DATE:
            value = wait.advised_on
        case OrderKey.DECISION_DATE:
            value = wait.decided_on
        case OrderKey.SCHOOL_LEAVER:
            value = wait.school_leaver
        case OrderKey.IN_BRIDGE:
            value = wait.bridge is not None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
