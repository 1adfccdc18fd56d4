"""One event as the services see it, and its way to and from the wire (CloudEvents, structured JSON)."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from msgspec import Struct
from pydantic import ValidationError

from shared.contracts import CATALOGUE, RefusalCode
from shared.contracts.base import Data, Stream
from shared.contracts.envelope import Envelope
from shared.messaging.identity import Cause, derived_id, fingerprint
from shared.messaging.reading import whole
from shared.messaging.refusal import Refusal

CONTENT_TYPE: Final = "application/cloudevents+json"
MAX_BYTES: Final = 64 * 1024
"""Largest event on the wire, in bytes (CloudEvents: intermediaries must pass on 64 KiB)."""

_LAST_MS: Final = int(datetime(2199, 12, 31, tzinfo=UTC).timestamp()) * 1000
_MAX_FAULTS: Final = 20
"""Faults named in one refusal; a hostile body must not make a long answer."""


class Event(Struct, frozen=True):
    """A checked event.

    Attributes:
        id: unique with `source`.
        source: URN of the stating organisation and its system.
        time: when the source recorded it; what happened when in the world is in `data`.
        key: Kafka key; order is promised per key in one topic, and nowhere else.
        data: the typed body.
        partner: whose topic it came over, or goes to.
        stream: which of that partner's streams.
        causation: id of the event that caused it.
        correlation: id of the journey it belongs to.
        dataref: where personal data can be asked for, by those who may.
    """

    id: str
    source: str
    time: datetime
    key: str
    data: Data
    partner: str
    stream: Stream
    causation: str | None = None
    correlation: str | None = None
    dataref: str | None = None
    traceparent: str | None = None
    """The sender's W3C trace context, if it gave one."""
    extensions: tuple[tuple[str, Any], ...] = ()
    """Attributes that we do not know, of an event that is passed on: nothing of it is lost."""

    @property
    def type(self) -> str:
        """CloudEvents type."""
        return self.data.TYPE


class Unreadable(Struct, frozen=True):
    """A record that is no event, as the cause of the answer to it."""

    id: str
    source: str
    time: datetime
    correlation: str | None = None

    @classmethod
    def of(cls, value: bytes, timestamp_ms: int) -> Unreadable:
        """Identified by its own id where that can be read, else by its bytes."""
        seen = peek(value)
        return cls(
            id=seen.get("id", fingerprint(value).hex())[:200],
            source=seen.get("source", "urn:werkbedrijf:unreadable")[:500],
            # A producer may put any number in a record's timestamp.
            time=datetime.fromtimestamp(min(max(timestamp_ms, 0), _LAST_MS) / 1000, UTC),
        )


def derive(
    cause: Cause,
    ordinal: int,
    data: Data,
    *,
    partner: str,
    source: str,
    dataref: str | None = None,
    also: Iterable[str] = (),
) -> Event:
    """The event that a service states because of `cause`; same input, same event, byte for byte.

    Args:
        also: what else makes it another event, where one cause may have its effect more than once.
    """
    return Event(
        id=derived_id(cause, source, data.TYPE, str(ordinal), *also),
        source=source,
        time=cause.time,
        key=data.kafka_key,
        data=data,
        partner=partner,
        stream=data.STREAM,
        causation=cause.id,
        correlation=cause.correlation or cause.id,
        dataref=dataref,
    )


def passed_on(event: Event, *, stream: Stream, dataref: str | None) -> Event:
    """The partner's own event, unchanged in id and source, on the stream where others read it."""
    return Event(
        event.id,
        event.source,
        event.time,
        event.key,
        event.data,
        event.partner,
        stream,
        event.causation,
        event.correlation or event.id,
        event.dataref or dataref,
        event.traceparent,
        event.extensions,
    )


