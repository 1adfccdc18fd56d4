"""Why somebody was not proposed a place: said once, and again only when the reason is another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.matching.rules.fit import Profile
from services.matching.rules.people import Person
from services.matching.rules.waiting import Wait
from shared.contracts import PassedOverReason, Reason, ReservationRefused, WaitingPassedOver

WEIGHTIEST: Final = (
    PassedOverReason.NO_ROOM,
    PassedOverReason.EARLIER_IN_LINE,
    PassedOverReason.DECLINED_BEFORE,
    PassedOverReason.NO_FIT,
)
"""Which reason is told when the places of two years gave two."""


def rests(person: Person | None, profile: Profile | None, today: date) -> PassedOverReason | None:
    """Why the person takes no part in the round; None for who does."""
    if person is not None and person.rests(today):
        return PassedOverReason.PAUSED
    if profile is not None and profile.available_from > today:
        return PassedOverReason.NOT_YET_AVAILABLE
    return None


def after_round(*, no_room: bool, fitting: int, declined: int) -> PassedOverReason:
    """Why somebody who took part got nothing.

    Args:
        no_room: the number is reached (Pw art. 10b(6)).
        fitting: places that fit and were not declined before; all are held by people before them.
        declined: places that fit and were declined.
    """
    if no_room:
        return PassedOverReason.NO_ROOM
    if fitting:
        return PassedOverReason.EARLIER_IN_LINE
    return PassedOverReason.DECLINED_BEFORE if declined else PassedOverReason.NO_FIT


def stated(
    wait: Wait,
    rank: int,
    policy: str,
    why: tuple[PassedOverReason, Mapping[str, int]],
    profile: Profile | None,
    today: date,
) -> WaitingPassedOver | None:
    """What is stated, unless the person was told the same before, by the same profile."""
    reason, counts = why
    looked_at = profile.version if profile is not None else None
    if wait.passed_over is reason and wait.looked_at == looked_at:
        return None
    params = {name: str(count) for name, count in sorted(counts.items())}
    return WaitingPassedOver(
        participant=wait.participant,
        municipality=wait.municipality,
        passed_over_on=today,
        reason=reason,
        rank=rank,
        policy=policy,
        detail=(Reason(rule="round", code=reason.value, params=params),),
        profile=looked_at,
    )


def refused(wait: Wait | None, rank: int, policy: str, data: ReservationRefused) -> WaitingPassedOver | None:
    """Quota had no room for the place that would have been proposed; the person stays in line."""
    if wait is None or wait.passed_over is PassedOverReason.NO_ROOM:
        return None
    free = {fund.value: f"{amount:f}" for fund, amount in sorted(data.free.items())}
    return WaitingPassedOver(
        participant=wait.participant,
        municipality=wait.municipality,
        place=data.place,
        passed_over_on=data.refused_on,
        reason=PassedOverReason.NO_ROOM,
        rank=rank,
        policy=policy,
        detail=(Reason(rule="quota", code=data.reason.value, params=free),),
        profile=wait.looked_at,
    )
