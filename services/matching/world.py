"""What a batch has in hand of matching's state, and what it must have in hand for its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from typing import Any, Final

from services.matching.rules.answers import Said
from services.matching.rules.deviations import Deviation
from services.matching.rules.fit import Profile
from services.matching.rules.ladder import Step
from services.matching.rules.people import Person, Transfer
from services.matching.rules.places import Place, Placement, Seat
from services.matching.rules.policies import Policy
from services.matching.rules.proposals import Proposal, proposal_of
from services.matching.rules.room import Capacity
from services.matching.rules.waiting import Advice, Decision, Stay, Wait
from services.matching.rules.weighing import Passing, Weighing
from shared.contracts import ClockTicked, Data, ParticipantErased
from shared.messaging.event import Event
from shared.messaging.registry import amsterdam_date
from shared.messaging.rows import Rows, Table

PEOPLE: Final = Table("people", Person, "participant")
TRANSFERS: Final = Table("transfers", Transfer, "transfer")
ADVICES: Final = Table("advices", Advice, "participant")
DECISIONS: Final = Table("decisions", Decision, "participant", "municipality")
PROFILES: Final = Table("profiles", Profile, "participant", "partner")
PROFILE_VERSIONS: Final = Table("profile_versions", Profile, "participant", "version")
PLACES: Final = Table("places", Place, "place")
PLACEMENTS: Final = Table("placements", Placement, "placement")
POLICIES: Final = Table("policies", Policy, "municipality", "kind", "valid_from")
CAPACITIES: Final = Table("capacities", Capacity, "municipality", "year")
WAITING: Final = Table("waiting", Wait, "participant")
STAYS: Final = Table("stays", Stay, "participant", "municipality", "joined_on")
PROPOSALS: Final = Table("proposals", Proposal, "proposal")
ANSWERS: Final = Table("answers", Said, "proposal", "by", "partner")
SEATS: Final = Table("seats", Seat, "place", "participant")
PASSINGS: Final = Table("passings", Passing, "participant", "passed_at", "reason")
WEIGHINGS: Final = Table("weighings", Weighing, "place", "weighed_at")
WEIGHED: Final = Table("weighed", Weighing, "place")
DEVIATIONS: Final = Table("deviations", Deviation, "deviation", "participant")
STEPS: Final = Table("steps", Step, "participant", "step")


@dataclass(slots=True)
class World:
    """The part of the state that a batch touches; all of it, when made without arguments.

    Attributes:
        serves: municipalities whose list this is; None while the registry does not know the operator.
        speaks_for: municipalities by partner, as the registry has them.
    """

    serves: frozenset[str] | None = None
    speaks_for: dict[str, frozenset[str]] = field(default_factory=dict)
    people: Rows[Person] = field(default_factory=lambda: Rows(PEOPLE))
    transfers: Rows[Transfer] = field(default_factory=lambda: Rows(TRANSFERS))
    advices: Rows[Advice] = field(default_factory=lambda: Rows(ADVICES))
    decisions: Rows[Decision] = field(default_factory=lambda: Rows(DECISIONS))
    profiles: Rows[Profile] = field(default_factory=lambda: Rows(PROFILES))
    places: Rows[Place] = field(default_factory=lambda: Rows(PLACES))
    placements: Rows[Placement] = field(default_factory=lambda: Rows(PLACEMENTS))
    policies: Rows[Policy] = field(default_factory=lambda: Rows(POLICIES))
    capacities: Rows[Capacity] = field(default_factory=lambda: Rows(CAPACITIES))
    waiting: Rows[Wait] = field(default_factory=lambda: Rows(WAITING))
    stays: Rows[Stay] = field(default_factory=lambda: Rows(STAYS))
    proposals: Rows[Proposal] = field(default_factory=lambda: Rows(PROPOSALS))
    answers: Rows[Said] = field(default_factory=lambda: Rows(ANSWERS))
    seats: Rows[Seat] = field(default_factory=lambda: Rows(SEATS))
    profile_versions: Rows[Profile] = field(default_factory=lambda: Rows(PROFILE_VERSIONS))
    passings: Rows[Passing] = field(default_factory=lambda: Rows(PASSINGS))
    weighings: Rows[Weighing] = field(default_factory=lambda: Rows(WEIGHINGS))
    weighed: Rows[Weighing] = field(default_factory=lambda: Rows(WEIGHED))
    deviations: Rows[Deviation] = field(default_factory=lambda: Rows(DEVIATIONS))
    steps: Rows[Step] = field(default_factory=lambda: Rows(STEPS))

    def profile_of(self, participant: str) -> Profile | None:
        """The profile that the present guide stated, else the latest of those before."""
        person = self.people.get(participant)
        if person is None:
            return None
        tellers = (person.guide, *reversed(person.guides))
        told = (self.profiles.get((participant, teller)) for teller in tellers)
        return next((profile for profile in told if profile is not None), None)

    def answers_to(self, proposal: str) -> list[Said]:
        """The answers given to a proposal; few proposals at a time have any."""
        return [answer for answer in self.answers if answer.proposal == proposal]

    def fork(self) -> World:
        """A copy in which a tick can look ahead; the rows themselves are frozen and shared."""
        copies: dict[str, Any] = {name: Rows(table, getattr(self, name)) for name, table in TABLES.items()}
        return World(serves=self.serves, speaks_for=self.speaks_for, **copies)


TABLES: Final[dict[str, Table[Any]]] = {
    "people": PEOPLE,
    "transfers": TRANSFERS,
    "advices": ADVICES,
    "decisions": DECISIONS,
    "profiles": PROFILES,
    "places": PLACES,
    "placements": PLACEMENTS,
    "policies": POLICIES,
    "capacities": CAPACITIES,
    "waiting": WAITING,
    "stays": STAYS,
    "proposals": PROPOSALS,
    "answers": ANSWERS,
    "seats": SEATS,
    "profile_versions": PROFILE_VERSIONS,
    "passings": PASSINGS,
    "weighings": WEIGHINGS,
    "weighed": WEIGHED,
    "deviations": DEVIATIONS,
    "steps": STEPS,
}
"""Every table of the world, by its field."""


@dataclass(slots=True)
class Touched:
    """What the events of a batch name.

    Attributes:
        erased: participants of whom everything must be in hand that is to go.
        today: the day of the latest tick, which looks at all that stands; None without a tick.
    """

    participants: set[str] = field(default_factory=set)
    transfers: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    placements: set[str] = field(default_factory=set)
    proposals: set[str] = field(default_factory=set)
    municipalities: set[str] = field(default_factory=set)
    deviations: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    today: date | None = None


_NAMED: Final = {
    "participant": "participants",
    "transfer": "transfers",
    "place": "places",
    "placement": "placements",
    "proposal": "proposals",
    "reservation": "proposals",
    "municipality": "municipalities",
    "deviation": "deviations",
}


def touched(events: Iterable[Event]) -> Touched:
    """What must be in hand for these events."""
    found = Touched()
    for event in events:
        if isinstance(event.data, ClockTicked):
            day = amsterdam_date(event.data.at)
            # The earliest: what is over on a later day is looked at as well, and seen to be over.
            found.today = day if found.today is None else min(found.today, day)
            continue
        if isinstance(event.data, ParticipantErased):
            found.erased.add(event.data.participant)
        for name, into in _named_by(type(event.data)):
            value = getattr(event.data, name)
            if isinstance(value, str):
                getattr(found, into).add(proposal_of(value) if name == "reservation" else value)
    return found


@cache
def _named_by(kind: type[Data]) -> tuple[tuple[str, str], ...]:
    """Which fields of a type name something, and where that is to be found in `Touched`."""
    return tuple((name, into) for name, into in _NAMED.items() if name in kind.model_fields)


assert set(TABLES) == {f.name for f in fields(World)} - {"serves", "speaks_for"}  # noqa: S101 - none is forgotten
