"""The list as it stood at the end of a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.matching.rules.order import ranked
from services.matching.rules.policies import Policy, in_force
from services.matching.rules.waiting import Stay, Wait
from shared.contracts import PolicyKind, Rung


@dataclass(frozen=True, slots=True)
class InLine:
    """Somebody on the list on that day.

    Attributes:
        rank: 1 is first; None when no order was in force.
        policy: the order that gave it.
    """

    participant: str
    municipality: str
    rank: int | None
    policy: str | None
    joined_on: date
    decided_on: date
    priority_group: str | None
    bridge: Rung | None
    bridged_on: date | None


def line(
    waits: Iterable[Wait | Stay], policies: Sequence[Policy], municipality: str, day: date
) -> list[InLine]:
    """The list of a municipality at the end of a day, in the order in force on it.

    Who left on that day is not on it any more. Facts that came later are in: this is how the day was,
    as far as is known now.
    """
    there = [wait for wait in waits if wait.municipality == municipality and on_list(wait, day)]
    policy = in_force(policies, municipality, PolicyKind.ORDER, day)
    if policy is None:
        in_order = sorted(there, key=lambda wait: (wait.joined_on, wait.participant))
    else:
        in_order = ranked(there, policy)
    return [
        InLine(
            participant=wait.participant,
            municipality=municipality,
            rank=rank if policy else None,
            policy=policy.policy if policy else None,
            joined_on=wait.joined_on,
            decided_on=wait.decided_on,
            priority_group=wait.priority_group,
            bridge=wait.bridge if _bridged(wait, day) else None,
            bridged_on=wait.bridged_on if _bridged(wait, day) else None,
        )
        for rank, wait in enumerate(in_order, 1)
    ]


def on_list(wait: Wait | Stay, day: date) -> bool:
    """True when the person was on the list at the end of that day."""
    return wait.joined_on <= day and (isinstance(wait, Wait) or wait.left_on > day)


def _bridged(wait: Wait | Stay, day: date) -> bool:
    if wait.bridged_on is None or wait.bridged_on > day:
        return False
    return wait.bridge_ended_on is None or wait.bridge_ended_on > day
