"""What is refused at the door whatever is known, and how a refusal is told to who sent the event."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Any, Final, get_args

import orjson

from services.intake.rules.personal_data import suspect, suspicion, worth_a_look
from shared.contracts import Channel, Data, EventRefused, Part, RefusalCode, Stream
from shared.messaging.event import Event, Unreadable, peek
from shared.messaging.identity import derived_id, fingerprint
from shared.messaging.refusal import Refusal
from shared.messaging.service import Record
from shared.messaging.topics import Topics

_MAX_DETAIL: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")
_FIELD: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,200}")
_ANY_ID: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_TYPE: Final = re.compile(r"(?=.{1,200}$)[a-z]+(\.[a-z][a-z0-9-]*)+\.v[1-9][0-9]*")


def objection(event: Event, latest: datetime) -> Refusal | None:
    """Why an event may not come in at any partner's door.

    Args:
        latest: the last moment that is not in the future.
    """
    if event.data.SERVICE is not None or event.data.STREAM is Stream.REGISTRY:
        return Refusal(RefusalCode.ROLE_NOT_ALLOWED, "this is not stated at a partner's door", "type")
    if event.time > latest:
        return Refusal(
            RefusalCode.TIME_IN_FUTURE, "time must be when it was recorded, not later than now", "time"
        )
    json = event.data.__pydantic_serializer__.to_json(event.data)
    found = suspect(
        json, lambda: orjson.loads(json), unknown_fields=_has_unknown_fields(event.data)
    ) or _suspect_attribute(event)
    if found is None:
        return None
    path, what = found
    return Refusal(
        RefusalCode.PERSONAL_DATA_SUSPECTED,
        f"this looks like {what}; personal data belongs in the vault, PUT /v1/people/<participant>",
        shown_field(path),
    )


def at_the_door_of(topics: Topics, record: Record) -> str | None:
    """The partner whose inbox a record came to; None for a record of another stream."""
    try:
        partner, stream = topics.parse(record.topic)
    except ValueError:
        return None
    return partner if stream is Stream.INBOX else None


def answer(record: Record, event: Event | None, refusal: Refusal) -> EventRefused:
    """The refusal as an event, for who handed in over Kafka; nothing of the data is in it."""
    value = record.value or b""
    cause = event or Unreadable.of(value, record.timestamp_ms)
    event_id, event_type = shown_names(record, event)
    if event_id is not None and _ID.fullmatch(event_id) is None:
        event_id = None  # a receipt shows any id, an event only one that can be no prose
    return EventRefused(
        # The same id may be refused again, for another body or another reason: that is another refusal.
        refusal=derived_id(
            cause, "refusal", fingerprint(value).hex(), refusal.code, refusal.detail, cause.time.isoformat()
        ),
        event_id=event_id,
        event_type=event_type,
        code=refusal.code,
        field=shown_field(refusal.field),
        detail=shown_detail(refusal.detail),
        received_from=Channel.INBOX,
    )


def shown_names(record: Record, event: Event | None) -> tuple[str | None, str | None]:
    """Id and type of what came in, where they can be shown."""
    if event is not None:
        return _clean(event.id, _ANY_ID), event.type
    seen = peek(record.value or b"")
    return _clean(seen.get("id"), _ANY_ID), _clean(seen.get("type"), _TYPE)


def shown_field(field: str | None) -> str | None:
    """A path that can be shown: whoever sent a strange name for a field knows it."""
    return _clean(field, _FIELD)


def shown_detail(detail: str) -> str:
    """A sentence that can be kept: short, printable, and with nothing in it that looks personal."""
    shown = _CONTROL.sub(" ", detail)[:_MAX_DETAIL].strip()
    return shown if shown and suspicion(shown) is None else "the event is not as the contract says"


def _has_unknown_fields(data: Data) -> bool:
    # A part of the data may have some too; the few types with parts are looked through.
    return bool(data.__pydantic_extra__) or _has_parts(type(data))


@cache
def _has_parts(model: type[Data]) -> bool:
    return any(_holds_a_part(field.annotation) for field in model.model_fields.values())


def _holds_a_part(kind: Any) -> bool:
    return (isinstance(kind, type) and issubclass(kind, Part)) or any(map(_holds_a_part, get_args(kind)))


def _suspect_attribute(event: Event) -> tuple[str, str] | None:
    system = event.source.rpartition(":")[2]
    # All at once, with a sign between that no number has; what is absent is the word None here.
    together = f'{event.id}"{system}"{event.causation}"{event.correlation}"{event.dataref}'
    if not worth_a_look(together.encode(errors="replace")):
        return None
    attributes = {
        "id": event.id,
        "source": system,
        "causationid": event.causation,
        "correlationid": event.correlation,
        "dataref": event.dataref,
    }
    for name, value in attributes.items():
        if value is not None and (what := suspicion(value)):
            return name, what
    return None


def _clean(text: str | None, allowed: re.Pattern[str]) -> str | None:
    if text is None or allowed.fullmatch(text) is None or suspicion(text) is not None:
        return None
    return text
