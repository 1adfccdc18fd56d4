"""The newcomer's models: the events as pydantic reads them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel


def type_of(name: str) -> str:
    """The CloudEvents type behind a short name."""
    return f"nl.werkbedrijf.{name}.v1"


class CloudEvent(BaseModel):
    """The envelope."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: datetime
    partitionkey: str
    causationid: str | None = None
    correlationid: str | None = None
    data: dict[str, Any]


class Registered(BaseModel):
    """The guide registered a person."""

    participant: str
    municipality: str
    rung: str
    registered_on: date
    school_leaver: bool


class Profile(BaseModel):
    """What a person can and needs."""

    participant: str
    hours_min: float
    hours_max: float
    postcode4: str
    max_travel_km: int
    kinds: list[str]
    needs: list[str]
    available_from: date


class Advised(BaseModel):
    """UWV advised."""

    participant: str
    outcome: str
    requested_on: date
    advised_on: date


class Decided(BaseModel):
    """The municipality decided."""

    participant: str
    municipality: str
    outcome: str
    decided_on: date


class Joined(BaseModel):
    """The person waits."""

    participant: str
    municipality: str
    joined_on: date
    decided_on: date
    school_leaver: bool
    requested_on: date
    advised_on: date


class Queued(BaseModel):
    """A message is to be sent."""

    notification: str
    participant: str
    template: str
    channel: str
    about: str
    at: datetime


class Target(BaseModel):
    """The number of a year."""

    municipality: str
    number: Decimal


class Requested(BaseModel):
    """Room is asked for."""

    reservation: str
    municipality: str
    participant: str
    place: str
    year: int
    hours: Decimal
    requested_on: date


class Granted(BaseModel):
    """There is room, and it is held."""

    reservation: str
    municipality: str
    participant: str
    place: str
    year: int
    granted_on: date
    expires_on: date


class Started(BaseModel):
    """A contract has started."""

    placement: str
    participant: str
    place: str
    rung: str
    starts_on: date
    ends_on: date | None = None
    hours: Decimal
    contract: str


class Used(BaseModel):
    """The contract took the room."""

    reservation: str
    participant: str
    placement: str
    used_on: date
