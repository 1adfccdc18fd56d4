"""How the partners act: what they state on their own account, and how they answer what they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final

from deploy.demo import facts, hosts, statements
from deploy.demo.door import Doors
from deploy.demo.people import Person
from shared.contracts import (
    Answer,
    AnsweredBy,
    BridgeDue,
    LeaveReason,
    ParticipantLeft,
    ProposalAccepted,
    ProposalMade,
    StepReason,
)
from shared.contracts.base import Data, Rung
from shared.messaging.event import Event

MUNICIPALITY: Final = "gemeente-emmen"

_MADE_PERMANENT_AFTER: Final = timedelta(days=330)
_GONE_AFTER: Final = timedelta(days=150)
_LAST_MONTH_TO_GO: Final = 8
"""Nobody of the story leaves later in the year, so that the room is filled again by its end."""
_TO_START: Final = timedelta(days=14)
_LEAVE: Final = {30: date(2020, 6, 8), 44: date(2021, 4, 12), 71: date(2021, 9, 6), 105: date(2021, 11, 8)}
"""Who moves away, by number."""

# What follows is assumed, all of it: no source tells of single people.
_BACK_AFTER: Final = timedelta(days=240)
"""How long the first who moved on tries a regular job, before stepping back into the line."""
_LEARNS_AT_EMCO: Final = 80
"""Whose bridge is at a host's place, and ends before the sheltered job is there."""
_LEARNS_FOR: Final = timedelta(days=210)
_GRANTED_AGAIN: Final = (116, date(2021, 12, 15))
"""Who is named to the group with precedence, by a grant that is repeated."""
_ORDER_OF_2022: Final = date(2021, 12, 13)
_GOES_FIRST: Final = (112, "emco-montage", date(2022, 2, 14))
"""Who is let go before their turn, to which place."""
_TO_BEGIN: Final = timedelta(days=7)
"""From the yes to a bridge to its first day."""
_TERMS_OF_2022: Final = date(2022, 5, 30)
"""When the college lets host and participant answer as well."""
_TO_ANSWER: Final = {AnsweredBy.PARTICIPANT: 0, AnsweredBy.HOST: 7, AnsweredBy.GUIDE: 14}
"""Days after which each answers, where all of them do."""


