"""What a batch has in hand of the door's state, and what the rules are shown of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import Struct

from services.intake.rules import deadlines, placements, places
from services.intake.rules.deadlines import Deadline
from services.intake.rules.facts import Fact, Facts, subjects, with_fact
from services.intake.rules.guidance import guidance
from services.intake.rules.statement import Statement
from shared.contracts import DeadlineKind, Role
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.rows import Rows, Table


class Known(Struct, frozen=True):
    """All facts about one subject.

    Attributes:
        subject: `participant:<id>`, `place:<id>` or `placement:<id>`.
        facts: oldest first, each a list of the parts of a `Fact`.
    """

    subject: str
    facts: tuple[list[Any], ...] = ()


KNOWN: Final = Table("known", Known, "subject")
DEADLINES: Final = Table("deadlines", Deadline, "about", "kind")
_TRANSFER: Final = "transfer:"


@dataclass(slots=True)
class World:
    """What a batch has in hand.

    Attributes:
        erased: people whose vault entry goes with this batch.
        promised: by partner and participant, the hand-overs that the partner accepted and whose offer has
            not been seen here; what it states of the person next waits for them as well.
    """

    registry: Registry
    known: Rows[Known] = field(default_factory=lambda: Rows(KNOWN))
    deadlines: Rows[Deadline] = field(default_factory=lambda: Rows(DEADLINES))
    erased: set[str] = field(default_factory=set)
    promised: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    guides: frozenset[str] = field(init=False)
    _facts: dict[str, Facts] = field(default_factory=dict, init=False)
    """What was asked of `known` before: the rules ask of every event several times."""

    def __post_init__(self) -> None:
        """Look up once who guides people; every statement at the door is shown it."""
        self.guides = frozenset(each.partner for each in self.registry.with_role(Role.GUIDE))

    def promise(self, partner: str, participant: str, names: Iterable[str]) -> None:
        """A partner waits for these names, and hand-overs among them decide whether it may say more."""
        hand_overs = {name for name in names if name.startswith(_TRANSFER)}
        self.promised.setdefault((partner, participant), set()).update(hand_overs)

    def facts(self, subject: str | None) -> Facts:
        """Facts about a subject; none for a subject that a statement does not name."""
        if subject is None:
            return ()
        found = self._facts.get(subject)
        if found is None:
            row = self.known.get(subject)
            found = self._facts[subject] = () if row is None else tuple(Fact(*each) for each in row.facts)
        return found

    def learn(self, subject: str, fact: Fact) -> None:
        """One fact more."""
        facts = self._facts[subject] = with_fact(self.facts(subject), fact)
        self.known.put(Known(subject, tuple([*each] for each in facts)))

    def deadline(self, about: str, kind: DeadlineKind) -> Deadline:
        """A deadline as far as it is known."""
        return self.deadlines.get((about, kind)) or Deadline(about, kind)

    def keep(self, deadline: Deadline) -> None:
        """Keep a deadline; what does not fall due and was never told leaves no row behind."""
        if deadline.due_on is None and not deadline.told:
            self.deadlines.drop((deadline.about, deadline.kind))
        else:
            self.deadlines.put(deadline)


def is_known(world: World, event: Event, field: str) -> bool:
    """Whether what a statement names in a field has been stated by who may."""
    data: Any = event.data
    match field:
        case "participant":
            return bool(guidance(world.facts(f"participant:{data.participant}")).held_by)
        case "transfer":
            return data.transfer in guidance(world.facts(f"participant:{data.participant}")).offers
        case "place":
            return places.host(world.facts(f"place:{data.place}")) is not None
        case _:
            return placements.placement(world.facts(f"placement:{data.placement}")) is not None


def promised(world: World, event: Event) -> list[str]:
    """Hand-overs that the partner accepted, of a person whom it does not guide yet.

    Its topic has the acceptance first, so what follows must not be refused for coming early. Who guides
    the person waits for nothing: an acceptance under a mistaken id must not silence the guide for good.
    """
    now = guidance(world.facts(f"participant:{event.key}"))
    if now.guide == event.partner:
        return []
    names = world.promised.get((event.partner, event.key), set())
    return sorted(name for name in names if name.removeprefix(_TRANSFER) not in now.offers)


def statement(world: World, event: Event) -> Statement[Any]:
    """What the rules are shown of a statement at the door."""
    names = subjects(event.data)
    partner = world.registry.partners[event.partner]
    return Statement(
        data=event.data,
        time=event.time,
        partner=event.partner,
        roles=frozenset(partner.roles),
        municipalities=frozenset(partner.municipalities),
        guides=world.guides,
        person=world.facts(names.get("participant")),
        place=world.facts(names.get("place")),
        placement=world.facts(names.get("placement")),
    )


def reckon(world: World, subject: str, event: Event) -> None:
    """Reckon anew what falls due about a subject of which something was learnt."""
    data: Any = event.data
    facts = world.facts(subject)
    if subject.startswith("participant:"):
        person = data.participant
        if isinstance(data, deadlines.STEPS):
            deadline = world.deadline(person, DeadlineKind.BENEFIT_WORK)
            world.keep(deadline.falling_on(deadlines.benefit_work_due(facts), person))
        if guidance(facts).erased:
            world.erased.add(person)
    elif subject.startswith("placement:"):
        known = placements.placement(facts)
        if known is not None:
            deadline = world.deadline(data.placement, DeadlineKind.CONTRACT_END)
            due_on, notice = deadlines.contract_end_due(facts), deadlines.CONTRACT_END_NOTICE
            world.keep(deadline.falling_on(due_on, known.participant, notice))
