"""Who may state what about a person: the guide that holds the person, and nobody else."""

from __future__ import annotations

from typing import Any

from services.intake.rules.facts import with_fact
from services.intake.rules.guidance import Guidance, guidance, paused_since
from services.intake.rules.statement import Objection, Statement, conflict
from shared.contracts import (
    AnsweredBy,
    ParticipantErased,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
    ProposalAnswered,
    RefusalCode,
    Role,
)

_TOO_EARLY = "time must be later than that of what is known about who guides this person"


def held(said: Statement[Any]) -> Objection | None:
    """The partner must guide the person."""
    return _held(said, guidance(said.person))


def registered(said: Statement[ParticipantRegistered]) -> Objection | None:
    """A person whom nobody guides may be registered; an id that was erased is not used again."""
    now = guidance(said.person)
    if now.erased:
        return conflict("this person was erased; register under a new id", "data.participant")
    if now.guide == said.partner:
        return conflict("this person is registered with you already", "data.participant")
    if now.guide is not None:
        return _not_yours()
    return None if _afterwards(said).guide == said.partner else conflict(_TOO_EARLY, "time")


def left(said: Statement[ParticipantLeft]) -> Objection | None:
    """Only the guide lets a person go."""
    if objection := held(said):
        return objection
    return None if _afterwards(said).guide is None else conflict(_TOO_EARLY, "time")


def erased(said: Statement[ParticipantErased]) -> Objection | None:
    """The guide erases, or whoever guided last: erasure comes years after somebody left."""
    now = guidance(said.person)
    if now.erased:
        return conflict("this person was erased before", "data.participant")
    if said.partner != (now.guide or now.last):
        return _not_yours()
    return None if _afterwards(said).erased else conflict(_TOO_EARLY, "time")


def paused(said: Statement[ParticipantPaused]) -> Objection | None:
    """The guide pauses; a pause that runs may be stated anew, with another end."""
    return held(said)


def resumed(said: Statement[ParticipantResumed]) -> Objection | None:
    """Only a pause that is known can end, and not before it began."""
    if objection := held(said):
        return objection
    pause = paused_since(said.person)
    if pause is None:
        return conflict("no pause is known that could end", "data.participant")
    if said.data.resumed_on < pause.day("paused_on"):
        return conflict(f"the pause began on {pause.told['paused_on']}", "data.resumed_on")
    return None


def transfer_offered(said: Statement[ParticipantTransferOffered]) -> Objection | None:
    """The guide offers to another guide, under an id of its own."""
    now = guidance(said.person)
    if objection := _held(said, now):
        return objection
    if said.data.to == said.partner or said.data.to not in said.guides:
        return conflict("to must be another partner that guides people", "data.to")
    if said.data.transfer in now.offers:
        return conflict("this transfer was offered before", "data.transfer")
    return None


def transfer_accepted(said: Statement[ParticipantTransferAccepted]) -> Objection | None:
    """Who was offered the guidance may take it, while who offered it still guides the person."""
    if objection := _answerable(said):
        return objection
    now = guidance(said.person)
    if now.guide != now.offers[said.data.transfer].by:
        return conflict("who offered this no longer guides the person", "data.transfer")
    return None if _afterwards(said).guide == said.partner else conflict(_TOO_EARLY, "time")


def transfer_declined(said: Statement[ParticipantTransferDeclined]) -> Objection | None:
    """Who was offered the guidance may decline it."""
    return _answerable(said)


def answered(said: Statement[ProposalAnswered]) -> Objection | None:
    """A host answers for itself; for the participant and for the guide the guide that holds the person does.

    Whether the proposal is the host's to answer, matching knows.
    """
    if said.data.by is AnsweredBy.HOST:
        if Role.HOST in said.roles:
            return None
        return Objection(RefusalCode.ROLE_NOT_ALLOWED, "only a host answers for the host", "data.by")
    return held(said)


def _held(said: Statement[Any], now: Guidance) -> Objection | None:
    if now.guide == said.partner:
        return None
    if now.guide is None and now.last == said.partner:
        return conflict("this person is no longer guided by you", "data.participant")
    return _not_yours()


def _answerable(
    said: Statement[ParticipantTransferAccepted] | Statement[ParticipantTransferDeclined],
) -> Objection | None:
    now = guidance(said.person)
    if now.offers[said.data.transfer].to != said.partner:
        return Objection(RefusalCode.PERSON_NOT_YOURS, "this was offered to another partner", "data.transfer")
    if said.data.transfer in now.answered:
        return conflict("this transfer was answered before", "data.transfer")
    return None


def _not_yours() -> Objection:
    # Not by whom: who asks about somebody else's person learns nothing.
    return Objection(RefusalCode.PERSON_NOT_YOURS, "another partner guides this person", "data.participant")


def _afterwards(said: Statement[Any]) -> Guidance:
    """Where the person would stand; what is taken at the door must also have its effect."""
    return guidance(with_fact(said.person, said.about_person))
