"""What the hosts of the story state: EMCO its jobs and a place to learn, Buurtsupport its activities."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from deploy.demo import facts
from deploy.demo.people import Person
from shared.contracts import (
    ContractKind,
    PlaceChanged,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    ProposalMade,
)
from shared.contracts.base import Rung

PLACES: Final = {"emco-groen": 30, "emco-inpak": 35, "emco-montage": 30, "emco-schoonmaak": 25}
"""Places at EMCO and seats in them; assumed, and more than the numbers ever allow."""
MORE_SEATS: Final = 5
OFFERED_ON: Final = date(2017, 1, 9)
LEARN_PLACE: Final = "emco-leerwerk"
"""Where somebody can learn the work meanwhile; assumed."""
ACTIVITIES: Final = "buurtsupport-ateliers"
"""Where people take part while they wait, with retained benefit; that Buurtsupport has such activities is
known (municipal news, June 2019), that it offers seats to who waits, and how many, is assumed."""
ACTIVITY_SEATS: Final = 4
EMMEN_POSTCODE: Final = "7811"
_YEAR: Final = timedelta(days=365)


def offered(place: str) -> PlaceOffered:
    """EMCO offers a place."""
    return PlaceOffered(**_place(place, PLACES[place]))


def activities_offered() -> PlaceOffered:
    """Buurtsupport has seats in its activities for who waits, whatever work they look for."""
    return PlaceOffered(
        **_place(ACTIVITIES, ACTIVITY_SEATS)
        | {
            "rung": Rung.DAY_ACTIVITY,
            "hours_min": Decimal(4),
            "kinds": (),
            "from_on": facts.BUURTSUPPORT_JOINS,
        }
    )


def learn_place_offered() -> PlaceOffered:
    """EMCO has a place to learn the work, with benefit."""
    return PlaceOffered(**_place(LEARN_PLACE, 2) | {"rung": Rung.LEARN_WORK})


def enlarged(place: str) -> PlaceChanged:
    """EMCO has more seats there."""
    return PlaceChanged(**_place(place, PLACES[place] + MORE_SEATS))


def learning(person: Person, on: date) -> PlacementStarted:
    """Somebody learns the work at EMCO, without a contract."""
    return PlacementStarted(
        placement=learning_of(person),
        participant=person.participant,
        place=LEARN_PLACE,
        proposal=None,
        rung=Rung.LEARN_WORK,
        starts_on=on,
        hours=person.hours,
        contract=ContractKind.NONE,
    )


def learned(person: Person, on: date) -> PlacementEnded:
    """The months of learning are over."""
    return PlacementEnded(
        placement=learning_of(person),
        participant=person.participant,
        ended_on=on,
        reason=PlacementEndReason.CONTRACT_END,
    )


def takes_part(person: Person, made: ProposalMade, on: date) -> PlacementStarted:
    """Somebody begins what was proposed until sheltered work starts, without a contract."""
    return PlacementStarted(
        placement=taking_part_of(person),
        participant=person.participant,
        place=made.place,
        proposal=made.proposal,
        rung=Rung.DAY_ACTIVITY,
        starts_on=on,
        hours=person.hours - 8,
        contract=ContractKind.NONE,
    )


def took_part(person: Person, on: date) -> PlacementEnded:
    """The person goes on to something else."""
    return PlacementEnded(
        placement=taking_part_of(person),
        participant=person.participant,
        ended_on=on,
        reason=PlacementEndReason.STEP_UP,
    )


def started(person: Person, placement: str, place: str, proposal: str | None, on: date) -> PlacementStarted:
    """EMCO states a contract, for a year at first."""
    return PlacementStarted(
        placement=placement,
        participant=person.participant,
        place=place,
        proposal=proposal,
        rung=Rung.SHELTERED_WORK,
        starts_on=on,
        ends_on=on + _YEAR,
        hours=person.hours,
        contract=ContractKind.TEMPORARY,
    )


def made_permanent(person: Person, placement: str, on: date) -> PlacementChanged:
    """The contract goes on without an end."""
    return PlacementChanged(
        placement=placement,
        participant=person.participant,
        changed_on=on,
        hours=person.hours,
        ends_on=None,
        contract=ContractKind.PERMANENT,
        reason=PlacementChangeReason.PERMANENT,
    )


def ended(person: Person, placement: str, on: date) -> PlacementEnded:
    """The person moves on to other work."""
    return PlacementEnded(
        placement=placement,
        participant=person.participant,
        ended_on=on,
        reason=PlacementEndReason.STEP_UP,
    )


def placement_of(person: Person, turn: int) -> str:
    """The id of the person's first, second, ... contract at EMCO."""
    return f"c-{person.number:04d}" if turn == 1 else f"c-{person.number:04d}-{turn}"


def learning_of(person: Person) -> str:
    """The id of the person's months of learning at EMCO."""
    return f"l-{person.number:04d}"


def taking_part_of(person: Person) -> str:
    """The id of the person's time in Buurtsupport's activities."""
    return f"a-{person.number:04d}"


def _place(place: str, seats: int) -> dict[str, Any]:
    return {
        "place": place,
        "rung": Rung.SHELTERED_WORK,
        "municipalities": (facts.EMMEN,),
        "seats": seats,
        "hours_min": Decimal(16),
        "hours_max": Decimal(36),
        "postcode4": EMMEN_POSTCODE,
        "kinds": (place.removeprefix("emco-"),),
        "offers": (),
        "from_on": OFFERED_ON,
        "until_on": None,
    }
