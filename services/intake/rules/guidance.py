"""Who guides a person: one partner at a time, from the first registration through every hand-over."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.intake.rules.facts import Fact, Facts, named, short_name
from shared.contracts import (
    ParticipantErased,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A hand-over that was offered."""

    by: str
    to: str


@dataclass(slots=True)
class Guidance:
    """Where a person stands between the partners.

    Attributes:
        guide: partner that guides the person now; None when nobody does.
        last: partner that guides the person now or did last.
        held_by: every partner that ever guided the person.
        erased: the person was erased; the id is not used again.
        offers: hand-overs offered by who guided the person then.
        answered: those of them that were accepted or declined.
    """

    guide: str | None = None
    last: str | None = None
    held_by: set[str] = field(default_factory=set)
    erased: bool = False
    offers: dict[str, Offer] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)


_REGISTERED, _LEFT, _ERASED, _OFFERED, _ACCEPTED, _DECLINED = (
    short_name(model)
    for model in (
        ParticipantRegistered,
        ParticipantLeft,
        ParticipantErased,
        ParticipantTransferOffered,
        ParticipantTransferAccepted,
        ParticipantTransferDeclined,
    )
)


def guidance(facts: Facts) -> Guidance:
    """Fold the facts about a person.

    A fact of a partner that was not entitled to it has no effect: a second registration, or an answer to
    an offer made to somebody else, does not take a person over.
    """
    now = Guidance()
    early: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.name == _REGISTERED and now.guide is None and not now.erased:
            _hand_to(now, fact.partner)
        elif fact.name == _LEFT and fact.partner == now.guide:
            now.guide = None
        elif fact.name == _ERASED and fact.partner == (now.guide or now.last):
            now.guide = None
            now.erased = True
        elif fact.name == _OFFERED and fact.partner == now.guide:
            transfer = fact.told["transfer"]
            now.offers.setdefault(transfer, Offer(fact.partner, fact.told["to"]))
            # Two organisations' clocks differ: an answer may bear an earlier time than the offer.
            for answer in early.pop(transfer, ()):
                _answer(now, answer)
        elif fact.name in {_ACCEPTED, _DECLINED}:
            if fact.told["transfer"] in now.offers:
                _answer(now, fact)
            else:
                early.setdefault(fact.told["transfer"], []).append(fact)
    return now


def _hand_to(now: Guidance, partner: str) -> None:
    now.guide = now.last = partner
    now.held_by.add(partner)


def _answer(now: Guidance, fact: Fact) -> None:
    transfer = fact.told["transfer"]
    offer = now.offers[transfer]
    if fact.partner != offer.to or transfer in now.answered:
        return
    now.answered.add(transfer)
    if fact.name == _ACCEPTED and now.guide == offer.by:
        _hand_to(now, fact.partner)


def paused_since(facts: Facts) -> Fact | None:
    """The pause that the person is in, if any."""
    spoken = named(facts, ParticipantRegistered, ParticipantPaused, ParticipantResumed)
    if spoken and spoken[-1].name == short_name(ParticipantPaused):
        return spoken[-1]
    return None
