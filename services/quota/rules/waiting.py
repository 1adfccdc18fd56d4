"""Who waits for sheltered work, as matching told of it; for the council's figures beside the number.

Once the number is reached the duty to offer a place rests, and people wait (Pw art. 10b(6)); meanwhile
they are owed something else to do (art. 10b(7)).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from shared.contracts import BridgeEnded, BridgeOffered, WaitingJoined, WaitingLeft

Said = WaitingJoined | BridgeOffered | BridgeEnded | WaitingLeft
"""What matching says of somebody's wait."""


class WaitSaid(StrEnum):
    """What matching said of somebody's wait."""

    JOINED = "joined"
    BRIDGED = "bridged"
    BRIDGE_ENDED = "bridge-ended"
    LEFT = "left"


class Wait(Struct, frozen=True):
    """One thing that matching said of somebody's wait; all are kept.

    Attributes:
        number: 1 for the first about this person.
        from_on: first day on the list, of the bridge, without it, or off the list.
        known_at: when it was stated.
    """

    participant: str
    number: int
    said: WaitSaid
    municipality: str
    from_on: date
    known_at: datetime


def recorded(data: Said, number: int, known_at: datetime) -> Wait:
    """The statement as a row."""
    match data:
        case WaitingJoined():
            said, on = WaitSaid.JOINED, data.joined_on
        case BridgeOffered():
            said, on = WaitSaid.BRIDGED, data.offered_on
        case BridgeEnded():
            said, on = WaitSaid.BRIDGE_ENDED, data.ended_on
        case WaitingLeft():
            said, on = WaitSaid.LEFT, data.left_on
    return Wait(data.participant, number, said, data.municipality, on, known_at)


def listed(waits: Iterable[Wait], codes: Iterable[str], day: date) -> tuple[int, int]:
    """How many are on the list of these municipalities at the end of a day, and how many have a bridge.

    Who left on that day is not on it any more.
    """
    of_person: dict[str, list[Wait]] = {}
    for wait in sorted(waits, key=lambda w: (w.participant, w.number)):
        of_person.setdefault(wait.participant, []).append(wait)
    whose = frozenset(codes)
    standing = [_standing(said, day) for said in of_person.values()]
    there = [(municipality, bridged) for municipality, bridged in standing if municipality in whose]
    return len(there), sum(1 for _, bridged in there if bridged)


def _standing(said: Iterable[Wait], day: date) -> tuple[str | None, bool]:
    """On whose list the person is on that day, and whether with a bridge."""
    municipality: str | None = None
    bridged = False
    for wait in said:
        if wait.from_on > day:
            continue
        match wait.said:
            case WaitSaid.JOINED:
                municipality, bridged = wait.municipality, False
            case WaitSaid.BRIDGED:
                bridged = True
            case WaitSaid.BRIDGE_ENDED:
                bridged = False
            case WaitSaid.LEFT:
                municipality = None
    return municipality, bridged
