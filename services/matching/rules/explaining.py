"""Why somebody was not proposed a place: one answer, and one sentence that can be read aloud.

The answer follows from what was looked at in the round (`weighing`), so it stays what it was when the
place or the person changes afterwards. The sentence tells of the place and of the list, and names nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.matching.rules import fit
from services.matching.rules.bridges import BRIDGES
from services.matching.rules.fit import Profile
from services.matching.rules.proposals import State
from services.matching.rules.waiting import Wait
from services.matching.rules.weighing import Passing, Weighing
from shared.contracts import PassedOverReason, Reason


class Answer(StrEnum):
    """What decided it for one person and one place."""

    NOT_IN_LINE = "not-in-line"
    ELSEWHERE = "proposed-elsewhere"
    RESTED = "paused"
    NOT_YET = "not-yet-available"
    REQUIREMENT = "requirement"
    DECLINED = "declined-before"
    BEFORE = "earlier-in-line"
    DEVIATION = "deviation"
    NO_ROOM = "no-room"
    BRIDGED = "has-a-bridge"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class Served:
    """Somebody who was given a seat of the place in that round.

    Attributes:
        deviated: before their turn, by the decision of a named person.
    """

    participant: str
    municipality: str
    rank: int
    deviated: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one person did not get one place in one round.

    Attributes:
        requirements: what the place asked that did not fit.
        before: who got its seats, the first in line first; ids, for who may see them.
    """

    place: str
    round_on: date
    answer: Answer
    sentence: str
    rank: int | None = None
    policy: str | None = None
    requirements: tuple[Reason, ...] = ()
    before: tuple[Served, ...] = ()


@dataclass(frozen=True, slots=True)
class Own:
    """A proposal to the person: from when it was asked for, and until when it stood; None when it stands."""

    place: str
    asked_at: datetime
    closed_at: datetime | None
    state: State
    bridge: bool = False

    def stood(self, weighing: Weighing) -> bool:
        """True when it stood, or was asked for, after that round; a bridge keeps from no sheltered work."""
        if self.bridge and weighing.rung not in BRIDGES:
            return False
        over = self.closed_at is not None and self.closed_at <= weighing.weighed_at
        return self.asked_at == weighing.weighed_at or (self.asked_at < weighing.weighed_at and not over)

    def declined(self, weighing: Weighing) -> bool:
        """True when it was for that place, and a no had been said to it before that round."""
        if self.state is not State.DECLINED or self.place != weighing.place or self.closed_at is None:
            return False
        return self.asked_at < weighing.weighed_at and self.closed_at <= weighing.weighed_at


def why_not(
    wait: Wait,
    weighings: Iterable[Weighing],
    passings: Iterable[Passing],
    profiles: Mapping[str | None, Profile],
    own: Sequence[Own],
    served: Mapping[tuple[str, datetime], Sequence[Served]],
) -> list[Explanation]:
    """Why somebody who waits was not proposed each place, in the order of the weighings.

    Args:
        passings: of the person.
        profiles: of the person, by version.
        own: proposals to the person.
        served: who was given a seat, by place and moment of the round.
    """
    told = sorted(passings, key=lambda passing: passing.passed_at)
    found = []
    for weighing in weighings:
        before = [passing for passing in told if passing.passed_at <= weighing.weighed_at]
        passing = before[-1] if before and wait.joined_on <= weighing.weighed_on else None
        found.append(
            explain(
                weighing,
                passing,
                profiles.get(passing.profile) if passing is not None else None,
                served.get((weighing.place, weighing.weighed_at), ()),
                participant=wait.participant,
                declined=any(each.declined(weighing) for each in own),
                standing=any(each.stood(weighing) for each in own),
                bridged=_bridged(wait, weighing),
            )
        )
    return found


