"""Partners, events and worlds for the tests of notifications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from services.notifications.handlers import Notifications
from services.notifications.store import World
from shared.contracts import (
    AdviceOutcome,
    Agreement,
    AnsweredBy,
    AskedBy,
    BridgeOffered,
    ContractKind,
    Data,
    DecisionOutcome,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    PartnerRegistered,
    PartnerService,
    PlacementStarted,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    Role,
    Rung,
    ServiceName,
    WaitingJoined,
    WaitingLeaveReason,
    WaitingLeft,
)
from shared.messaging.batch import Arrival, Batch
from shared.messaging.event import Event, encode
from shared.messaging.registry import Registry
from shared.messaging.service import Record
from shared.messaging.topics import Topics

PERSON = "p-7f3k2m"
OPERATOR = "gemeente-emmen"
AGREEMENT = Agreement(name="Uitvoering beschut werk 2017 (aangenomen)", effective_on=date(2017, 1, 1))
MORNING = datetime(2020, 12, 1, 8, 0, tzinfo=UTC)


def partner(name: str, urn: str, *roles: Role, **more: Any) -> PartnerRegistered:
    """A partner of Emmen; its number is fictive."""
    return PartnerRegistered(
        partner=name,
        display_name=more.pop("display_name", name.capitalize()),
        urn=urn,
        roles=roles,
        municipalities=("0114",),
        agreement=AGREEMENT,
        **more,
    )


def partners(vault: str = "http://127.0.0.1:1") -> list[PartnerRegistered]:
    """The partners of Emmen, with the vault of both guides at one address."""
    return [
        partner(
            OPERATOR,
            "urn:nld:oin:00000099000000114000",
            Role.MUNICIPALITY,
            Role.REGIE,
            display_name="Gemeente Emmen",
            services=(
                PartnerService(service=ServiceName.NOTIFICATIONS, for_municipalities=("0114",)),
                PartnerService(service=ServiceName.QUOTA, for_municipalities=("0114",)),
            ),
        ),
        partner(
            "menso",
            "urn:nld:kvknr:90000002",
            Role.GUIDE,
            services=(PartnerService(service=ServiceName.MATCHING, for_municipalities=("0114",)),),
            vault=vault,
        ),
        partner("buurtsupport", "urn:nld:kvknr:90000003", Role.GUIDE, vault=vault),
        partner("emco", "urn:nld:kvknr:90000001", Role.HOST, display_name="EMCO"),
        partner("uwv", "urn:nld:oin:00000099000000222000", Role.ADVISOR, display_name="UWV"),
    ]


def registry(vault: str = "http://127.0.0.1:1") -> Registry:
    """The registry with these partners."""
    return Registry.of(partners(vault))


def event(
    data: Data,
    by: str,
    *,
    n: int | str = 1,
    time: datetime = MORNING,
    dataref: str | None = None,
) -> Event:
    """What a partner, or a service for it, stated."""
    system = by if data.SERVICE is None else f"werkbedrijf-{data.SERVICE}"
    return Event(
        id=f"{by}-{data.TYPE}-{data.kafka_key}-{n}",
        source=f"{registry().partners[by].urn}:systeem:{system}",
        time=time,
        key=data.kafka_key,
        data=data,
        partner=by,
        stream=data.STREAM,
        correlation="j-1",
        dataref=dataref,
    )


def record(what: Event, topics: Topics) -> Record:
    """The event as it comes from Kafka."""
    return Record(topics.of(what.partner, what.stream), encode(what), what.key.encode(), 0, 1)


def registered(
    person: str = PERSON, *, by: str = "menso", vault: str = "http://127.0.0.1:1", **more: Any
) -> Event:
    """A person at a guide, with the address of the guide's vault."""
    data = ParticipantRegistered(
        participant=person,
        municipality=more.pop("municipality", "0114"),
        rung=Rung.WORK_WITH_BENEFIT,
        registered_on=more.pop("registered_on", date(2020, 3, 1)),
        school_leaver=False,
    )
    return event(data, by, dataref=f"{vault}/v1/people/{person}", **more)


