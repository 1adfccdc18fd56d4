"""The order of the list: whose turn it is, by the policy in force (Pw art. 10b(5)).

The law leaves the order to the council, so there is none without an adopted policy, and then nobody
is proposed anything. A rank follows from the wait and the policy alone: refusing an offer, resting
for a while or being passed over never moves anybody, unless the council made refusals a key of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from operator import attrgetter
from typing import Any, Final, TypeVar

from services.matching.rules.policies import Policy
from services.matching.rules.waiting import Stay, Wait
from shared.contracts import OrderKey, Reason

_LAST: Final = date.max

W = TypeVar("W", bound=Wait | Stay)


def ranked(waits: Iterable[W], policy: Policy) -> list[W]:
    """People of one municipality in order, the first in line first."""
    weighing = [_weigher(key, policy) for key in policy.order]
    return sorted(waits, key=lambda wait: (*[weigh(wait) for weigh in weighing], wait.participant))


def why_here(wait: Wait | Stay, rank: int, policy: Policy) -> Reason:
    """The rank, with the policy and all that it looked at."""
    params = {"policy": policy.policy, "rank": str(rank)} | looked_at(wait, policy)
    return Reason(rule="order", code="rank", params=params)


def _weigher(key: OrderKey, policy: Policy) -> Callable[[Wait | Stay], Any]:
    """What sorts people by one key; made once for a list, which may be long."""
    match key:
        case OrderKey.PRIORITY_GROUP:
            heights: dict[str | None, int] = {g: n for n, g in enumerate(policy.priority_groups)}
            return lambda wait: heights.get(wait.priority_group, len(heights))
        case OrderKey.REQUEST_DATE:
            return lambda wait: wait.requested_on or _LAST
        case OrderKey.ADVICE_DATE:
            return lambda wait: wait.advised_on or _LAST
        case OrderKey.DECISION_DATE:
            return attrgetter("decided_on")
        case OrderKey.SCHOOL_LEAVER:
            return lambda wait: not wait.school_leaver
        case OrderKey.IN_BRIDGE:
            return lambda wait: not wait.bridged
        case OrderKey.OFFERS_DECLINED:
            return attrgetter("refusals")


def looked_at(wait: Wait | Stay, policy: Policy) -> dict[str, str]:
    """Each key of the order with what it found, the weightiest first."""
    return {str(key): _shown(wait, key) for key in policy.order}


def _shown(wait: Wait | Stay, key: OrderKey) -> str:
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
            value = wait.bridged
        case OrderKey.OFFERS_DECLINED:
            value = wait.refusals
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