def explain(
    weighing: Weighing,
    passing: Passing | None,
    profile: Profile | None,
    served: Sequence[Served],
    *,
    participant: str,
    declined: bool,
    standing: bool,
    bridged: bool = False,
) -> Explanation:
    """Why the person got none of the seats that the place had in that round.

    Args:
        passing: the reason told last when the round was over; None for who was not in line yet.
        profile: the profile that was looked at then.
        served: who was given a seat of it in the round.
        declined: whether the person had said no to the place.
        standing: whether a proposal to the person stood, or was asked for in that round.
        bridged: whether the place was for a bridge, and the person had one.
    """
    obstacles = fit.obstacles(profile, weighing.as_it_was())
    if any(s.participant == participant for s in served):
        answer = Answer.PROPOSED
    elif standing:
        answer = Answer.ELSEWHERE
    elif bridged:
        answer = Answer.BRIDGED
    elif passing is None:
        answer = Answer.NOT_IN_LINE
    elif passing.reason in _OF_THE_PERSON:
        answer = _OF_THE_PERSON[passing.reason]
    elif obstacles:
        answer = Answer.REQUIREMENT
    elif declined:
        answer = Answer.DECLINED
    else:
        answer = _of_the_round(weighing, passing, served)
    before = [s for s in served if not s.deviated] if answer is Answer.BEFORE else []
    asked = obstacles if answer is Answer.REQUIREMENT else ()
    return Explanation(
        place=weighing.place,
        round_on=weighing.weighed_on,
        answer=answer,
        sentence=_said(answer, asked, len(before)),
        rank=passing.rank if passing is not None else None,
        policy=passing.policy if passing is not None else None,
        requirements=asked,
        before=tuple(sorted(before, key=lambda s: (s.rank, s.participant))),
    )


_OF_THE_PERSON: Final = {
    PassedOverReason.PAUSED: Answer.RESTED,
    PassedOverReason.NOT_YET_AVAILABLE: Answer.NOT_YET,
}


def _of_the_round(weighing: Weighing, passing: Passing, served: Sequence[Served]) -> Answer:
    """The place fits and the person took part: then others were before them, or there was no room.

    Bridges take no room: who gets none of the seats that are left over had a bridge, one before the last.
    """
    if weighing.rung in BRIDGES:
        return Answer.BRIDGED if weighing.seats_left or not served else Answer.BEFORE
    if passing.reason is PassedOverReason.NO_ROOM or weighing.seats_left:
        return Answer.NO_ROOM
    return Answer.DEVIATION if served and all(s.deviated for s in served) else Answer.BEFORE


def _bridged(wait: Wait, weighing: Weighing) -> bool:
    if weighing.rung not in BRIDGES or wait.bridged_on is None or wait.bridged_on > weighing.weighed_on:
        return False
    return wait.bridge_ended_on is None or wait.bridge_ended_on > weighing.weighed_on


_SENTENCES: Final = {
    Answer.NOT_IN_LINE: "U stond nog niet op de wachtlijst toen deze plek werd verdeeld.",
    Answer.ELSEWHERE: "U had op dat moment al een ander voorstel.",
    Answer.RESTED: "U stond op pauze, daarom kreeg u geen voorstel; uw plaats op de lijst is gebleven.",
    Answer.NOT_YET: "U kon op dat moment nog niet beginnen; uw plaats op de lijst is gebleven.",
    Answer.DECLINED: "Bij deze plek is eerder nee gezegd, daarom stellen wij die niet nog eens voor.",
    Answer.DEVIATION: "Deze plek ging bij uitzondering naar iemand anders; waarom, is opgeschreven.",
    Answer.NO_ROOM: "De gemeente had geen ruimte meer voor een nieuw contract.",
    Answer.BRIDGED: "Deze plek is voor de tussentijd, en u had toen al iets te doen.",
    Answer.PROPOSED: "Deze plek is aan u voorgesteld.",
}

_REQUIREMENTS: Final = {
    ("hours", "too-many"): "op deze plek werkt u minstens {hours_min} uur per week, en dat is te veel",
    ("hours", "too-few"): "op deze plek werkt u hoogstens {hours_max} uur per week, en dat is te weinig",
    ("kinds", "other-work"): "op deze plek is er ander werk dan u zoekt ({kinds})",
    ("needs", "not-met"): "deze plek biedt niet alles wat u nodig hebt in het werk",
    ("travel", "other-region"): "deze plek is te ver weg",
}


def _said(answer: Answer, asked: Sequence[Reason], before: int) -> str:
    if answer is Answer.REQUIREMENT:
        told = " en ".join(_REQUIREMENTS[r.rule, r.code].format(**_in_dutch(r)) for r in asked)
        return told[0].upper() + told[1:] + "."
    if answer is Answer.BEFORE:
        who = "iemand die eerder aan de beurt was" if before == 1 else "mensen die eerder aan de beurt waren"
        could = "kon" if before == 1 else "konden"
        return f"Deze plek ging naar {who} en nergens anders terecht {could}."
    return _SENTENCES[answer]


def _in_dutch(reason: Reason) -> dict[str, str]:
    return {
        name: value.replace(".", ",") if "hours" in name else value for name, value in reason.params.items()
    }
