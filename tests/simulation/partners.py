"""The partners of Emmen, and what each of them can state."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from deploy.partners_file import load_all
from shared.contracts import (
    ClockTicked,
    ContractKind,
    Data,
    DecisionOutcome,
    DeviationDecided,
    DeviationReason,
    Fund,
    FundAssigned,
    ParticipantDecided,
    ParticipantRegistered,
    PlaceChanged,
    PlacementEnded,
    PlacementEndReason,
    PlacementStarted,
    PlaceOffered,
    PolicyAdopted,
    ProfileStated,
    Role,
    TargetSet,
    Unit,
)
from shared.contracts.base import Rung, Stream
from shared.messaging.event import Event
from shared.messaging.registry import AMSTERDAM
from tests.delivery.programs import ROOT

PARTNERS: Final = load_all(ROOT / "deploy" / "partners")
DOORS: Final = tuple(file.record.partner for file in PARTNERS)
EMMEN: Final = "0114"
ELSEWHERE: Final = "0109"
BRIDGE: Final = "emco-leerwerk"
"""Something to do until there is a job."""
FIRST_DAY: Final = date(2021, 1, 4)
_URN: Final = {file.record.partner: file.record.urn for file in PARTNERS}
_REGIE: Final = next(file.record for file in PARTNERS if Role.REGIE in file.record.roles)


def _rung(place: str) -> Rung:
    return Rung.LEARN_WORK if place == BRIDGE else Rung.SHELTERED_WORK


class Partners:
    """What they state, each in its own name; `day` is the day on which they do.

    Attributes:
        places: those that were offered.
        running: the contract that runs, by person.
        learning: the placement at the bridge, by person.
        numbers: statements so far.
    """

    def __init__(self) -> None:
        self.day = FIRST_DAY
        self.places: set[str] = set()
        self.running: dict[str, str] = {}
        self.learning: dict[str, str] = {}
        self.numbers = 0

    def say(self, partner: str, data: Data, about: str = "") -> Event:
        self.numbers += 1
        return Event(
            id="/".join(
                filter(None, (f"{self.numbers:03d}", data.TYPE.split(".", 2)[2], data.kafka_key, about))
            ),
            source=f"{_URN[partner]}:systeem:backoffice",
            # Facts of one person are told apart by their moment, so no two of one day share it.
            time=datetime.combine(self.day, time(9, self.numbers // 60 % 60, self.numbers % 60), AMSTERDAM),
            key=data.kafka_key,
            data=data,
            partner=partner,
            stream=Stream.INBOX,
        )

    def number(self, number: int) -> Event:
        said = TargetSet(
            municipality=EMMEN, year=self.day.year, fund=Fund.MINISTRY, number=Decimal(number),
            unit=Unit.CONTRACTS, provisional=False, published_on=self.day, source="simulation",
        )  # fmt: skip
        return self.say("gemeente-emmen", said, str(number))

    def policy(self, adopted: dict[str, Any]) -> Event:
        return self.say(
            "gemeente-emmen", PolicyAdopted(**adopted, valid_from=self.day), str(adopted["policy"])
        )

    def place(self, name: str, seats: int) -> Event:
        kind = PlaceChanged if name in self.places else PlaceOffered
        self.places.add(name)
        said = kind(
            place=name, rung=_rung(name), municipalities=(EMMEN,), seats=seats,
            hours_min=Decimal(12), hours_max=Decimal(36), postcode4="7811", kinds=("groen",), offers=(),
            from_on=FIRST_DAY,
        )  # fmt: skip
        return self.say("emco", said)

    def registration(self, person: str) -> Event:
        said = ParticipantRegistered(
            participant=person, municipality=EMMEN, rung=Rung.WORK_WITH_BENEFIT, registered_on=self.day,
            school_leaver=False,
        )  # fmt: skip
        return self.say("menso", said)

    def profile(self, guide: str, person: str) -> Event:
        said = ProfileStated(
            participant=person, hours_min=Decimal(16), hours_max=Decimal(28), postcode4="7811",
            max_travel_km=15, kinds=("groen",), needs=(), available_from=FIRST_DAY,
        )  # fmt: skip
        return self.say(guide, said, guide)

    def decision(self, person: str, outcome: DecisionOutcome) -> Event:
        said = ParticipantDecided(
            participant=person, municipality=EMMEN, outcome=outcome, decided_on=self.day,
            decided_by="team-werk-14",
        )  # fmt: skip
        return self.say("gemeente-emmen", said, outcome)

    def deviation(self, person: str, place: str, reason: DeviationReason) -> Event:
        said = DeviationDecided(
            deviation=f"d-{self.numbers}", participant=person, municipality=EMMEN, place=place,
            decided_by="team-werk-14", reason=reason, explanation="simulation", decided_on=self.day,
        )  # fmt: skip
        return self.say("gemeente-emmen", said, "deviation")

    def assignment(self, placement: str, fund: Fund | None) -> Event:
        said = FundAssigned(
            municipality=EMMEN, placement=placement, fund=fund, from_on=self.day, reason="simulation"
        )
        return self.say("gemeente-emmen", said, placement)

    def start(self, person: str, place: str, proposal: str | None) -> Event:
        name = f"c-{person}-{self.numbers}"
        job = place != BRIDGE
        (self.running if job else self.learning)[person] = name
        said = PlacementStarted(
            placement=name, participant=person, place=place, proposal=proposal, rung=_rung(place),
            starts_on=self.day, ends_on=self.day + timedelta(days=200), hours=Decimal(24),
            contract=ContractKind.TEMPORARY if job else ContractKind.NONE,
        )  # fmt: skip
        return self.say("emco", said, name)

    def end(self, person: str, placement: str) -> Event:
        said = PlacementEnded(
            placement=placement, participant=person, ended_on=self.day, reason=PlacementEndReason.OTHER
        )
        return self.say("emco", said, placement)


def tick(at: datetime) -> Event:
    """It is that moment, for everybody."""
    return _on_registry(at, ClockTicked(at=at), at.isoformat())


def registrations() -> list[Event]:
    """Who takes part, the partner that keeps the registry first."""
    ordered = sorted(PARTNERS, key=lambda file: Role.REGIE not in file.record.roles)
    at = datetime.combine(date(2017, 1, 1), time.min, AMSTERDAM)
    return [_on_registry(at, file.record, file.record.partner) for file in ordered]


def _on_registry(at: datetime, data: Data, name: str) -> Event:
    return Event(
        id=name,
        source=f"{_REGIE.urn}:systeem:provision",
        time=at,
        key=data.kafka_key,
        data=data,
        partner="",
        stream=Stream.REGISTRY,
    )
