"""What is kept of a round, so that everyone can be told why they got none of its places.

Kept are the places as they were, with what became of their seats, and for each person the reason with
what was looked at of them: one row a place and one a person, whatever the number of pairs. Who fits what
follows from those two again (`fit.obstacles`), and who stood before from the proposals of that round.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from services.matching.rules.places import Place
from shared.contracts import PassedOverReason, PlaceWeighed, Rung, WaitingPassedOver


class Weighing(Struct, frozen=True):
    """A place as it was held against the list, and what became of its seats."""

    place: str
    weighed_at: datetime
    weighed_on: date
    municipalities: tuple[str, ...]
    rung: Rung
    seats: int
    hours_min: Decimal
    hours_max: Decimal
    postcode4: str
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    from_on: date
    until_on: date | None
    seats_free: int
    seats_left: int
    block: str | None

    def as_it_was(self) -> Place:
        """The place as it was looked at; of its host nothing is."""
        return Place(
            place=self.place,
            host="",
            rung=self.rung,
            municipalities=self.municipalities,
            seats=self.seats,
            hours_min=self.hours_min,
            hours_max=self.hours_max,
            postcode4=self.postcode4,
            kinds=self.kinds,
            offers=self.offers,
            from_on=self.from_on,
            until_on=self.until_on,
        )

    def tells(self, data: PlaceWeighed) -> bool:
        """True when the round told nothing new: the same place, nothing given, the same left."""
        same = weighed(data, self.weighed_at)
        return (
            data.seats_free == data.seats_left == self.seats_left
            and (data.block is None) == (self.block is None)
            and same.as_it_was() == self.as_it_was()
        )


class Passing(Struct, frozen=True):
    """That somebody was passed over, from then until it is told otherwise.

    Attributes:
        profile: which statement of the profile was looked at.
        place: which place it was about, if one in particular.
    """

    participant: str
    passed_at: datetime
    reason: PassedOverReason
    municipality: str
    passed_on: date
    rank: int
    policy: str
    profile: str | None
    place: str | None


def stated(place: Place, seats_free: int, seats_left: int, block: str | None, today: date) -> PlaceWeighed:
    """What is stated of a place after a round."""
    return PlaceWeighed.model_validate(
        {
            "place": place.place,
            "rung": place.rung,
            "municipalities": place.municipalities,
            "seats": place.seats,
            "hours_min": place.hours_min,
            "hours_max": place.hours_max,
            "postcode4": place.postcode4,
            "kinds": place.kinds,
            "offers": place.offers,
            "from_on": place.from_on,
            "until_on": place.until_on,
            "weighed_on": today,
            "seats_free": seats_free,
            "seats_left": seats_left,
            "block": block,
        },
        strict=False,  # needs are kept as words
    )


def weighed(data: PlaceWeighed, at: datetime) -> Weighing:
    """The weighing as a row."""
    return Weighing(
        place=data.place,
        weighed_at=at,
        weighed_on=data.weighed_on,
        municipalities=data.municipalities,
        rung=data.rung,
        seats=data.seats,
        hours_min=data.hours_min,
        hours_max=data.hours_max,
        postcode4=data.postcode4,
        kinds=data.kinds,
        offers=tuple(str(need) for need in data.offers),
        from_on=data.from_on,
        until_on=data.until_on,
        seats_free=data.seats_free,
        seats_left=data.seats_left,
        block=data.block,
    )


def passed(data: WaitingPassedOver, at: datetime) -> Passing:
    """The passing over as a row."""
    return Passing(
        participant=data.participant,
        passed_at=at,
        reason=data.reason,
        municipality=data.municipality,
        passed_on=data.passed_over_on,
        rank=data.rank,
        policy=data.policy,
        profile=data.profile,
        place=data.place,
    )
