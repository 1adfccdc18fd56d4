"""The envelope round every event: CloudEvents 1.0 in the NL GOV profile, structured JSON."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contracts.base import Data, EventType, Instant

CONTENT_TYPE = "application/cloudevents+json"
"""Media type of one event."""

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
"""Media type of a list of events, at the door only."""

MAX_BYTES = 64 * 1024
"""Most bytes of one event as it travels (NL GOV profile, Size Limits)."""

_NO_CONTROL = r"[^\x00-\x1f\x7f-\x9f]"
_SHORT = rf"^{_NO_CONTROL}{{1,200}}$"
_URI = r"^[a-z][a-z0-9+.-]*:[^\s\x00-\x20\x7f]+$"
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}")
_EXTENSION_TEXT = re.compile(rf"{_NO_CONTROL}{{0,1000}}")

EventId = Annotated[str, StringConstraints(pattern=_SHORT)]
"""An event's own id: unique with its source, without control characters."""

EventSource = Annotated[
    str,
    StringConstraints(
        pattern=r"^urn:nld:(oin:[0-9]{20}|kvknr:[0-9]{8}):systeem:[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
    ),
]
"""Which system of which organisation: `urn:nld:oin:<20 digits>:systeem:<name>`, or `kvknr:<8 digits>`."""


def schema_uri(event_type: str) -> str:
    """Name the published schema of a type, as it stands in `dataschema`."""
    return f"urn:werkbedrijf:schema:{event_type}"


class Envelope(BaseModel):
    """The attributes of an event; extension attributes that are not listed are kept.

    `data` is not looked into here: which model it must fit follows from `type`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, use_attribute_docstrings=True)

    specversion: Literal["1.0"]
    """Version of CloudEvents."""
    id: EventId
    """Unique together with `source`; the same pair again is the same event again."""
    source: EventSource
    """The system that states it; it must be the sending partner's own."""
    type: EventType
    """What happened; an incompatible change of its data is a new type with the next number."""
    time: Instant
    """When the source recorded it; when it happened in the world stands in `data`."""
    subject: EventId | None = None
    """The participant, place or municipality it is about: opaque, never a BSN or a name."""
    datacontenttype: Literal["application/json"] | None = None
    """Media type of `data`."""
    dataschema: Annotated[str, StringConstraints(pattern=_URI, max_length=300)] | None = None
    """The published schema of `data`: `urn:werkbedrijf:schema:<type>`."""
    partitionkey: EventId | None = None
    """The Kafka key; events with the same key on the same topic keep their order."""
    causationid: EventId | None = None
    """Id of the event that caused this one."""
    correlationid: EventId | None = None
    """Id that all events of one journey share."""
    traceparent: (
        Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
        | None
    ) = None
    """W3C trace context."""
    dataref: (
        Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x20\x7f]+$", max_length=500)] | None
    ) = None
    """Where those who may can ask for the person's name and address."""
    data: Any = Field(json_schema_extra={"type": "object"})
    """What happened, as the type's own schema says."""

    @model_validator(mode="after")
    def _extensions_are_cloudevents(self) -> Self:
        for name, value in (self.__pydantic_extra__ or {}).items():
            if _EXTENSION_NAME.fullmatch(name) is None:
                raise ValueError("an extension attribute has a name of 1 to 20 of the characters a-z and 0-9")
            known_kind = isinstance(value, int) or (
                isinstance(value, str) and _EXTENSION_TEXT.fullmatch(value) is not None
            )
            if not known_kind:
                raise ValueError(
                    f"extension attribute {name} must be a whole number, true, false, or a string of 1000 "
                    "characters at most without control characters"
                )
        return self


def sample_envelope(model: type[Data], source: str) -> dict[str, Any]:
    """Wrap a model's sample as it would travel, for the published contract and for tests."""
    data = model.sample()
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"sample-{model.__name__}",
        "source": source,
        "type": model.TYPE,
        "time": "2021-01-04T09:00:00+01:00",
        "datacontenttype": "application/json",
        "dataschema": schema_uri(model.TYPE),
        "partitionkey": data.kafka_key,
        "data": data.model_dump(mode="json"),
    }
    if model.KEY:
        envelope["subject"] = data.kafka_key
    return envelope
