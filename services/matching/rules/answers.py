"""Answers to a proposal: who may give them, which count, and what they come to.

The machine proposes and named people decide. An answer counts at once when it comes over the topic of
the guide that the proposal was made to; any other counts at the next tick, when all topics have been
heard, so that it never matters whose answer came first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from services.matching.rules.people import Person
from services.matching.rules.proposals import ANSWERABLE, Proposal, State
from shared.contracts import (
    Answer,
    AnsweredBy,
    AnswerReason,
    ProposalAccepted,
    ProposalAnswered,
    ProposalDeclined,
)


class Said(Struct, frozen=True):
    """An answer as it was given, by whom and over whose topic."""

    proposal: str
    by: AnsweredBy
    partner: str
    answer: Answer
    reason: AnswerReason | None
    answered_on: date


def may_answer(proposal: Proposal, data: ProposalAnswered, partner: str, person: Person | None) -> bool:
    """True when the partner may give this answer: the host for itself, a guide of the person for the rest."""
    if data.by is AnsweredBy.HOST:
        return partner == proposal.host
    return partner == proposal.guide or (person is not None and partner in person.guides)


def missing_guide(
    proposal: Proposal, data: ProposalAnswered, partner: str, person: Person | None
) -> tuple[str, ...]:
    """What an answer of another guide than the proposal was made to waits for: that it guides the person.

    The hand-over that made it the guide was offered over the other guide's topic, which may be behind.
    """
    known = person is None or partner == proposal.guide or partner in person.guides
    if known or data.by is AnsweredBy.HOST or proposal.participant != data.participant:
        return ()
    return (f"guide:{data.participant}:{partner}",)


def counts(proposal: Proposal | None, data: ProposalAnswered, partner: str, person: Person | None) -> bool:
    """True for an answer to a proposal that stands, in time, by who may give it.

    A no counts as long as no contract has started, also after a yes.
    """
    return (
        proposal is not None
        and proposal.state in ANSWERABLE
        and proposal.participant == data.participant
        and may_answer(proposal, data, partner, person)
        and in_time(proposal, data)
    )


def in_time(proposal: Proposal, data: ProposalAnswered) -> bool:
    """True for a yes on one of the days on which it can be given, and for any no."""
    late = proposal.expires_on is not None and data.answered_on > proposal.expires_on
    return data.answer is Answer.DECLINED or not late


def said(data: ProposalAnswered, partner: str) -> Said:
    """The answer as a row."""
    return Said(data.proposal, data.by, partner, data.answer, data.reason, data.answered_on)


def verdict(proposal: Proposal, answers: Iterable[Said]) -> ProposalAccepted | ProposalDeclined | None:
    """What the answers come to: one no declines, and a yes of everyone needed accepts."""
    given = sorted(answers, key=lambda a: (a.answered_on, a.by, a.partner))
    for answer in given:
        if answer.answer is Answer.DECLINED:
            return ProposalDeclined(
                **proposal.named(), by=answer.by, reason=answer.reason, declined_on=answer.answered_on
            )
    needed = {AnsweredBy(by) for by in proposal.answers_needed}
    if proposal.state is not State.OPEN or not needed or not needed <= {answer.by for answer in given}:
        return None
    last = max(answer.answered_on for answer in given if answer.by in needed)
    return ProposalAccepted(**proposal.named(), accepted_on=last)