def encode(event: Event) -> bytes:
    """The event as structured CloudEvents JSON, keys in a fixed order."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.data.TYPE,
        "time": event.time,
        "subject": event.key,
        "datacontenttype": "application/json",
        "dataschema": f"urn:werkbedrijf:schema:{event.data.TYPE}",
        "partitionkey": event.key,
    }
    if event.causation is not None:
        attributes["causationid"] = event.causation
    if event.correlation is not None:
        attributes["correlationid"] = event.correlation
        attributes["traceparent"] = event.traceparent or _traceparent(event)
    if event.dataref is not None:
        attributes["dataref"] = event.dataref
    attributes |= event.extensions
    attributes["data"] = orjson.Fragment(event.data.__pydantic_serializer__.to_json(event.data))
    return orjson.dumps(attributes)


def decode(
    value: bytes, *, partner: str, stream: Stream, wanted: Container[str] | None = None
) -> Event | Refusal | None:
    """Read one record's value; what is wrong with it comes back as a value, every fault at once.

    Args:
        wanted: types of interest; an event of another known type gives None, its data unread.
    """
    if len(value) > MAX_BYTES:
        return Refusal(RefusalCode.SIZE_TOO_LARGE, f"{len(value)} bytes; {MAX_BYTES} at most")
    try:
        wire = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Refusal(RefusalCode.SCHEMA_INVALID, f"not JSON: {error}")
    if not isinstance(wire, dict):
        return Refusal(RefusalCode.SCHEMA_INVALID, "not a JSON object")
    event_type = wire.get("type")
    if isinstance(event_type, str) and event_type in CATALOGUE and (wanted is None or event_type in wanted):
        read = whole(value, event_type)
        if read is not None:
            return _event(read, partner, stream)
    return _closely(wire, partner, stream, wanted)


def _event(read: Mapping[str, Any], partner: str, stream: Stream) -> Event | Refusal:
    """From attributes that are all listed and as they should be."""
    data, get = read["data"], read.get
    key = data.kafka_key
    if (get("partitionkey") or key) != key:
        return _not_the_key(data)
    return Event(
        read["id"],
        read["source"],
        read["time"],
        key,
        data,
        partner,
        stream,
        get("causationid"),
        get("correlationid"),
        get("dataref"),
        get("traceparent") if stream is Stream.INBOX else None,
    )


def _not_the_key(data: Data) -> Refusal:
    return Refusal(RefusalCode.SCHEMA_INVALID, f"must equal data.{data.KEY}", "partitionkey")


def _closely(
    wire: Mapping[str, Any], partner: str, stream: Stream, wanted: Container[str] | None
) -> Event | Refusal | None:
    """Every fault at once, and attributes that the contract does not list."""
    try:
        envelope = Envelope.model_validate(wire)
    except ValidationError as error:
        return _faults(error, "")
    model = CATALOGUE.get(envelope.type)
    if model is None:
        return Refusal(RefusalCode.TYPE_UNKNOWN, "no event type of the contract", "type")
    if wanted is not None and envelope.type not in wanted:
        return None
    try:
        # Through JSON and not from the dict: strict mode takes a date from a JSON string only.
        data = model.__pydantic_validator__.validate_json(orjson.dumps(envelope.data))
    except ValidationError as error:
        return _faults(error, "data.")
    except orjson.JSONEncodeError:
        # What orjson can read it cannot always write: it stops at 254 levels.
        return Refusal(RefusalCode.SCHEMA_INVALID, "nested too deeply", "data")
    key = data.kafka_key
    if (envelope.partitionkey or key) != key:
        return _not_the_key(data)
    return Event(
        id=envelope.id,
        source=envelope.source,
        time=envelope.time,
        key=key,
        data=data,
        partner=partner,
        stream=stream,
        causation=envelope.causationid,
        correlation=envelope.correlationid,
        dataref=envelope.dataref,
        # At the door only, where an event is passed on: elsewhere nobody asks for them.
        traceparent=envelope.traceparent if stream is Stream.INBOX else None,
        extensions=tuple(sorted((envelope.model_extra or {}).items())) if stream is Stream.INBOX else (),
    )


def peek(value: bytes) -> dict[str, Any]:
    """The attributes of a record that was refused, as far as they can be read; never its data."""
    try:
        wire = orjson.loads(value[:MAX_BYTES])
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(wire, dict):
        return {}
    return {k: v for k, v in wire.items() if k in {"id", "source", "type", "subject"} and isinstance(v, str)}


def _traceparent(event: Event) -> str:
    """W3C trace context, derived: the journey is the trace, the event is the span."""
    trace = hashlib.blake2b((event.correlation or event.id).encode(), digest_size=16).hexdigest()
    span = hashlib.blake2b(f"{event.source}\x1f{event.id}".encode(), digest_size=8).hexdigest()
    return f"00-{trace}-{span}-01"


def _faults(error: ValidationError, path: str) -> Refusal:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fields = [path + ".".join(str(part) for part in fault["loc"]) for fault in faults[:_MAX_FAULTS]]
    detail = "; ".join(f"{field}: {fault['msg']}" for field, fault in zip(fields, faults, strict=False))
    return Refusal(RefusalCode.SCHEMA_INVALID, detail, fields[0] if fields else None)
