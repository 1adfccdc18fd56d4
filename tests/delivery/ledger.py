"""What was sent, kept by the sender: the one thing that all else is compared with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from typing import Final

from shared.contracts import (
    DecisionOutcome,
    ParticipantDecided,
    ParticipantRegistered,
    ParticipantStepped,
)
from shared.contracts.base import Rung, Stream
from shared.messaging.event import Event
from tests.delivery.toy.service import linked

GUIDE: Final = "menso"
GUIDE_SOURCE: Final = "urn:nld:kvknr:90000002:systeem:ledger"
MUNICIPALITY: Final = "gemeente-emmen"
MUNICIPALITY_SOURCE: Final = "urn:nld:oin:00000099000000114000:systeem:ledger"
DAY: Final = date(2021, 3, 1)
MOMENT: Final = datetime(2021, 3, 1, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Ledger:
    """Every event that was made to be sent, by person and in order.

    Attributes:
        steps: ids of each person's steps.
        decisions: ids of each person's decisions.
        registered: who was registered.
    """

    steps: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    decisions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    registered: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events there are."""
        lists = [*self.steps.values(), *self.decisions.values()]
        return len(self.registered) + sum(len(ids) for ids in lists)

    @property
    def people(self) -> set[str]:
        """Everybody whom an event is about."""
        return {*self.steps, *self.decisions, *self.registered}

    def chain(self, person: str) -> str:
        """What a service must have made of the person's steps, if it took each once and in order."""
        return reduce(linked, self.steps.get(person, []), "")

    def step(self, person: str, *, place: str | None = None) -> Event:
        """One step more of a person, entered in the ledger."""
        ids = self.steps[person]
        ids.append(f"{person}-step-{len(ids) + 1}")
        data = ParticipantStepped(
            participant=person, rung=Rung.WORK_WITH_BENEFIT, stepped_on=DAY, place=place
        )
        return _event(ids[-1], GUIDE_SOURCE, GUIDE, data)

    def registration(self, person: str) -> Event:
        """The registration of a person, entered in the ledger."""
        self.registered.append(person)
        data = ParticipantRegistered(
            participant=person,
            municipality="0114",
            rung=Rung.WORK_WITH_BENEFIT,
            registered_on=DAY,
            school_leaver=False,
        )
        return _event(f"{person}-registered", GUIDE_SOURCE, GUIDE, data)

    def decision(self, person: str, *, by: str = "team-werk-14") -> Event:
        """A decision about a person by the municipality, entered in the ledger."""
        ids = self.decisions[person]
        ids.append(f"{person}-decision-{len(ids) + 1}")
        data = ParticipantDecided(
            participant=person,
            municipality="0114",
            outcome=DecisionOutcome.GRANTED,
            decided_on=DAY,
            decided_by=by,
        )
        return _event(ids[-1], MUNICIPALITY_SOURCE, MUNICIPALITY, data)

    def round(self, people: list[str], steps: int) -> list[Event]:
        """Steps of all these people in turn."""
        return [self.step(person) for _ in range(steps) for person in people]


def _event(
    number: str,
    source: str,
    partner: str,
    data: ParticipantStepped | ParticipantRegistered | ParticipantDecided,
) -> Event:
    return Event(
        id=number,
        source=source,
        time=MOMENT,
        key=data.kafka_key,
        data=data,
        partner=partner,
        stream=Stream.INTAKE,
    )
