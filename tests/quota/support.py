"""A ledger in memory, and the people who state things to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from msgspec.structs import replace

from services.quota.handlers import Quota
from services.quota.rules.figures import Basis, Counts, Figures, Question, figures
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.spells import Spell, by
from services.quota.rules.stock import IN_ORDER
from services.quota.rules.waiting import listed
from services.quota.world import (
    CAPACITIES,
    DOMICILES,
    EARMARKS,
    MERGERS,
    PLACEMENTS,
    POLICIES,
    REPORTS,
    RESERVATIONS,
    SPELLS,
    STATEMENTS,
    TARGETS,
    WAITS,
    World,
)
from shared.contracts import (
    Agreement,
    ClockTicked,
    Data,
    PartnerRegistered,
    PartnerService,
    Role,
    ServiceName,
    Stream,
)
from shared.messaging.batch import Arrival, Batch, Result
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.rows import Table
from shared.messaging.service import Record
from shared.messaging.topics import Topics
from tests.quota import model
from tests.quota.statements import EMMEN

OPERATOR = "gemeente-emmen"
TOPICS = Topics()


def partner(
    name: str, number: int, roles: Sequence[Role], services: Sequence[PartnerService] = ()
) -> PartnerRegistered:
    """A partner of the region, with a made-up number."""
    return PartnerRegistered(
        partner=name,
        display_name=name,
        urn=f"urn:nld:kvknr:{number:08d}",
        roles=tuple(roles),
        municipalities=(EMMEN,),
        services=tuple(services),
        agreement=Agreement(name="test", effective_on=date(2015, 1, 1)),
    )


def _runs(service: ServiceName) -> PartnerService:
    return PartnerService(service=service, for_municipalities=(EMMEN,))


REGISTRY = Registry.of(
    [
        partner(OPERATOR, 1, [Role.MUNICIPALITY, Role.REGIE], [_runs(ServiceName.QUOTA)]),
        partner("menso", 2, [Role.GUIDE], [_runs(ServiceName.MATCHING)]),
        partner("buurtsupport", 3, [Role.GUIDE]),
        partner("emco", 4, [Role.HOST]),
    ]
)


def at(day: date, hour: int = 12) -> datetime:
    """A moment on that day."""
    return datetime.combine(day, time(hour), UTC)


EVERY_TABLE: tuple[Table[Any], ...] = (
    TARGETS,
    POLICIES,
    MERGERS,
    DOMICILES,
    PLACEMENTS,
    STATEMENTS,
    EARMARKS,
    SPELLS,
    WAITS,
    RESERVATIONS,
    CAPACITIES,
    REPORTS,
)
"""What the ledger keeps, beside its stock."""


@dataclass(slots=True)
class Speaker:
    """Makes events, each with an id of its own, as its partner would."""

    said: int = 0

    def event(self, data: Data, when: datetime, by: str | None = None) -> Event:
        """The data as an event that was recorded at `when`."""
        self.said += 1
        name = by or _whose(data)
        stated_by = REGISTRY.partners.get(name)
        urn = "urn:nld:kvknr:00000001" if stated_by is None else stated_by.urn
        return Event(
            id=f"{name}-{self.said}",
            source=f"{urn}:systeem:test",
            time=when,
            key=data.kafka_key,
            data=data,
            partner="" if data.STREAM is Stream.REGISTRY else name,
            stream=data.STREAM,
        )


def _whose(data: Data) -> str:
    if data.SERVICE is ServiceName.MATCHING:
        return "menso"
    if Role.HOST in data.ROLES and Role.GUIDE not in data.ROLES:
        return "emco"
    return "menso" if Role.GUIDE in data.ROLES else OPERATOR


@dataclass(slots=True)
class Ledger:
    """The service with all its state in memory: inbox, parking and batches, and no server.

    Attributes:
        stated: what the ledger stated, in order.
        log: what took effect, in order: others' facts and its own events.
    """

    registry: Registry = REGISTRY
    operator: str = OPERATOR
    replaying: bool = False
    world: World = field(default_factory=lambda: World(serves=frozenset({EMMEN})))
    stated: list[Event] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    parked: dict[tuple[str, str], Arrival] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    speaker: Speaker = field(default_factory=Speaker)
    service: Quota = field(default_factory=lambda: Quota(OPERATOR))

    def take(self, *events: Event) -> list[Any]:
        """Process events as one batch; returns what was stated because of it."""
        fresh = []
        for event in events:
            if (event.source, event.id) not in self.seen:
                self.seen.add((event.source, event.id))
                fresh.append(Arrival(record_of(event), event))
        waiting = [replace(arrival, parked=n) for n, arrival in enumerate(self.parked.values())]
        names = list(self.parked)
        batch = Batch(self.service, self.registry, self.operator, self.world, replaying=self.replaying)
        result: Result = batch.run(fresh, waiting)
        for n in result.unparked:
            del self.parked[names[n]]
        for arrival in result.parked.values():
            assert arrival.event is not None
            if arrival.parked is None:
                self.parked[arrival.event.source, arrival.event.id] = arrival
            else:
                name = names[arrival.parked]
                self.parked[name] = arrival
        self.stated += result.stated
        self.letters += result.letters
        return [event.data for event in result.stated]

    def hear(self, data: Data, when: datetime | date, by: str | None = None) -> list[Any]:
        """Process one event; returns what was stated because of it."""
        moment = when if isinstance(when, datetime) else at(when)
        return self.take(self.speaker.event(data, moment, by))

    def tick(self, when: datetime | date) -> list[Any]:
        """Let the clock tick."""
        moment = when if isinstance(when, datetime) else at(when, 6)
        return self.hear(ClockTicked(at=moment), moment)

    def figures(self, on: date, known_on: date | None = None, municipality: str = EMMEN) -> Figures:
        """The figures as the API would give them, counted by the slow model."""
        return figures_in(self.world, on, known_on, municipality)

    def occupied(self, municipality: str, day: date) -> Tally:
        """What the stock by day says is in force or agreed to start."""
        level = self.world.stock.level(municipality, day).values()
        return sum((change.in_force + change.starting for change in level), NOTHING)


def figures_in(world: World, on: date, known_on: date | None = None, municipality: str = EMMEN) -> Figures:
    """The figures, counted by the slow model."""
    basis, question = basis_of(world, municipality), Question.of(on, known_on)
    return figures(basis, model.count(world, basis.codes(question), question), on, known_on)


def record_of(event: Event) -> Record:
    """The event as a record that is not looked into any more."""
    return Record(TOPICS.of(event.partner, event.stream), b"", event.key.encode(), 0, 0, trusted=event)


def basis_of(world: World, municipality: str) -> Basis:
    """What the municipality and all others laid down."""
    return Basis(
        municipality=municipality,
        targets=list(world.targets),
        policies=[p for p in world.policies if p.municipality == municipality],
        mergers=list(world.mergers),
    )


def counted_by_spells(world: World, municipality: str, question: Question) -> Counts:
    """What the queries ask of the tables, asked of the spells in memory."""
    codes = basis_of(world, municipality).codes(question)

    def known(spell: Spell, moment: datetime | None) -> bool:
        if moment is None:
            return spell.known_until is None
        return spell.known_from < moment and (spell.known_until is None or spell.known_until >= moment)

    ours = [s for s in world.spells if s.municipality in codes]
    now = [s for s in ours if known(s, question.known) and s.period.covers(question.on)]
    there = {s.placement for s in now}
    later = [s for s in ours if known(s, question.agreed) and s.first and s.from_on > question.on]
    slow = model.count(world, codes, question)
    took = {
        s.placement
        for s in now
        if s.took_at is not None and (question.known is None or s.took_at < question.known)
    }
    return Counts(
        in_force=_by_fund(now),
        agreed=_by_fund(s for s in later if s.placement not in there),
        held=slow.held,
        without_reservation=len(there - took),
        waiting=listed(by(world.waits, question.known), codes, question.on)[0],
        bridged=listed(by(world.waits, question.known), codes, question.on)[1],
    )


def _by_fund(spells: Iterable[Spell]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for spell in spells:
        fund = spell.fund.value if spell.fund else IN_ORDER
        found[fund] = found.get(fund, NOTHING) + spell.period.tally
    return found


def state_of(world: World) -> dict[str, Any]:
    """Everything in the world, table by table, in a form that can be compared."""
    state: dict[str, Any] = {table.name: by_key(table, getattr(world, table.name)) for table in EVERY_TABLE}
    return state | {"stock": dict(world.stock.changed)}


def by_key(table: Table[Any], rows: Iterable[Any]) -> dict[Any, Any]:
    """Rows by their key."""
    return {table.key_of(row): row for row in rows}


def of_type(data: Iterable[Data], *types: type[Data]) -> list[Any]:
    """Only these types."""
    return [d for d in data if isinstance(d, types)]


# What people state, with everything that a test does not care about filled in.
