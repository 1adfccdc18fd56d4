"""Words that more than one noun of the contract uses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.base import Code, Municipality, Part


class Unit(StrEnum):
    """In what a municipality counts its places (Pw art. 10b speaks of contracts)."""

    CONTRACTS = "contracts"
    HOURS = "hours"


class AnsweredBy(StrEnum):
    """On whose behalf a proposal is answered."""

    GUIDE = "guide"
    HOST = "host"
    PARTICIPANT = "participant"


class AnswerReason(StrEnum):
    """Why a proposal was declined; a list and not prose, so that nothing about a person slips in."""

    HOURS = "hours"
    DISTANCE = "distance"
    KIND_OF_WORK = "kind-of-work"
    NEEDS_NOT_MET = "needs-not-met"
    NOT_NOW = "not-now"
    OTHER_WORK = "other-work"
    WISHES_OTHERWISE = "wishes-otherwise"
    OTHER = "other"


class Need(StrEnum):
    """What somebody needs in order to work, said as a property of the work.

    A closed list on purpose: what is not in it cannot be stated, so a diagnosis cannot either.
    """

    ADAPTED_WORKPLACE = "adapted-workplace"
    WHEELCHAIR_ACCESS = "wheelchair-access"
    QUIET_PLACE = "quiet-place"
    SEATED_WORK = "seated-work"
    VARIED_POSTURE = "varied-posture"
    NO_HEAVY_LIFTING = "no-heavy-lifting"
    FIXED_ROUTINE = "fixed-routine"
    VARIED_TASKS = "varied-tasks"
    ONE_TASK_AT_A_TIME = "one-task-at-a-time"
    OWN_PACE = "own-pace"
    EXTRA_BREAKS = "extra-breaks"
    FLEXIBLE_START = "flexible-start"
    SMALL_TEAM = "small-team"
    NO_PUBLIC_CONTACT = "no-public-contact"
    SPOKEN_INSTRUCTION = "spoken-instruction"
    PICTURED_INSTRUCTION = "pictured-instruction"
    FIXED_COUNSELLOR = "fixed-counsellor"
    PERMANENT_SUPERVISION = "permanent-supervision"
    TRANSPORT = "transport"


Kinds = Annotated[tuple[Code, ...], Field(max_length=50)]
"""Kinds of work, in the region's own words."""

Needs = Annotated[tuple[Need, ...], Field(max_length=len(Need))]
"""Needs, each once."""

Municipalities = Annotated[tuple[Municipality, ...], Field(max_length=400)]
"""Municipalities, each once; the country has fewer than 400."""

ParamName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
ParamValue = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Reason(Part):
    """One reason for what a service proposed or did not, structured so that it can be said in plain Dutch."""

    rule: Code
    """The rule that spoke: `order`, `hours`, `travel`, `needs`."""
    code: Code
    """What it said: `longest-waiting`, `too-far`."""
    params: Annotated[dict[ParamName, ParamValue], Field(max_length=20)] = Field(default_factory=dict)
    """What it looked at, as text: `{"km": "12", "max_km": "10"}`."""


Reasons = Annotated[tuple[Reason, ...], Field(max_length=50)]
"""Reasons, the weightiest first."""