def journey(person: str = PERSON) -> list[Event]:
    """Every event about a person that is told, once each, in the order of a long story."""
    common: dict[str, Any] = {"participant": person, "municipality": "0114"}
    proposal: dict[str, Any] = {**common, "place": "emco-groen-12", "reservation": "res-31"}
    steps: list[tuple[Data, str]] = [
        (
            ParticipantAdvised(
                participant=person,
                outcome=AdviceOutcome.POSITIVE,
                requested_on=date(2020, 9, 1),
                received_on=date(2020, 9, 3),
                advised_on=date(2020, 10, 22),
                asked_by=AskedBy.MUNICIPALITY,
            ),
            "uwv",
        ),
        (
            ParticipantDecided(
                **common,
                outcome=DecisionOutcome.GRANTED,
                decided_on=date(2020, 11, 5),
                decided_by="team-werk-14",
            ),
            OPERATOR,
        ),
        (
            WaitingJoined(
                **common, joined_on=date(2020, 11, 5), decided_on=date(2020, 11, 5), school_leaver=False
            ),
            "menso",
        ),
        (BridgeOffered(**common, rung=Rung.LEARN_WORK, offered_on=date(2020, 11, 23)), "menso"),
        (made(person), "menso"),
        (
            ProposalDeclined(
                **proposal, proposal="prop-31", by=AnsweredBy.PARTICIPANT, declined_on=date(2020, 12, 7)
            ),
            "menso",
        ),
        (ProposalExpired(**proposal, proposal="prop-32", expired_on=date(2021, 1, 16)), "menso"),
        (
            ProposalWithdrawn(
                **proposal,
                proposal="prop-33",
                reason=ProposalWithdrawReason.PLACE_WITHDRAWN,
                withdrawn_on=date(2021, 2, 1),
            ),
            "menso",
        ),
        (ProposalAccepted(**proposal, proposal="prop-34", accepted_on=date(2021, 3, 1)), "menso"),
        (
            PlacementStarted(
                placement="pl-88",
                participant=person,
                place="emco-groen-12",
                rung=Rung.SHELTERED_WORK,
                proposal="prop-34",
                starts_on=date(2021, 4, 1),
                ends_on=date(2022, 3, 31),
                hours=Decimal("27.5"),
                contract=ContractKind.TEMPORARY,
            ),
            "emco",
        ),
        (
            WaitingLeft(**common, left_on=date(2021, 5, 1), reason=WaitingLeaveReason.WITHDRAWN),
            "menso",
        ),
    ]
    return [event(data, by, n=n) for n, (data, by) in enumerate(steps)]


def made(person: str = PERSON, proposal: str = "prop-31") -> ProposalMade:
    """A place at EMCO is proposed."""
    return ProposalMade(
        proposal=proposal,
        participant=person,
        place="emco-groen-12",
        reservation="res-31",
        municipality="0114",
        host="emco",
        guide="menso",
        made_on=date(2020, 12, 1),
        expires_on=date(2020, 12, 15),
        rank=1,
        policy="emmen-volgorde-2017",
        reasons=(),
    )


class Desk:
    """The service in memory: what the runner does, without servers."""

    def __init__(self, *, replaying: bool = False, residents_of: frozenset[str] | None = None) -> None:
        self.service = Notifications(OPERATOR)
        self.world = World.empty(residents_of)
        self.stated: list[Event] = []
        self._replaying = replaying
        self._parked: dict[int, Arrival] = {}
        self._seen: set[tuple[str, str]] = set()

    def take(self, events: Iterable[Event]) -> Sequence[Event]:
        """Take events in this order, each of its own; returns what was stated because of them."""
        before = len(self.stated)
        for each in events:
            self._take(each)
        return self.stated[before:]

    def _take(self, what: Event) -> None:
        if (what.source, what.id) in self._seen:
            return
        self._seen.add((what.source, what.id))
        batch = Batch(self.service, registry(), OPERATOR, self.world, replaying=self._replaying)
        arrival = Arrival(Record("t", encode(what), what.key.encode()), what)
        result = batch.run([arrival], list(self._parked.values()))
        for number in result.unparked:
            del self._parked[number]
        for waiting in result.parked.values():
            number = id(waiting.record) if waiting.parked is None else waiting.parked
            self._parked[number] = replace(waiting, parked=number)
        assert not result.letters
        self.stated += result.stated

    @property
    def templates(self) -> list[str]:
        """Templates of the messages, in order of their ids."""
        return sorted(message.template for message in self.world.messages)

    @property
    def parked(self) -> int:
        """Events that wait for what they build on."""
        return len(self._parked)

    def state(self) -> tuple[Any, ...]:
        """All that a replay must rebuild."""
        world = self.world
        return tuple(
            sorted(repr(row) for row in rows) for rows in (world.people, world.tidings, world.messages)
        )
