"""What must be known of a person to be able to write: who guides them, and whose vault may be asked.

Nothing here identifies anyone. A name and an address are in the vault of the guide, and are asked for
at the moment of sending.
"""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts import (
    LeaveReason,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantRegistered,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
)


class Person(Struct, frozen=True):
    """A person as partners stated them; every field is somebody's fact.

    Attributes:
        homes: CBS code of where the person lives, by the first day on which that counts (ISO), so that
            two guides' statements agree in any order.
        guide: the partner that guides the person now.
        guides: every partner that ever did; what an earlier one stated late still counts.
        offers: hand-overs that were offered, and to which partner.
        dataref: where the guide's vault answers for this person, if the guide said so.
        erased: the vault no longer knows who this is.
        deceased: nobody is written to any more.
    """

    participant: str
    homes: dict[str, str]
    guide: str
    guides: tuple[str, ...]
    offers: dict[str, str]
    dataref: str | None
    erased: bool = False
    deceased: bool = False


def home(known: Person, on: date) -> str:
    """The CBS code of where the person lived when the day began, or where they were first known to live."""
    until_then = [since for since in known.homes if since <= on.isoformat()]
    return known.homes[max(until_then, default=min(known.homes))]


def registered(known: Person | None, data: ParticipantRegistered, guide: str, dataref: str | None) -> Person:
    """A person enters, or the guide says it again.

    Another partner's registration changes nothing: guidance passes on by a hand-over alone, or anyone
    could have a stranger's messages sent to an address of their own.
    """
    if known is None:
        return Person(
            participant=data.participant,
            homes={data.registered_on.isoformat(): data.municipality},
            guide=guide,
            guides=(guide,),
            offers={},
            dataref=dataref,
        )
    if known.guide != guide:
        return known
    return _at_vault(_living(known, data.municipality, data.registered_on), dataref)


def moved(known: Person, data: ParticipantMoved, guide: str, dataref: str | None) -> Person:
    """The person lives elsewhere."""
    known = _living(known, data.municipality, data.moved_on)
    return _at_vault(known, dataref) if guide == known.guide else known


def transfer_offered(known: Person, data: ParticipantTransferOffered, guide: str) -> Person:
    """The guide offers the person to another; it counts once that one accepts."""
    if guide != known.guide:
        return known
    return replace(known, offers={**known.offers, data.transfer: data.to})


def transfer_accepted(
    known: Person, data: ParticipantTransferAccepted, guide: str, dataref: str | None
) -> Person:
    """The partner that was offered the person guides them from now on, with a vault of its own."""
    if known.offers.get(data.transfer) != guide:
        return known
    return replace(
        known,
        guide=guide,
        guides=tuple(sorted({*known.guides, guide})),
        offers={},
        dataref=dataref,
    )


def left(known: Person, data: ParticipantLeft) -> Person:
    """The person is no longer guided; after a death nobody is written to."""
    return replace(known, deceased=known.deceased or data.reason is LeaveReason.DECEASED)


def erased(known: Person, _data: ParticipantErased) -> Person:
    """Nobody can say any more who this is."""
    return replace(known, erased=True, dataref=None)


def _living(known: Person, municipality: str, since: date) -> Person:
    # Who moves is told of work of that same day from where they came, be it the day they registered: so it
    # does not hang on which of two topics is heard first.
    counts_from = since + timedelta(days=1)
    return replace(known, homes={**known.homes, counts_from.isoformat(): municipality})


def _at_vault(known: Person, dataref: str | None) -> Person:
    return known if dataref is None or known.erased else replace(known, dataref=dataref)
