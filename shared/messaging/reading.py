"""An event that is as it should be, read in one go; anything else is left to `event.decode`.

One validator a type has envelope and data in it, so that no Python object is made only to be looked at. It
can say that an event is right, and not what is wrong with one that is not.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal, NotRequired, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import SchemaValidator
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.contracts import CATALOGUE
from shared.contracts.envelope import Envelope

_LISTED: Final = frozenset(Envelope.model_fields)


def whole(value: bytes, event_type: str) -> dict[str, Any] | None:
    """The attributes of an event, `data` among them as its model; None when it must be looked at closely.

    Looked at closely is also what has attributes that the contract does not list.

    Args:
        value: JSON; that it is JSON must be known, since numbers that are none are not noticed here.
        event_type: what it says to be; one of the contract's.
    """
    try:
        read: dict[str, Any] = _validator(event_type).validate_json(value)
    except ValidationError:
        return None
    return read if read.keys() <= _LISTED else None


@cache
def _validator(event_type: str) -> SchemaValidator:
    """The envelope's own rules, with this type of the contract and its data."""
    narrowed: dict[str, Any] = {"type": Literal[event_type], "data": CATALOGUE[event_type]}
    fields: dict[str, Any] = {}
    for name, info in Envelope.model_fields.items():
        kind: Any = narrowed.get(name, info.annotation)
        if name not in narrowed and info.metadata:
            kind = Annotated[(kind, *info.metadata)]
        fields[name] = kind if info.is_required() else NotRequired[kind]
    attributes = TypedDict("attributes", fields)  # type: ignore[misc]
    shaped = with_config(ConfigDict(extra="allow", strict=True))(attributes)
    # A schema that is complete has the validator itself and no stand-in for it.
    return cast("SchemaValidator", TypeAdapter(shaped).validator)
