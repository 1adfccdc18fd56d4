"""What the door does not take, said in one vocabulary over HTTP and over Kafka."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import StringConstraints

from shared.contracts.base import Data, EventType, OpaqueId, ServiceName, Stream, Text


class RefusalCode(StrEnum):
    """Why an event is refused."""

    SCHEMA_INVALID = "schema.invalid"
    """A field is missing or wrong."""
    TYPE_UNKNOWN = "type.unknown"
    """No such type in the contract."""
    SOURCE_NOT_YOURS = "source.not-yours"
    """The source is another partner's, or none at all."""
    ROLE_NOT_ALLOWED = "role.not-allowed"
    """The type is for another role."""
    PERSON_NOT_YOURS = "person.not-yours"
    """Another partner guides the person."""
    PARTNER_NOT_ACTIVE = "partner.not-active"
    """The partner's agreement has not taken effect."""
    ID_REUSED = "id.reused"
    """The id was used before, for something else."""
    TIME_IN_FUTURE = "time.in-future"
    """The time is later than now."""
    SIZE_TOO_LARGE = "size.too-large"
    """More than 64 KiB."""
    PERSONAL_DATA_SUSPECTED = "personal-data.suspected"
    """It looks like a citizen service number, a name or a way to reach somebody."""
    STATE_CONFLICT = "state.conflict"
    """It contradicts what is known."""


class Channel(StrEnum):
    """How an event came to the door."""

    HTTP = "http"
    CSV = "csv"
    INBOX = "inbox"


class EventRefused(
    Data, name="events.refused", stream=Stream.INTAKE, key="refusal", service=ServiceName.INTAKE
):
    """An event of this partner was not taken; what was wrong with it, and never what was in it."""

    refusal: OpaqueId
    """This refusal."""
    event_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")] | None = None
    """The id of the refused event; null where it could not be read or could hold something personal."""
    event_type: EventType | None = None
    """Its type; null where it could not be read."""
    code: RefusalCode
    """Why."""
    field: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\[\]-]{1,200}$")] | None = None
    """The field that was wrong, from the top of the event: `data.hours_min`."""
    detail: Text
    """What would be right."""
    received_from: Channel
    """How it came."""

    @classmethod
    def sample(cls) -> Self:
        """Hours the wrong way round."""
        return cls(
            refusal="r-5d0c7a",
            event_id="menso-2020-001842",
            event_type="nl.werkbedrijf.profiles.stated.v1",
            code=RefusalCode.SCHEMA_INVALID,
            field="data.hours_min",
            detail="hours_min must not be more than hours_max",
            received_from=Channel.INBOX,
        )
