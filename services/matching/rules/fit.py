"""Whether a place fits a person: hard requirements, and reasons that can be shown to anyone.

Reasons travel where profiles may not (quota and notifications read them), so they tell of the place
and of what was looked at, and never what the person needs or how far they can travel.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from services.matching.rules.places import Place
from shared.contracts import ProfileStated, Reason

REGION_KM: Final = 25
"""Who can travel this far may be proposed a place in another postcode region.

A region is the first two of four digits, some 15 to 25 km across. Distances need the position of
each postcode, which this version does not have.
"""

OTHER_REGION: Final = 4
OTHER_POSTCODE: Final = 2
OTHER_WORK: Final = 1
"""Points of dislike: another region outweighs another neighbourhood and other work together."""


class Profile(Struct, frozen=True):
    """What somebody can and needs, as one partner stated it.

    Attributes:
        version: names the statement, so that a reason can say which one it goes by.
    """

    participant: str
    partner: str
    hours_min: Decimal
    hours_max: Decimal
    postcode4: str
    max_travel_km: int
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    available_from: date
    version: str = ""


def stated(data: ProfileStated, partner: str, version: str) -> Profile:
    """The profile as a row."""
    return Profile(
        participant=data.participant,
        partner=partner,
        hours_min=data.hours_min,
        hours_max=data.hours_max,
        postcode4=data.postcode4,
        max_travel_km=data.max_travel_km,
        kinds=data.kinds,
        needs=tuple(str(need) for need in data.needs),
        available_from=data.available_from,
        version=version,
    )


def fits(profile: Profile | None, place: Place) -> bool:
    """True when nothing stands in the way; without a profile nothing is known that could.

    The same questions as in `obstacles`, without making the answers: a round asks this for everyone
    and every place.
    """
    return profile is None or not (
        profile.hours_max < place.hours_min
        or profile.hours_min > place.hours_max
        or _other_work(profile, place)
        or not near(profile, place)
        or not set(profile.needs) <= set(place.offers)
    )


def obstacles(profile: Profile | None, place: Place) -> tuple[Reason, ...]:
    """What stands in the way of this place."""
    if profile is None:
        return ()
    found = []
    if profile.hours_max < place.hours_min:
        found.append(Reason(rule="hours", code="too-many", params={"hours_min": f"{place.hours_min:f}"}))
    if profile.hours_min > place.hours_max:
        found.append(Reason(rule="hours", code="too-few", params={"hours_max": f"{place.hours_max:f}"}))
    if _other_work(profile, place):
        found.append(Reason(rule="kinds", code="other-work", params={"kinds": _listed(place.kinds)}))
    if not set(profile.needs) <= set(place.offers):
        found.append(Reason(rule="needs", code="not-met"))
    if not near(profile, place):
        found.append(Reason(rule="travel", code="other-region", params={"region": region(place.postcode4)}))
    return tuple(found)


def reasons(profile: Profile | None, place: Place) -> tuple[Reason, ...]:
    """Why the place fits."""
    if profile is None:
        return (Reason(rule="profile", code="none-known"),)
    hours = f"{job_hours(profile, place):f}"
    here = region(profile.postcode4) == region(place.postcode4)
    return (
        Reason(rule="hours", code="in-range", params={"hours": hours}),
        Reason(rule="kinds", code="fits", params={"kinds": _listed(place.kinds)}),
        Reason(rule="needs", code="met"),
        Reason(rule="travel", code="same-region" if here else "near-enough"),
    )


def near(profile: Profile, place: Place) -> bool:
    """True when the place is in the person's postcode region, or the person can travel beyond it."""
    return region(profile.postcode4) == region(place.postcode4) or profile.max_travel_km >= REGION_KM


def dislike(profile: Profile | None, place: Place) -> int:
    """How little the person likes a place that fits: less is better, and 0 is as good as can be.

    Only sums of it are compared, and only among people who are served anyway (`best_fit`).
    """
    if profile is None:
        return 0
    return (
        OTHER_REGION * (region(profile.postcode4) != region(place.postcode4))
        + OTHER_POSTCODE * (profile.postcode4 != place.postcode4)
        + OTHER_WORK * set(profile.kinds).isdisjoint(place.kinds)
    )


def job_hours(profile: Profile | None, place: Place) -> Decimal:
    """Hours a week that the job would have: as many as both can."""
    return place.hours_max if profile is None else min(profile.hours_max, place.hours_max)


def _other_work(profile: Profile, place: Place) -> bool:
    """True when the person wants other work; a place that names no kind may be any."""
    return bool(profile.kinds and place.kinds) and set(profile.kinds).isdisjoint(place.kinds)


def region(postcode4: str) -> str:
    """The postcode region: the first two of four digits."""
    return postcode4[:2]


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)[:200]