class Plan:
    """What is going to be said, by day; the driver has it said when that day has come."""

    def __init__(self) -> None:
        self._days: dict[date, list[Callable[[], None]]] = {}

    def on(self, day: date, say: Callable[[], None]) -> None:
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
        self._placed: Counter[int] = Counter()
        self._jobs: Counter[str] = Counter()
        self._moved_on = False
        self._learned = False
        self._taking_part: set[str] = set()

    def prepare(self) -> None:
        """Plan what does not depend on anything that the services will say."""
        for number in facts.NUMBERS:
            self._say(MUNICIPALITY, number.stated_on, statements.number_set(number))
        self._say(MUNICIPALITY, facts.WERKBEDRIJF_STARTS, statements.order())
        self._say(MUNICIPALITY, facts.WERKBEDRIJF_STARTS, statements.terms())
        for place in hosts.PLACES:
            self._say("emco", hosts.OFFERED_ON, hosts.offered(place))
            self._say("emco", date(2022, 1, 24), hosts.enlarged(place))
        self._say("emco", hosts.OFFERED_ON, hosts.learn_place_offered())
        self._say("buurtsupport", facts.BUURTSUPPORT_JOINS, hosts.activities_offered())
        self._say(MUNICIPALITY, _ORDER_OF_2022, statements.order_of_2022())
        self._say(MUNICIPALITY, _TERMS_OF_2022, statements.terms_of_2022(_TERMS_OF_2022))
        self._say(MUNICIPALITY, facts.GRONINGEN_STATED_ON, statements.groningen_merged())
        for person in self._people.values():
            self._plan_person(person)

    def read(self, events: Sequence[Event], today: date) -> None:
        """Act on what the services stated."""
        made = [event.data for event in events if isinstance(event.data, ProposalMade)]
        bridges = {data.participant: data for data in made if data.rung is not Rung.SHELTERED_WORK}
        for data in bridges.values():
            self._take_bridge(data, today)
        for event in events:
            self._act(event.data, bridges, today)

    def _act(self, data: Data, bridges: Mapping[str, ProposalMade], today: date) -> None:
        if isinstance(data, ProposalMade):
            if data.rung is Rung.SHELTERED_WORK:
                self._answer(data, today)
        elif isinstance(data, ProposalAccepted):
            if data.rung is not Rung.SHELTERED_WORK:
                return
            starts_on = today + _TO_START
            start = partial(self._start, self._people[data.participant], data.place, data.proposal, starts_on)
            self._plan.on(starts_on, start)
        elif isinstance(data, BridgeDue) and data.participant not in bridges:
            self._bridge(data, today)

    def _say(self, partner: str, on: date, data: Data) -> None:
        self._plan.on(on, partial(self._doors.say, partner, on, data))

    def _plan_person(self, person: Person) -> None:
        self._say(person.guide, person.registered_on, statements.registered(person))
        self._say(person.guide, person.registered_on, statements.profile(person))
        self._say("uwv", person.advised_on, statements.advised(person))
        self._say(MUNICIPALITY, person.decided_on, statements.decided(person))
        if person.number in _LEAVE:
            on = _LEAVE[person.number]
            left = ParticipantLeft(participant=person.participant, left_on=on, reason=LeaveReason.MOVED_AWAY)
            self._say(person.guide, on, left)
            self._plan.on(on, partial(self._stop_taking_part, person, on))
        if person.number == _GRANTED_AGAIN[0]:
            on = _GRANTED_AGAIN[1]
            self._say(MUNICIPALITY, on, statements.decided_again(person, on))
        if person.number == _GOES_FIRST[0]:
            _, place, on = _GOES_FIRST
            self._say(MUNICIPALITY, on, statements.deviation(person, place, on))
        if person.number <= facts.NUMBERS[0].places:
            # Before the werkbedrijf there is no order and no proposal; EMCO and the municipality agree.
            place = list(hosts.PLACES)[person.number % len(hosts.PLACES)]
            starts_on = person.decided_on + _TO_START
            self._plan.on(starts_on, partial(self._start, person, place, None, starts_on))

    def _start(self, person: Person, place: str, proposal: str | None, on: date) -> None:
        self._jobs[person.participant] += 1
        placement = hosts.placement_of(person, self._jobs[person.participant])
        self._doors.say("emco", on, hosts.started(person, placement, place, proposal, on))
        self._stop_taking_part(person, on)
        if on >= facts.COUNCIL_PAYS_FROM and self._placed[on.year] in facts.paid_by_the_council():
            self._doors.say(MUNICIPALITY, on, statements.paid_by_the_council(placement, on))
        self._placed[on.year] += 1
        gone_on = on + _GONE_AFTER
        if self._placed.total() % 8 == 0 and gone_on.month <= _LAST_MONTH_TO_GO:
            # One in eight moves on; that room goes to the next on the list, within the year.
            self._say("emco", gone_on, hosts.ended(person, placement, gone_on))
            self._try_a_job(person, gone_on + timedelta(days=1))
        else:
            kept_on = on + _MADE_PERMANENT_AFTER
            self._say("emco", kept_on, hosts.made_permanent(person, placement, kept_on))

    def _try_a_job(self, person: Person, on: date) -> None:
        """The first who moves on comes back: trying a regular job costs nobody the place in line."""
        if self._moved_on:
            return
        self._moved_on = True
        up = statements.stepped(person, Rung.REGULAR_WORK, on, StepReason.READY_FOR_MORE)
        self._say(person.guide, on, up)
        back_on = on + _BACK_AFTER
        down = statements.stepped(person, Rung.LEARN_WORK, back_on, StepReason.TOO_MUCH)
        self._say(person.guide, back_on, down)

    def _answer(self, made: ProposalMade, today: date) -> None:
        person = self._people[made.participant]
        if person.declines_first_offer and made.participant not in self._declined:
            self._declined.add(made.participant)
            self._doors.say(
                made.guide, today, statements.answered(made, AnsweredBy.GUIDE, Answer.DECLINED, today)
            )
            return
        self._say_yes(made, today)

    def _say_yes(self, made: ProposalMade, today: date) -> date:
        """Everyone whose answer is needed says yes, one after another; the day of the last."""
        several = len(made.answers_needed) > 1
        days = [today]
        for by in made.answers_needed:
            on = today + timedelta(days=_TO_ANSWER[by] if several else 0)
            yes = statements.answered(made, by, Answer.ACCEPTED, on)
            self._say(made.host if by is AnsweredBy.HOST else made.guide, on, yes)
            days.append(on)
        return max(days)

    def _take_bridge(self, made: ProposalMade, today: date) -> None:
        """All say yes, and the host lets the person begin a week later."""
        self._taking_part.add(made.participant)
        on = self._say_yes(made, today) + _TO_BEGIN
        self._say(made.host, on, hosts.takes_part(self._people[made.participant], made, on))

    def _stop_taking_part(self, person: Person, on: date) -> None:
        """Whoever has a job or moves away leaves the activities, and that seat is free again."""
        if person.participant in self._taking_part:
            self._taking_part.discard(person.participant)
            self._doors.say("buurtsupport", on, hosts.took_part(person, on))

    def _bridge(self, due: BridgeDue, today: date) -> None:
        person = self._people[due.participant]
        if person.number == _LEARNS_AT_EMCO and not self._learned:
            self._learned = True
            self._doors.say("emco", today, hosts.learning(person, today))
            until = today + _LEARNS_FOR
            self._say("emco", until, hosts.learned(person, until))
            return
        rung = Rung.LEARN_WORK if person.number % 3 else Rung.WORK_WITH_BENEFIT
        self._doors.say(person.guide, today, statements.stepped(person, rung, today))
