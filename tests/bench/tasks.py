"""What is done when something is measured: through which services, in which waves, for how many people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.base import Stream
from shared.messaging.event import Event
from shared.messaging.topics import Topics
from tests.bench import workload
from tests.bench.workload import ADVISOR, GUIDE, MUNICIPALITY, Sent

AT_ONCE: Final = 500
"""People for whom room is held at the same time, twice as many for a moment; a region has fewer."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service, and what it is told.

    Attributes:
        answers_on: partners and streams on which its own events lie.
    """

    name: str
    told: Mapping[str, str]
    answers_on: Sequence[tuple[str, Stream]]

    @property
    def package(self) -> str:
        """Where its migrations are."""
        return f"services.{self.name}"

    def answers(self, topics: Topics) -> list[str]:
        """The topics on which its own events lie."""
        return [topics.of(partner, stream) for partner, stream in self.answers_on]


INTAKE: Final = Stage(
    "intake",
    {"DOORS": f"{GUIDE},{ADVISOR},{MUNICIPALITY}", "DOOR_TOKENS": json.dumps({MUNICIPALITY: "bench"})},
    ((GUIDE, Stream.INTAKE), (ADVISOR, Stream.INTAKE), (MUNICIPALITY, Stream.INTAKE)),
)
MATCHING: Final = Stage("matching", {"OPERATOR": GUIDE}, ((GUIDE, Stream.MATCHING),))
QUOTA: Final = Stage("quota", {"OPERATOR": MUNICIPALITY}, ((MUNICIPALITY, Stream.QUOTA),))
NOTIFICATIONS: Final = Stage(
    "notifications", {"OPERATOR": MUNICIPALITY}, ((MUNICIPALITY, Stream.NOTIFICATIONS),)
)


@dataclass(frozen=True, slots=True)
class Wave:
    """Records put on the topics at once.

    Attributes:
        answers: own events of the last stage that there are once all is done, those of earlier waves too.
        timed: False for what must be known beforehand and is no part of the measurement.
    """

    records: Sequence[Sent]
    answers: int
    timed: bool = True


Waves = Callable[[Topics, Sequence[str]], list[Wave]]


@dataclass(frozen=True, slots=True)
class Task:
    """What all contenders do.

    Attributes:
        waves: for so many people.
        people: how many, for us and the bare loop; the newcomer's takes the first `fewer` of them.
        beforehand: tables that hold only what must be known beforehand, which the bare loop does not write;
            None where the tables that are measured hold some of it too, so that rows cannot be compared.
    """

    name: str
    stages: Sequence[Stage]
    waves: Waves
    people: int
    fewer: int
    beforehand: Sequence[str] | None = None


def at_the_door(topics: Topics, people: Sequence[str]) -> list[Wave]:
    """Through intake, from its inbox topics to the partners' streams: three statements a person."""
    count = len(people)
    return [
        Wave(_of(topics, people, workload.registered, inbox=True), count),
        Wave(_of(topics, people, workload.advised, workload.decided, inbox=True), 3 * count),
    ]


def joining(topics: Topics, people: Sequence[str]) -> list[Wave]:
    """Through matching: four statements a person, of which the decision makes the person wait."""
    facts = (workload.registered, workload.profiled, workload.advised)
    return [
        Wave(_of(topics, people, *facts), 0),
        Wave(_of(topics, people, workload.decided), len(people)),
    ]


def catching_up(topics: Topics, people: Sequence[str]) -> list[Wave]:
    """The same all at once, in the order in which topics happen to be read."""
    every = (workload.registered, workload.profiled, workload.advised, workload.decided)
    return [Wave(_of(topics, people, *every), len(people))]


def ledger(topics: Topics, people: Sequence[str], day: int = 0) -> list[Wave]:
    """Through quota: a request for room that is granted, and a contract that uses it.

    As it goes in a year: while contracts start for some, room is asked for the next.

    Args:
        day: on which it begins.
    """
    known = [workload.target(people[0]), *map(workload.registered, people)]
    waves = [Wave(workload.on_topics(known, topics), 0, timed=False)]
    rounds = [people[start : start + AT_ONCE] for start in range(0, len(people), AT_ONCE)]
    answers = 0
    for number, (asking, starting) in enumerate(zip([*rounds, []], [[], *rounds], strict=True)):
        events = [workload.started(person, day + number - 1) for person in starting]
        events += [workload.reserved(person, day + number) for person in asking]
        answers += len(events)
        waves.append(Wave(workload.on_topics(events, topics), answers))
    return waves


def telling(topics: Topics, people: Sequence[str]) -> list[Wave]:
    """Through notifications, from matching's events to queued messages, for people who are known."""
    return [
        Wave(_of(topics, people, workload.registered), len(people), timed=False),
        Wave(_of(topics, people, workload.joined), 2 * len(people)),
    ]


def journey(topics: Topics, people: Sequence[str]) -> list[Wave]:
    """From the door's topic to the queued message: people known before, then their decisions."""
    before = (workload.registered, workload.profiled, workload.advised)
    return [
        Wave(_of(topics, people, *before, inbox=True), 2 * len(people), timed=False),
        Wave(_of(topics, people, workload.decided, inbox=True), 4 * len(people)),
    ]


def timed_alone(waves: Sequence[Wave]) -> list[Wave]:
    """The waves for who needs to know nothing beforehand."""
    found, before, not_counted = [], 0, 0
    for wave in waves:
        if wave.timed:
            found.append(Wave(wave.records, wave.answers - not_counted))
        else:
            not_counted += wave.answers - before
        before = wave.answers
    return found


SERVICES: Final[Mapping[str, tuple[Stage, Waves]]] = {
    "intake": (INTAKE, at_the_door),
    "matching": (MATCHING, joining),
    "quota": (QUOTA, ledger),
    "notifications": (NOTIFICATIONS, telling),
}
"""Each service, and the work that it is measured at."""
BEFOREHAND: Final[Mapping[str, Sequence[str]]] = {"intake": (), "matching": (), "quota": ("domiciles",)}
"""Of a service, the tables that only its untimed waves fill."""
ROAD: Final = (INTAKE, MATCHING, NOTIFICATIONS)
"""The services that a journey leads through."""


def _of(
    topics: Topics, people: Sequence[str], *kinds: Callable[[str], Event], inbox: bool = False
) -> list[Sent]:
    events = [kind(person) for person in people for kind in kinds]
    return workload.on_topics(events, topics, at_the_door=inbox)
