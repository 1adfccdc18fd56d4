"""What every event's data has in common, and the catalogue that lists them all."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

NAMESPACE = "nl.werkbedrijf"


class Stream(StrEnum):
    """The last part of a topic's name; who may read differs per stream."""

    INBOX = "inbox"
    INTAKE = "intake"
    PROFILES = "profiles"
    MATCHING = "matching"
    QUOTA = "quota"
    NOTIFICATIONS = "notifications"
    REGISTRY = "registry"


class Role(StrEnum):
    """What a partner is in the region; the registry grants it, an event type asks for it."""

    GUIDE = "guide"
    ADVISOR = "advisor"
    MUNICIPALITY = "municipality"
    HOST = "host"
    REGIE = "regie"


class ServiceName(StrEnum):
    """A service that a partner may run; its events are the operator's to state."""

    INTAKE = "intake"
    MATCHING = "matching"
    QUOTA = "quota"
    NOTIFICATIONS = "notifications"


class Rung(StrEnum):
    """A step on the ladder from day activities to a regular job; down is as normal as up."""

    DAY_ACTIVITY = "day_activity"
    WORK_WITH_BENEFIT = "work_with_benefit"
    TRIAL_PLACEMENT = "trial_placement"
    LEARN_WORK = "learn_work"
    SHELTERED_WORK = "sheltered_work"
    SUPPORTED_WORK = "supported_work"
    REGULAR_WORK = "regular_work"


class Fund(StrEnum):
    """Who pays for a sheltered place."""

    MINISTRY = "ministry"
    COUNCIL = "council"
    REDISTRIBUTION = "redistribution"


OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""An identifier that says nothing about the person: never a BSN, a name or a date of birth."""

# `[0-9]`, not `\d`: pydantic's `\d` also takes the digits of other scripts, which JSON Schema does not.
Municipality = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
"""CBS code of a municipality, four digits (Emmen: 0114)."""

Postcode4 = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3}$")]
"""The four digits of a Dutch postcode: near enough to measure a distance, too coarse for an address."""

PartnerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A partner's short name, as it stands in its topics: lower case, digits and hyphens."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$", max_length=60)]
"""A word of a vocabulary that a region fills itself: a kind of work, a priority group, a rule."""

EventType = Annotated[
    str, StringConstraints(pattern=r"^[a-z]+(\.[a-z][a-z0-9-]*)+\.v[1-9][0-9]*$", max_length=200)
]
"""A CloudEvents type, `nl.werkbedrijf.<noun>.<past tense>.v<N>`."""


def _number(value: Decimal) -> int | float:
    """Write a decimal as the shortest JSON number, so that one value has one spelling."""
    return int(value) if value == value.to_integral_value() else float(value)


def _decimal(value: Any) -> Any:
    """Read a JSON number as a decimal; not one in quotes, for the published schema says `number`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, Decimal):
        return value
    raise ValueError("must be a number")


def _instant(value: Any) -> Any:
    """Read RFC 3339 and nothing else; pydantic alone would also take seconds since 1970.

    The years are bounded as those of `CalendarDate` are: an offset can then be applied without overflow.
    """
    if isinstance(value, str):
        if _RFC3339.fullmatch(value) is None:
            raise ValueError("must be a moment as in RFC 3339, with offset: 2021-01-04T09:00:00+01:00")
        return datetime.fromisoformat(value.upper())
    return value


_RFC3339 = re.compile(
    r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


# The schemas of the two say "at most two decimals" in words: `multipleOf: 0.01` makes validators that
# divide floats refuse 0.29.
Hours = Annotated[
    Decimal,
    Field(ge=0, le=60, decimal_places=2),
    BeforeValidator(_decimal),
    PlainSerializer(_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 60, "$comment": "at most two decimals"}),
]
"""Hours per week, at most two decimals."""

