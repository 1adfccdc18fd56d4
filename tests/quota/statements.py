"""What partners state in the tests: the smallest sound statement of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts import (
    BridgeOffered,
    ContractKind,
    CountingRules,
    Fund,
    FundAssigned,
    MunicipalitiesMerged,
    ParticipantMoved,
    ParticipantRegistered,
    PlacementEnded,
    PlacementStarted,
    PolicyAdopted,
    PolicyKind,
    ReservationRequested,
    Rung,
    TargetSet,
    TermsRules,
    Unit,
    WaitingJoined,
)

EMMEN = "0114"
COEVORDEN = "0109"


def number(
    year: int, places: int, fund: Fund = Fund.MINISTRY, *, published: date | None = None, **more: Any
) -> TargetSet:
    """A number for Emmen."""
    fields: dict[str, Any] = {
        "municipality": EMMEN,
        "year": year,
        "fund": fund,
        "number": Decimal(places),
        "unit": Unit.CONTRACTS,
        "provisional": False,
        "published_on": published or date(year - 1, 12, 1),
        "source": "Staatscourant",
    }
    return TargetSet(**(fields | more))


def by_hours(hours_per_unit: int, valid_from: date) -> PolicyAdopted:
    """Hours are counted from that day."""
    rules = CountingRules(method=Unit.HOURS, hours_per_unit=Decimal(hours_per_unit))
    return _policy(PolicyKind.COUNTING, valid_from, counting=rules)


def held_for(days: int, valid_from: date) -> PolicyAdopted:
    """Room is held for so many days."""
    rules = TermsRules(answer_days=1, reservation_days=days, bridge_within_days=28)
    return _policy(PolicyKind.TERMS, valid_from, terms=rules)


def _policy(kind: PolicyKind, valid_from: date, **rules: Any) -> PolicyAdopted:
    return PolicyAdopted(
        municipality=EMMEN,
        policy=f"{kind}-{valid_from}",
        kind=kind,
        valid_from=valid_from,
        adopted_by="Raad",
        source="Verordening",
        **rules,
    )


def registered(
    participant: str, on: date = date(2016, 1, 1), municipality: str = EMMEN
) -> ParticipantRegistered:
    """Somebody is guided from that day."""
    return ParticipantRegistered(
        participant=participant,
        municipality=municipality,
        rung=Rung.WORK_WITH_BENEFIT,
        registered_on=on,
        school_leaver=False,
    )


def moved(participant: str, on: date, municipality: str) -> ParticipantMoved:
    """Somebody lives elsewhere from that day."""
    return ParticipantMoved(participant=participant, municipality=municipality, moved_on=on)


def asked(
    participant: str, on: date, *, hours: int = 28, place: str = "place-1", **more: Any
) -> ReservationRequested:
    """Matching asks for room."""
    fields: dict[str, Any] = {
        "reservation": f"res-{participant}-{on}",
        "municipality": EMMEN,
        "participant": participant,
        "place": place,
        "year": on.year,
        "hours": Decimal(hours),
        "rank": 1,
        "waiting_before": 0,
        "requested_on": on,
    }
    return ReservationRequested(**(fields | more))


def started(
    participant: str, on: date, *, until: date | None = None, hours: int = 28, **more: Any
) -> PlacementStarted:
    """A contract in sheltered work starts."""
    fields: dict[str, Any] = {
        "placement": f"pl-{participant}-{on}",
        "participant": participant,
        "place": "place-1",
        "rung": Rung.SHELTERED_WORK,
        "starts_on": on,
        "ends_on": until,
        "hours": Decimal(hours),
        "contract": ContractKind.PERMANENT if until is None else ContractKind.TEMPORARY,
    }
    return PlacementStarted(**(fields | more))


def assigned(placement: str, fund: Fund | None, on: date, municipality: str = EMMEN) -> FundAssigned:
    """The municipality says who pays for a contract."""
    return FundAssigned(
        municipality=municipality, placement=placement, fund=fund, from_on=on, reason="Raadsbesluit"
    )


def merged(predecessors: Sequence[str], municipality: str, on: date) -> MunicipalitiesMerged:
    """Codes end in another."""
    return MunicipalitiesMerged(
        municipality=municipality, predecessors=tuple(predecessors), merged_on=on, source="Wet"
    )


def waits(participant: str, on: date, municipality: str = EMMEN) -> WaitingJoined:
    """Somebody is on the list from that day."""
    return WaitingJoined(
        participant=participant,
        municipality=municipality,
        joined_on=on,
        decided_on=on,
        school_leaver=False,
    )


def bridged(participant: str, on: date, municipality: str = EMMEN) -> BridgeOffered:
    """Somebody who waits has something to do from that day."""
    return BridgeOffered(
        participant=participant, municipality=municipality, rung=Rung.LEARN_WORK, offered_on=on
    )


def ended(placement: str, participant: str, on: date) -> PlacementEnded:
    """A contract ended."""
    return PlacementEnded.model_validate(
        {"placement": placement, "participant": participant, "ended_on": on, "reason": "own-wish"},
        strict=False,
    )


def these(*values: Any) -> tuple[Any, ...]:
    """Figures side by side: a number of places is equal to a whole number, whatever type says so."""
    return values


def days(n: int) -> timedelta:
    """So many days."""
    return timedelta(days=n)
