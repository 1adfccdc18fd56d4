"""Places, who works there, and which seats are free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from shared.contracts import (
    PlaceChanged,
    PlaceFilled,
    PlaceFreed,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    Rung,
)


class Place(Struct, frozen=True):
    """A place as its host stated it last.

    Attributes:
        withdrawn_on: first day on which it is not offered any more; whoever works there stays.
    """

    place: str
    host: str
    rung: Rung
    municipalities: tuple[str, ...]
    seats: int
    hours_min: Decimal
    hours_max: Decimal
    postcode4: str
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    from_on: date
    until_on: date | None
    withdrawn_on: date | None = None

    def open(self, day: date, ahead: int) -> bool:
        """True when it can be proposed on that day, for a start within `ahead` days."""
        return (
            (self.withdrawn_on is None or self.withdrawn_on > day)
            and self.from_on <= day + timedelta(days=ahead)
            and (self.until_on is None or self.until_on >= day)
        )


class Placement(Struct, frozen=True):
    """Somebody works or takes part at a place; a fact, whatever was proposed."""

    placement: str
    participant: str
    place: str
    host: str
    rung: Rung
    proposal: str | None
    starts_on: date
    ended_on: date | None = None
    end_reason: PlacementEndReason | None = None

    @property
    def begun(self) -> bool:
        """False for what was ended as of a day before its first: it never came to anything."""
        return not self.over(self.starts_on)

    def over(self, day: date) -> bool:
        """True when its last day lies before that day."""
        return self.ended_on is not None and self.ended_on < day


class Seat(Struct, frozen=True):
    """A seat that was stated to be taken, and by what."""

    place: str
    participant: str
    proposal: str | None
    placement: str | None


def offered(data: PlaceOffered | PlaceChanged, host: str) -> Place:
    """The place as it is offered from now on."""
    return Place(
        place=data.place,
        host=host,
        rung=data.rung,
        municipalities=data.municipalities,
        seats=data.seats,
        hours_min=data.hours_min,
        hours_max=data.hours_max,
        postcode4=data.postcode4,
        kinds=data.kinds,
        offers=tuple(str(need) for need in data.offers),
        from_on=data.from_on,
        until_on=data.until_on,
    )


def started(data: PlacementStarted, host: str) -> Placement:
    """The placement as it starts."""
    return Placement(
        placement=data.placement,
        participant=data.participant,
        place=data.place,
        host=host,
        rung=data.rung,
        proposal=data.proposal,
        starts_on=data.starts_on,
    )


def seats_free(
    places: Iterable[Place], taken: Iterable[tuple[str, str]], locked: Iterable[tuple[str, str]]
) -> dict[str, int]:
    """Seats that can still be proposed, by place.

    Who learns at a place and is proposed a job there holds two seats until the job starts: the contract
    that follows is no proposal any more.

    Args:
        taken: place and person of who works there.
        locked: place and person of proposals that stand or are being asked for.
    """
    used = Counter(place for held in (taken, locked) for place, _ in set(held))
    return {place.place: max(0, place.seats - used[place.place]) for place in places}


def occupations(
    places: Mapping[str, Place], stated: Iterable[Seat], held: Iterable[Seat], today: date
) -> list[PlaceFilled | PlaceFreed]:
    """What to state so that the region knows which seats are taken.

    A seat stays one person's from the accepted proposal to the end of the placement; the count of
    what is free afterwards hangs on others, and is therefore stated on a tick.

    Args:
        held: seats that are taken now, by an accepted proposal or a placement.
    """
    before = {(seat.place, seat.participant): seat for seat in stated}
    now = {(seat.place, seat.participant): seat for seat in held}
    taken = Counter(place for place, _ in before)
    events: list[PlaceFilled | PlaceFreed] = []
    for key in sorted(before.keys() - now.keys()):
        taken[key[0]] -= 1
        seat, free = before[key], _free(places, taken, key[0])
        events.append(
            PlaceFreed(
                place=seat.place,
                participant=seat.participant,
                proposal=seat.proposal,
                placement=seat.placement,
                seats_free=free,
                freed_on=today,
            )
        )
    for key in sorted(now.keys() - before.keys()):
        taken[key[0]] += 1
        seat, free = now[key], _free(places, taken, key[0])
        events.append(
            PlaceFilled(
                place=seat.place,
                participant=seat.participant,
                proposal=seat.proposal,
                placement=seat.placement,
                seats_free=free,
                filled_on=today,
            )
        )
    return events


def filled(data: PlaceFilled) -> Seat:
    """The seat as it was stated."""
    return Seat(data.place, data.participant, data.proposal, data.placement)


def _free(places: Mapping[str, Place], taken: Counter[str], place: str) -> int:
    # A host may have more people at work than seats on offer: that is a fact, and not below zero.
    return max(0, places[place].seats - taken[place]) if place in places else 0