Amount = Annotated[
    Decimal,
    Field(ge=-1_000_000, le=1_000_000, decimal_places=2),
    BeforeValidator(_decimal),
    PlainSerializer(_number, return_type=int | float, when_used="json"),
    WithJsonSchema(
        {"type": "number", "minimum": -1_000_000, "maximum": 1_000_000, "$comment": "at most two decimals"}
    ),
]
"""Places, in the unit in which a municipality counts: contracts, or hours over the hours of one place."""

Text = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
"""Free text for people, without control characters; the door refuses it where it looks like personal data."""

Count = Annotated[int, Field(ge=0, le=1_000_000)]
"""How many there are."""

Year = Annotated[int, Field(ge=2015, le=2199)]
"""A calendar year; the Participatiewet is of 2015."""

CalendarDate = Annotated[
    date,
    Field(ge=date(1900, 1, 1), le=date(2199, 12, 31)),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A day in Europe/Amsterdam, 1900 to 2199: weeks and years can be added to it without overflow."""

Instant = Annotated[
    AwareDatetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment, RFC 3339 with offset."""


class Part(BaseModel):
    """Base of what stands inside an event's data: frozen, strict, keeping unknown fields."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, use_attribute_docstrings=True)


class Data(BaseModel):
    """Base of the `data` of one event type.

    A subclass names its place in the contract as class arguments::

        class Registered(Data, name="participants.registered", stream=Stream.INTAKE,
                         key="participant", role=Role.GUIDE): ...

    Values are frozen and strict; fields that a newer version added are kept and ignored, so that
    an event that is passed on loses nothing.

    Attributes:
        TYPE: CloudEvents type, `nl.werkbedrijf.<noun>.<past tense>.v<N>`.
        STREAM: stream it travels on.
        KEY: the field that is the Kafka key and the CloudEvents subject; empty for a constant key.
        ROLES: roles of which the stating partner needs one; empty when a service states it.
        SERVICE: the service that states it, or None when a partner does.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, use_attribute_docstrings=True)

    TYPE: ClassVar[str]
    STREAM: ClassVar[Stream]
    KEY: ClassVar[str]
    ROLES: ClassVar[frozenset[Role]]
    SERVICE: ClassVar[ServiceName | None]

    def __init_subclass__(cls, **_contract: Any) -> None:
        """Take the class arguments; pydantic hands them on once the fields are known."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        name: str | None = None,
        stream: Stream | None = None,
        key: str = "",
        role: Role | frozenset[Role] | None = None,
        service: ServiceName | None = None,
        version: int = 1,
        **kwargs: Any,
    ) -> None:
        """Fill in the class attributes and enter the type in the catalogue."""
        super().__pydantic_init_subclass__(**kwargs)
        if name is None or stream is None:
            return
        cls.TYPE = f"{NAMESPACE}.{name}.v{version}"
        cls.STREAM = stream
        cls.KEY = key
        cls.ROLES = frozenset() if role is None else frozenset({role}) if isinstance(role, Role) else role
        cls.SERVICE = service
        if cls.TYPE in CATALOGUE:
            raise TypeError(f"{cls.TYPE} is in the catalogue already")
        CATALOGUE[cls.TYPE] = cls

    @property
    def kafka_key(self) -> str:
        """The key that orders this event; a constant for types without a key field."""
        return str(getattr(self, self.KEY)) if self.KEY else "-"

    @classmethod
    def sample(cls) -> Self:
        """A valid example, published with the contract and used by its tests."""
        raise LookupError(f"{cls.__name__} has no sample")


CATALOGUE: dict[str, type[Data]] = {}
"""Every event type of the contract, by its CloudEvents type."""

__all__ = [
    "CATALOGUE",
    "NAMESPACE",
    "Amount",
    "CalendarDate",
    "Code",
    "Count",
    "Data",
    "EventType",
    "Fund",
    "Hours",
    "Instant",
    "Municipality",
    "OpaqueId",
    "Part",
    "PartnerName",
    "Postcode4",
    "Role",
    "Rung",
    "ServiceName",
    "Stream",
    "Text",
    "Year",
    "datetime",
]
