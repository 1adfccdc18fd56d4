"""Where a person lives: that municipality decides and pays (Pw art. 10b(1))."""

from __future__ import annotations

from datetime import date

from services.intake.rules.facts import Fact, Facts, named, short_name
from services.intake.rules.guidance import guidance
from shared.contracts import ParticipantMoved, ParticipantRegistered

_REGISTERED = short_name(ParticipantRegistered)


def domicile(facts: Facts, on: date) -> str | None:
    """CBS code of the municipality where the person lived on a day, as far as is known.

    Before the first day that is known the first municipality counts. Only who guides or guided the
    person is believed.
    """
    trusted = guidance(facts).held_by
    told = [fact for fact in named(facts, ParticipantRegistered, ParticipantMoved) if fact.partner in trusted]
    if not told:
        return None
    # Stable: of two statements about one day the later one counts.
    in_order = sorted(told, key=_from_day)
    since = [fact for fact in in_order if _from_day(fact) <= on]
    municipality: str = (since[-1] if since else in_order[0]).told["municipality"]
    return municipality


def _from_day(fact: Fact) -> date:
    return fact.day("registered_on" if fact.name == _REGISTERED else "moved_on")
