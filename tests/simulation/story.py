"""What the partners of a small region state: drawn from a seed, and in answer to what they are told.

A part is what is said between two moments of rest; within one nothing is in order but a topic's key.
What is drawn about an answer hangs on what is answered, never on how many were before it, so that
the same region tells the same story however its records arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
    BridgeDue,
    Data,
    DecisionOutcome,
    DeviationReason,
    Fund,
    LeaveReason,
    OrderKey,
    OrderRules,
    ParticipantAdvised,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferOffered,
    PlaceWithdrawn,
    PolicyKind,
    ProposalAccepted,
    ProposalAnswered,
    ProposalMade,
    TermsRules,
)
from shared.contracts.base import Rung
from shared.messaging.event import Event, encode
from shared.messaging.registry import AMSTERDAM
from tests.simulation.partners import BRIDGE, ELSEWHERE, EMMEN, Partners

_TOO_SOON: Final = 0.3
"""How often a right is withdrawn before it was granted, which the door refuses."""


@dataclass(slots=True)
class Part:
    """What is said in one breath.

    Attributes:
        day: the day on which it is said.
        tick: the clock moves to this moment after it, once all is at rest.
        poison: what a partner puts on its own stream past its door, and that is no event of its own.
    """

    day: date
    said: list[Event]
    tick: datetime | None = None
    poison: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class _Person:
    guide: str = "menso"
    paused: bool = False
    gone: bool = False
    transfers: int = 0


class Region(Partners):
    """The partners, as far as they remember what they said.

    Args:
        without: ids of statements that are left out, to make a failure shorter.
    """

    def __init__(self, seed: int, without: Collection[str] = ()) -> None:
        super().__init__()
        self.seed = seed
        self.without = without
        self.people: dict[str, _Person] = {}

    def parts(self, told: Iterator[list[dict[str, Any]]]) -> Iterator[Part]:
        """The story.

        Args:
            told: what services stated since the last part, each time it is asked.
        """
        random = Random(f"{self.seed}/story")
        people = [f"p-{number:04d}" for number in range(1, random.choice((1, 2, 2, 3)) + 1)]
        opening = [*self._ground(random), *self._places(random)]
        for person in people:
            opening += self._arrival(random, person)
        yield self._part(opening, moved=random.randint(0, 2))
        for _ in range(random.choice((1, 2, 2, 3))):
            answers = list(self._reactions(next(told)))
            yield self._part(answers)
            answers = list(self._reactions(next(told)))
            for person in people:
                if random.random() < 0.5:
                    answers += self._news(random, person)
            if random.random() < 0.3:
                answers += self._news_of_places(random)
            yield self._part(answers, moved=random.choice((1, 1, 3, 8, 40)), poison=self._poison(random))
        yield self._part(list(self._reactions(next(told))))

    def _poison(self, random: Random) -> list[tuple[str, bytes]]:
        if random.random() > 0.2:
            return []
        stolen = encode(self.registration("p-0001"))
        return [("emco", random.choice((b"", b"{", b"[1]", b'{"specversion":"1.0"}', stolen)))]

    def _part(
        self,
        said: Iterable[Event],
        *,
        moved: int | None = None,
        poison: list[tuple[str, bytes]] | None = None,
    ) -> Part:
        part = Part(self.day, [event for event in said if event.id not in self.without], poison=poison or [])
        if moved is not None:
            self.day += timedelta(days=moved)
            part.tick = datetime.combine(self.day, time(7), AMSTERDAM)
        return part

    def _ground(self, random: Random) -> list[Event]:
        days = random.choice((3, 28))
        terms = TermsRules(
            answer_days=days,
            reservation_days=days + random.choice((1, 60)),
            bridge_within_days=random.choice((1, 30)),
            answers_needed=random.choice(((AnsweredBy.GUIDE,), (AnsweredBy.GUIDE, AnsweredBy.HOST))),
        )
        order = OrderRules(keys=(random.choice((OrderKey.DECISION_DATE, OrderKey.ADVICE_DATE)),))
        adopted: dict[str, Any] = {"municipality": EMMEN, "adopted_by": "college", "source": "simulation"}
        return [
            self.number(random.choice((0, 1, 1, 2))),
            self.policy(adopted | {"policy": "order", "kind": PolicyKind.ORDER, "order": order}),
            self.policy(adopted | {"policy": "terms", "kind": PolicyKind.TERMS, "terms": terms}),
        ]

    def _places(self, random: Random) -> list[Event]:
        offered = [self.place(f"emco-{n}", random.randint(1, 2)) for n in range(random.choice((1, 2)))]
        if Random(f"{self.seed}/bridge").random() < 0.3:
            offered.append(self.place(BRIDGE, 1))
        return offered

    def _arrival(self, random: Random, person: str) -> list[Event]:
        self.people[person] = _Person()
        said = [self.registration(person), self.profile("menso", person)]
        if random.random() < 0.9:
            advised = ParticipantAdvised(
                participant=person, outcome=AdviceOutcome.POSITIVE, requested_on=self.day,
                received_on=self.day, advised_on=self.day, asked_by=AskedBy.MUNICIPALITY,
            )  # fmt: skip
            said.append(self.say("uwv", advised))
            if random.random() < _TOO_SOON:
                said.append(self.decision(person, DecisionOutcome.WITHDRAWN))
            said.append(self.decision(person, DecisionOutcome.GRANTED))
        return said

    def _reactions(self, told: Iterable[dict[str, Any]]) -> Iterator[Event]:
        """What partners do about what services stated."""
        for event in sorted(told, key=lambda each: str(each["id"])):
            random = Random(f"{self.seed}/{event['id']}")
            match event["type"], event["data"]:
                case ProposalMade.TYPE, {"proposal": proposal, "participant": person}:
                    yield from self._answers(random, proposal, person)
                case ProposalAccepted.TYPE, {"proposal": proposal, "participant": person, "place": place}:
                    if random.random() < 0.9:
                        yield self.start(person, place, proposal)
                case BridgeDue.TYPE, {"participant": person}:
                    guide = self.people[person].guide
                    step = ParticipantStepped(participant=person, rung=Rung.LEARN_WORK, stepped_on=self.day)
                    yield self.say(guide, step, "bridge")
                case _:
                    pass

    def _answers(self, random: Random, proposal: str, person: str) -> Iterator[Event]:
        said_by = ((AnsweredBy.GUIDE, self.people[person].guide), (AnsweredBy.HOST, "emco"))
        for by, partner in said_by:
            answer = random.choice((Answer.ACCEPTED, Answer.ACCEPTED, Answer.DECLINED, None))
            if answer is not None:
                said = ProposalAnswered(
                    proposal=proposal, participant=person, by=by, answer=answer, answered_by="coach-1",
                    answered_on=self.day,
                )  # fmt: skip
                yield self.say(partner, said, f"{proposal}/{by}")

    def _news(self, random: Random, person: str) -> Iterator[Event]:
        known = self.people[person]
        if person in self.learning and random.random() < 0.5:
            yield self.end(person, self.learning.pop(person))
        elif person in self.running and random.random() < 0.4:
            yield self.end(person, self.running.pop(person))
        elif not known.gone:
            one_of = [
                self._step, self._pause, self._hand_over, self._hand_over, self._leave, self._withdraw,
                self._erase, self._restate, self._start_unasked, self._deviate, self._assign, self._move,
            ]  # fmt: skip
            yield from random.choice(one_of)(random, person, known)

    def _step(self, random: Random, person: str, known: _Person) -> Iterator[Event]:
        said = ParticipantStepped(participant=person, rung=random.choice(list(Rung)), stepped_on=self.day)
        yield self.say(known.guide, said)

    def _pause(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        known.paused = not known.paused
        said: Data = (
            ParticipantPaused(participant=person, paused_on=self.day)
            if known.paused
            else ParticipantResumed(participant=person, resumed_on=self.day)
        )
        yield self.say(known.guide, said)

    def _hand_over(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        """Offered, accepted and gone on with in one breath, over two topics."""
        known.transfers += 1
        other = "buurtsupport" if known.guide == "menso" else "menso"
        name = f"t-{person}-{known.transfers}"
        offer = ParticipantTransferOffered(transfer=name, participant=person, to=other, offered_on=self.day)
        accepted = ParticipantTransferAccepted(transfer=name, participant=person, accepted_on=self.day)
        yield self.say(known.guide, offer, name)
        yield self.say(other, accepted, name)
        yield self.profile(other, person)
        known.guide = other

    def _move(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        said = ParticipantMoved(participant=person, municipality=ELSEWHERE, moved_on=self.day)
        yield self.say(known.guide, said)

    def _leave(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        known.gone = True
        said = ParticipantLeft(participant=person, left_on=self.day, reason=LeaveReason.OTHER)
        yield self.say(known.guide, said)

    def _erase(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        known.gone = True
        yield self.say(known.guide, ParticipantErased(participant=person, erased_on=self.day))

    def _withdraw(self, random: Random, person: str, _known: _Person) -> Iterator[Event]:
        yield self.decision(person, DecisionOutcome.WITHDRAWN)
        if random.random() < 0.5:
            yield self.decision(person, DecisionOutcome.GRANTED)

    def _restate(self, _random: Random, person: str, known: _Person) -> Iterator[Event]:
        yield self.profile(known.guide, person)

    def _start_unasked(self, random: Random, person: str, _known: _Person) -> Iterator[Event]:
        """A contract without a proposal: a fact, and counted, even over the number."""
        if person not in self.running:
            yield self.start(person, random.choice(sorted(self.places)), None)

    def _deviate(self, random: Random, person: str, _known: _Person) -> Iterator[Event]:
        """Before their turn, by decision of the municipality."""
        yield self.deviation(person, random.choice(sorted(self.places)), random.choice(list(DeviationReason)))

    def _assign(self, random: Random, person: str, _known: _Person) -> Iterator[Event]:
        """A fund pays for a contract, and then perhaps another, or none in particular."""
        if person in self.running:
            funds = random.sample([*Fund, None], random.choice((1, 2)))
            for fund in funds:
                yield self.assignment(self.running[person], fund)

    def _news_of_places(self, random: Random) -> Iterator[Event]:
        name = random.choice(sorted(self.places))
        if random.random() < 0.3:
            yield self.number(random.randint(0, 3))
        elif random.random() < 0.5:
            yield self.say("emco", PlaceWithdrawn(place=name, withdrawn_on=self.day))
        else:
            yield self.place(name, random.randint(1, 3))
