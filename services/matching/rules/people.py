"""Who a person is to matching: where they live, on which rung they are, and who guides them.

Guides speak on topics of their own, and nothing orders one topic against another. What hands a person
over is therefore made to wait for what it follows from (see `missing_for`), and the other fields go by
the day on which they became so: whichever comes first, what is known ends up the same.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import (
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    Rung,
)

OfPerson = ParticipantLeft | ParticipantMoved | ParticipantPaused | ParticipantResumed | ParticipantStepped
"""What a guide states of how the person fares."""

OfGuide = (
    OfPerson
    | ParticipantErased
    | ParticipantRegistered
    | ParticipantTransferAccepted
    | ParticipantTransferOffered
)
"""All that guides state of a person, their profile apart."""


class Transfer(Struct, frozen=True):
    """A hand-over that was offered to a partner."""

    transfer: str
    participant: str
    partner: str


class Person(Struct, frozen=True):
    """What guides have stated about a person; all fields are facts of others.

    Attributes:
        guides: partners that guide or guided the person, in that order.
        guide: the one that does now.
        home: municipality of the first registration.
        municipality_by, rung_by, paused_by: who said so, as a position in `guides`.
        stepped: true when the person stepped to the rung, and did not just stand there at first.
        left_on: first day without guidance; None while the person is guided.
        erased: true when nothing personal may be kept.
    """

    participant: str
    guides: tuple[str, ...]
    guide: str
    home: str
    school_leaver: bool
    municipality: str
    municipality_on: date
    municipality_by: int
    rung: Rung
    rung_on: date
    rung_by: int
    stepped: bool = False
    paused: bool = False
    paused_on: date | None = None
    paused_by: int = 0
    left_on: date | None = None
    erased: bool = False

    def lives_in(self, day: date) -> str | None:
        """The municipality of domicile; None while only a move that is still to come is known."""
        return self.municipality if self.municipality_on <= day else None

    def gone(self, day: date) -> bool:
        """True when nobody in the region guides the person on that day."""
        return self.left_on is not None and self.left_on <= day

    def rests(self, day: date) -> bool:
        """True when the person is to be proposed nothing on that day."""
        return self.paused and self.paused_on is not None and self.paused_on <= day


def registered(known: Person | None, data: ParticipantRegistered, by: str) -> Person:
    """Guided by this partner from now on."""
    guides = _with(known.guides if known else (), by)
    position = guides.index(by)
    person = known or Person(
        participant=data.participant,
        guides=guides,
        guide=by,
        home=data.municipality,
        school_leaver=data.school_leaver,
        municipality=data.municipality,
        municipality_on=data.registered_on,
        municipality_by=position,
        rung=data.rung,
        rung_on=data.registered_on,
        rung_by=position,
    )
    person = replace(person, guides=guides, guide=by, school_leaver=data.school_leaver, left_on=None)
    if _newer((data.registered_on, position), (person.municipality_on, person.municipality_by)):
        person = replace(
            person,
            municipality=data.municipality,
            municipality_on=data.registered_on,
            municipality_by=position,
        )
    if _newer((data.registered_on, position), (person.rung_on, person.rung_by)):
        person = replace(person, rung=data.rung, rung_on=data.registered_on, rung_by=position, stepped=False)
    return person


def taken_over(person: Person, by: str) -> Person:
    """Guided by the partner that accepted the hand-over."""
    return replace(person, guides=_with(person.guides, by), guide=by, left_on=None)


def told(person: Person, data: OfPerson, by: str) -> Person:
    """What a guide stated about the person, as far as nothing newer is known."""
    position = person.guides.index(by)
    match data:
        case ParticipantMoved():
            if not _newer((data.moved_on, position), (person.municipality_on, person.municipality_by)):
                return person
            return replace(
                person,
                municipality=data.municipality,
                municipality_on=data.moved_on,
                municipality_by=position,
            )
        case ParticipantStepped():
            if not _newer((data.stepped_on, position), (person.rung_on, person.rung_by)):
                return person
            return replace(person, rung=data.rung, rung_on=data.stepped_on, rung_by=position, stepped=True)
        case ParticipantPaused():
            return _pause(person, data.paused_on, position, paused=True)
        case ParticipantResumed():
            return _pause(person, data.resumed_on, position, paused=False)
        case ParticipantLeft():
            # A guide that handed the person over cannot take them off the list any more.
            return replace(person, left_on=data.left_on) if by == person.guide else person


def missing_for(person: Person | None, data: OfGuide, by: str, transfer: Transfer | None) -> tuple[str, ...]:
    """What the event follows from and is not known yet: it waits for that, whoever states it.

    A registration by another partner waits until the guide has let the person go; what a partner
    states about somebody it does not guide waits until it does. So nobody takes a person over by
    stating it alone, and the topics of two guides may interleave in any way.
    """
    if isinstance(data, ParticipantRegistered):
        held = person is not None and person.guide != by and person.left_on is None
        return (f"free:{data.participant}",) if held else ()
    if person is None:
        return (f"participant:{data.participant}",)
    if isinstance(data, ParticipantTransferAccepted):
        return () if transfer is not None else (f"transfer:{data.transfer}",)
    return () if by in person.guides else (f"guide:{data.participant}:{by}",)


def _pause(person: Person, on: date, position: int, *, paused: bool) -> Person:
    if person.paused_on is not None and not _newer((on, position), (person.paused_on, person.paused_by)):
        return person
    return replace(person, paused=paused, paused_on=on, paused_by=position)


def _with(guides: tuple[str, ...], by: str) -> tuple[str, ...]:
    return guides if by in guides else (*guides, by)


def _newer(said: tuple[date, int], known: tuple[date, int]) -> bool:
    """Of the same day, what the later guide says counts; of the same guide, what it says last."""
    return said >= known
