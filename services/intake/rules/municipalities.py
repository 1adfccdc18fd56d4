"""What a municipality states: for itself only, and on sheltered work for who lives there."""

from __future__ import annotations

from services.intake.rules.domicile import domicile
from services.intake.rules.facts import named
from services.intake.rules.statement import Objection, Statement, conflict
from shared.contracts import (
    DecisionOutcome,
    DeviationDecided,
    FundAssigned,
    ParticipantDecided,
    PolicyAdopted,
    RefusalCode,
    TargetSet,
)

AnyOfItsOwn = (
    Statement[DeviationDecided]
    | Statement[ParticipantDecided]
    | Statement[TargetSet]
    | Statement[PolicyAdopted]
    | Statement[FundAssigned]
)


def its_own(said: AnyOfItsOwn) -> Objection | None:
    """A municipality sets its own numbers and policies (Pw art. 10b(5))."""
    if said.data.municipality in said.municipalities:
        return None
    return Objection(
        RefusalCode.ROLE_NOT_ALLOWED,
        f"{said.partner} states this for {', '.join(sorted(said.municipalities))}",
        "data.municipality",
    )


def decided(said: Statement[ParticipantDecided]) -> Objection | None:
    """The municipality of domicile decides (Pw art. 10b(1)); only what was granted can be withdrawn."""
    if objection := its_own(said):
        return objection
    lives_in = domicile(said.person, said.data.decided_on)
    if lives_in != said.data.municipality:
        return conflict(
            f"as far as is known the person lived in {lives_in} on {said.data.decided_on}",
            "data.municipality",
        )
    if said.data.outcome is not DecisionOutcome.WITHDRAWN:
        return None
    granted = any(
        fact.told["outcome"] == DecisionOutcome.GRANTED for fact in named(said.person, ParticipantDecided)
    )
    return None if granted else conflict("nothing was granted that could be withdrawn", "data.outcome")
