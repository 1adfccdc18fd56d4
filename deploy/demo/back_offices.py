"""How the partners act: what they state on their own account, and how they answer what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from deploy.demo import facts
from deploy.demo.door import Doors
from deploy.demo.people import Person
from shared.contracts import (
    AdviceOutcome,
    Answer,
    AnsweredBy,
    AskedBy,
    BridgeDue,
    ContractKind,
    DecisionOutcome,
    LeaveReason,
    OrderKey,
    OrderRules,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantLeft,
    ParticipantRegistered,
    ParticipantStepped,
    PlaceChanged,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    PolicyKind,
    ProfileStated,
    ProposalAccepted,
    ProposalAnswered,
    ProposalMade,
    TargetSet,
    TermsRules,
    Unit,
)
from shared.contracts.base import Rung
from shared.messaging.event import Event

Say = Callable[[], None]

_PLACES: Final = (
    ("emco-groen", ("groen",), 30),
    ("emco-inpak", ("inpak",), 35),
    ("emco-montage", ("montage",), 30),
    ("emco-schoonmaak", ("schoonmaak",), 25),
)
"""Places at EMCO and seats in them; assumed, and more than the numbers ever allow."""
_TRIAL: Final = timedelta(days=330)
"""A first contract is for a year; before it ends it is made permanent."""
_LAST_MONTH_TO_GO: Final = 8
_TO_START: Final = timedelta(days=14)


class Plan:
    """What is going to be said, by day; the driver says it when that day has come."""

    def __init__(self) -> None:
        self._days: dict[date, list[Say]] = {}

    def on(self, day: date, say: Say) -> None:
        """Say it on that day."""
        self._days.setdefault(day, []).append(say)

    def until(self, day: date) -> None:
        """Say all that is due up to and including that day."""
        for due in sorted(d for d in self._days if d <= day):
            for say in self._days.pop(due):
                say()


class BackOffices:
    """The back offices of all partners, as the story plays them."""

    def __init__(self, doors: Doors, plan: Plan, people: Iterable[Person]) -> None:
        self._doors = doors
        self._plan = plan
        self._people = {person.participant: person for person in people}
        self._declined: set[str] = set()
        self._placed = 0

    def prepare(self) -> None:
        """Plan what does not depend on anything that the services will say."""
        for number in facts.NUMBERS:
            self._plan.on(number.stated_on, partial(self._number, number))
        self._plan.on(facts.WERKBEDRIJF_STARTS, self._policies)
        for place, kinds, seats in _PLACES:
            self._plan.on(date(2017, 1, 9), partial(self._offer, place, kinds, seats))
        self._plan.on(date(2022, 1, 24), self._more_seats)
        for person in self._people.values():
            self._plan_person(person)
        self._leave(date(2020, 6, 8), 30)
        self._leave(date(2021, 4, 12), 44)
        self._leave(date(2021, 9, 6), 71)

    def read(self, event: Event, today: date) -> None:
        """Act on an event that a service stated."""
        data = event.data
        if isinstance(data, ProposalMade):
            self._answer(data, today)
        elif isinstance(data, ProposalAccepted):
            self._contract(data, today)
        elif isinstance(data, BridgeDue):
            self._bridge(data, today)

    def _plan_person(self, person: Person) -> None:
        say, plan = self._doors.say, self._plan
        plan.on(
            person.registered_on,
            lambda: (
                say(
                    person.guide,
                    person.registered_on,
                    ParticipantRegistered(
                        participant=person.participant,
                        municipality=facts.EMMEN,
                        rung=Rung.DAY_ACTIVITY if person.guide == "buurtsupport" else Rung.WORK_WITH_BENEFIT,
                        registered_on=person.registered_on,
                        school_leaver=person.school_leaver,
                    ),
                ),
                say(person.guide, person.registered_on, self._profile(person)),
            )[0],
        )
        advised_on = max(person.advised_on, person.registered_on)
        requested_on = min(person.requested_on, advised_on)
        plan.on(
            advised_on,
            lambda: say(
                "uwv",
                advised_on,
                ParticipantAdvised(
                    participant=person.participant,
                    outcome=AdviceOutcome.POSITIVE,
                    requested_on=requested_on,
                    received_on=requested_on,
                    advised_on=advised_on,
                    asked_by=AskedBy.PARTICIPANT if person.number % 6 == 1 else AskedBy.MUNICIPALITY,
                ),
            ),
        )
        plan.on(
            person.decided_on,
            lambda: say(
                "gemeente-emmen",
                person.decided_on,
                ParticipantDecided(
                    participant=person.participant,
                    municipality=facts.EMMEN,
                    outcome=DecisionOutcome.GRANTED,
                    decided_on=person.decided_on,
                    decided_by="team-werk-14",
                ),
            ),
        )
        if person.number <= facts.NUMBERS[0].places:
            # Before the werkbedrijf there is no order and no proposal; EMCO and the municipality agree.
            starts_on = person.decided_on + _TO_START
            plan.on(starts_on, lambda: self._start(person, _PLACES[person.number % 4][0], None, starts_on))

    def _profile(self, person: Person) -> ProfileStated:
        kinds = [kinds[0] for _, kinds, _ in _PLACES]
        first = person.number % len(kinds)
        return ProfileStated(
            participant=person.participant,
            hours_min=person.hours - 8,
            hours_max=person.hours + 4,
            postcode4="7811",
            max_travel_km=15,
            kinds=tuple(
                sorted({kinds[first], kinds[(first + 1) % len(kinds)], kinds[(first + 2) % len(kinds)]})
            ),
            needs=(),
            available_from=person.registered_on,
        )

    def _number(self, number: facts.Number) -> None:
        self._doors.say(
            "gemeente-emmen",
            number.stated_on,
            TargetSet(
                municipality=facts.EMMEN,
                year=number.year,
                fund=number.fund,
                number=Decimal(number.places),
                unit=Unit.CONTRACTS,
                hours_per_unit=None,
                provisional=False,
                published_on=number.stated_on,
                source=number.source,
            ),
        )

    def _policies(self) -> None:
        start = facts.WERKBEDRIJF_STARTS
        self._doors.say(
            "gemeente-emmen",
            start,
            PolicyAdopted(
                municipality=facts.EMMEN,
                policy="volgorde-2018",
                kind=PolicyKind.ORDER,
                valid_from=start,
                adopted_by="gemeenteraad",
                source=facts.ASSUMED,
                order=OrderRules(keys=(OrderKey.DECISION_DATE,)),
            ),
        )
        self._doors.say(
            "gemeente-emmen",
            start,
            PolicyAdopted(
                municipality=facts.EMMEN,
                policy="termijnen-2018",
                kind=PolicyKind.TERMS,
                valid_from=start,
                adopted_by="college",
                source=facts.ASSUMED,
                terms=TermsRules(
                    answer_days=28,
                    reservation_days=90,
                    bridge_within_days=7,
                    answers_needed=(AnsweredBy.GUIDE,),
                ),
            ),
        )

    def _offer(self, place: str, kinds: tuple[str, ...], seats: int) -> None:
        self._doors.say("emco", date(2017, 1, 9), PlaceOffered(**self._place(place, kinds, seats)))

    def _more_seats(self) -> None:
        for place, kinds, seats in _PLACES:
            self._doors.say("emco", date(2022, 1, 24), PlaceChanged(**self._place(place, kinds, seats + 5)))

    def _place(self, place: str, kinds: tuple[str, ...], seats: int) -> dict[str, Any]:
        return {
            "place": place,
            "rung": Rung.SHELTERED_WORK,
            "municipalities": (facts.EMMEN,),
            "seats": seats,
            "hours_min": Decimal(16),
            "hours_max": Decimal(36),
            "postcode4": "7811",
            "kinds": kinds,
            "offers": (),
            "from_on": date(2017, 1, 9),
            "until_on": None,
        }

    def _answer(self, made: ProposalMade, today: date) -> None:
        person = self._people[made.participant]
        says_no = person.declines_first_offer and made.participant not in self._declined
        if says_no:
            self._declined.add(made.participant)
        self._doors.say(
            made.guide,
            today,
            ProposalAnswered(
                proposal=made.proposal,
                participant=made.participant,
                by=AnsweredBy.GUIDE,
                answer=Answer.DECLINED if says_no else Answer.ACCEPTED,
                answered_by=f"coach-{made.guide}",
                reason=None,
                answered_on=today,
            ),
        )

    def _contract(self, accepted: ProposalAccepted, today: date) -> None:
        person = self._people[accepted.participant]
        starts_on = today + _TO_START
        self._plan.on(starts_on, lambda: self._start(person, accepted.place, accepted.proposal, starts_on))

    def _start(self, person: Person, place: str, proposal: str | None, starts_on: date) -> None:
        self._placed += 1
        placement = f"c-{person.number:04d}"
        self._doors.say(
            "emco",
            starts_on,
            PlacementStarted(
                placement=placement,
                participant=person.participant,
                place=place,
                proposal=proposal,
                rung=Rung.SHELTERED_WORK,
                starts_on=starts_on,
                ends_on=starts_on + timedelta(days=365),
                hours=person.hours,
                contract=ContractKind.TEMPORARY,
            ),
        )
        gone_on = starts_on + timedelta(days=150)
        if self._placed % 8 == 0 and gone_on.month <= _LAST_MONTH_TO_GO:
            # One in eight moves on; that room goes to the next on the list, within the year.
            self._plan.on(gone_on, lambda: self._end(person, placement, gone_on))
        else:
            kept_on = starts_on + _TRIAL
            self._plan.on(kept_on, lambda: self._keep(person, placement, kept_on))

    def _keep(self, person: Person, placement: str, on: date) -> None:
        self._doors.say(
            "emco",
            on,
            PlacementChanged(
                placement=placement,
                participant=person.participant,
                changed_on=on,
                hours=person.hours,
                ends_on=None,
                contract=ContractKind.PERMANENT,
                reason=PlacementChangeReason.PERMANENT,
            ),
        )

    def _end(self, person: Person, placement: str, on: date) -> None:
        self._doors.say(
            "emco",
            on,
            PlacementEnded(
                placement=placement,
                participant=person.participant,
                ended_on=on,
                reason=PlacementEndReason.STEP_UP,
            ),
        )

    def _bridge(self, due: BridgeDue, today: date) -> None:
        person = self._people[due.participant]
        rung = Rung.LEARN_WORK if person.number % 3 else Rung.WORK_WITH_BENEFIT
        self._doors.say(
            person.guide,
            today,
            ParticipantStepped(
                participant=due.participant, rung=rung, stepped_on=today, place=None, reason=None
            ),
        )

    def _leave(self, on: date, number: int) -> None:
        person = self._people[f"p-{number:04d}"]
        self._plan.on(
            on,
            lambda: self._doors.say(
                person.guide,
                on,
                ParticipantLeft(participant=person.participant, left_on=on, reason=LeaveReason.MOVED_AWAY),
            ),
        )
