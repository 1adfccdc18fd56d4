"""The contract as an AsyncAPI 3 document, made from the catalogue: the same catalogue, the same document."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from shared.contracts.base import CATALOGUE, NAMESPACE, Data, Role, Stream
from shared.contracts.envelope import CONTENT_TYPE, Envelope, sample_envelope, schema_uri

_REF = "#/components/schemas/{model}"

_INBOX_KEPT_MS = 30 * 24 * 60 * 60 * 1000

_STREAMS = {
    Stream.INBOX: (
        "What a partner's software writes when it does not use the door over HTTP; its own door reads it, "
        "and puts what it accepts on the stream that the type belongs to. Kept 30 days."
    ),
    Stream.INTAKE: "Facts that a partner stated and its door accepted, and what the door itself states.",
    Stream.PROFILES: "Functional profiles; only matching may read them.",
    Stream.MATCHING: "What the region's matching did: waiting list, proposals, bridges, claims on a number.",
    Stream.QUOTA: "What a municipality's ledger decided and what is free in it.",
    Stream.NOTIFICATIONS: "What became of each message; never to whom or what it said.",
    Stream.REGISTRY: "Who takes part and in which role; compacted. One topic for the region.",
}

_OIN_EMMEN = "urn:nld:oin:00000099000000114000"
_KVK = "urn:nld:kvknr:9000000{}"
_SAMPLE_SOURCES = {
    Role.MUNICIPALITY: f"{_OIN_EMMEN}:systeem:gemeente-emmen",
    Role.REGIE: f"{_OIN_EMMEN}:systeem:gemeente-emmen",
    Role.HOST: f"{_KVK.format(1)}:systeem:emco",
    Role.GUIDE: f"{_KVK.format(2)}:systeem:menso",
    Role.ADVISOR: "urn:nld:oin:00000099000000363000:systeem:uwv",
}
"""Fictive partners for the examples; the first role in this order that may state a type is the one shown."""

_SERVICE_SOURCE = {
    "matching": f"{_KVK.format(2)}:systeem:menso",
    "intake": f"{_KVK.format(2)}:systeem:menso",
    "quota": f"{_OIN_EMMEN}:systeem:gemeente-emmen",
    "notifications": f"{_OIN_EMMEN}:systeem:gemeente-emmen",
}


class _Schemas(GenerateJsonSchema):
    """JSON Schema without a title per field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        del schema
        return False


def document(
    streams: Collection[Stream] | None = None,
    types: Collection[str] | None = None,
    *,
    title: str = "Werkbedrijf: events between partners",
    version: str = "1.0.0",
) -> dict[str, Any]:
    """Describe the contract, or the part of it that one service deals with.

    Args:
        streams: streams to describe; all when not given.
        types: event types to describe; all when not given.
        title: what the document is called.
        version: version of the contract.

    Returns:
        An AsyncAPI 3.0.0 document of plain dicts and lists, ready for JSON or YAML.
    """
    wanted = [model for kind, model in sorted(CATALOGUE.items()) if types is None or kind in types]
    carried = {
        stream: [model for model in wanted if stream in _streams_of(model)]
        for stream in Stream
        if streams is None or stream in streams
    }
    carried = {stream: models for stream, models in carried.items() if models}
    models = sorted({model for each in carried.values() for model in each}, key=lambda model: model.TYPE)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:werkbedrijf:contract",
        "info": _info(title, version),
        "defaultContentType": CONTENT_TYPE,
        "channels": {stream.value: _channel(stream, each) for stream, each in carried.items()},
        "operations": {
            name: operation
            for stream, each in carried.items()
            for name, operation in _operations(stream, each)
        },
        "components": {
            "messages": {model.__name__: _message(model) for model in models},
            "schemas": _schemas(models),
        },
    }


def stated_by(model: type[Data]) -> str:
    """Say in words who may state a type."""
    if model.SERVICE is not None:
        return f"Stated by the service {model.SERVICE.value}, in the name of the partner that runs it."
    roles = " or ".join(sorted(role.value for role in model.ROLES))
    return f"Stated by a partner with the role {roles}."


def _streams_of(model: type[Data]) -> set[Stream]:
    """Tell where a type can be met; what a partner states comes through its inbox too."""
    by_partner = model.SERVICE is None and model.STREAM is not Stream.REGISTRY
    return {model.STREAM, Stream.INBOX} if by_partner else {model.STREAM}


def _info(title: str, version: str) -> dict[str, Any]:
    return {
        "title": title,
        "version": version,
        "description": (
            "Every event is a CloudEvent (NL GOV profile) in structured JSON, 64 KiB at most. Unknown fields "
            "are kept and ignored. Each topic belongs to one partner, who alone may write to it. Order is "
            "promised per key within one topic and nowhere else. Events hold opaque ids and no personal data."
        ),
        "license": {"name": "EUPL-1.2", "url": "https://joinup.ec.europa.eu/collection/eupl"},
    }


def _channel(stream: Stream, models: Iterable[type[Data]]) -> dict[str, Any]:
    one_for_all = stream is Stream.REGISTRY
    channel: dict[str, Any] = {
        "address": "werkbedrijf.registry" if one_for_all else f"werkbedrijf.{{partner}}.{stream.value}",
        "title": stream.value,
        "description": _STREAMS[stream],
    }
    if not one_for_all:
        channel["parameters"] = {
            "partner": {
                "description": "Short name of the partner that the topic belongs to.",
                "examples": ["gemeente-emmen", "menso"],
            }
        }
    channel["bindings"] = {"kafka": _topic(stream)}
    channel["messages"] = {
        model.__name__: {"$ref": f"#/components/messages/{model.__name__}"} for model in models
    }
    return channel


def _topic(stream: Stream) -> dict[str, Any]:
    """Describe a topic as it is in production; a small installation has fewer partitions and copies."""
    configuration: dict[str, Any] = {"cleanup.policy": ["delete"], "retention.ms": -1}
    if stream is Stream.REGISTRY:
        configuration = {"cleanup.policy": ["compact"]}
    elif stream is Stream.INBOX:
        configuration["retention.ms"] = _INBOX_KEPT_MS
    return {"partitions": 12, "replicas": 3, "topicConfiguration": configuration, "bindingVersion": "0.5.0"}


def _operations(stream: Stream, models: Iterable[type[Data]]) -> Iterable[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{stream.value}"}
    messages = [{"$ref": f"#/channels/{stream.value}/messages/{model.__name__}"} for model in models]
    writer = (
        "The municipality that keeps the direction" if stream is Stream.REGISTRY else "The topic's partner"
    )
    yield (
        f"write-{stream.value}",
        {
            "action": "send",
            "channel": channel,
            "summary": f"{writer} writes; each message says which role or service may state it.",
            "messages": messages,
        },
    )
    yield (
        f"read-{stream.value}",
        {
            "action": "receive",
            "channel": channel,
            "summary": "A partner reads where the topic's access list lets it; a service for its operator.",
            "messages": messages,
        },
    )


def _message(model: type[Data]) -> dict[str, Any]:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    schema = {"$ref": _REF.format(model=model.__name__)}
    roles = [role for role in _SAMPLE_SOURCES if role in model.ROLES]
    source = _SERVICE_SOURCE[model.SERVICE.value] if model.SERVICE else _SAMPLE_SOURCES[roles[0]]
    return {
        "name": model.TYPE,
        "title": model.TYPE.removeprefix(f"{NAMESPACE}."),
        "summary": summary,
        "description": stated_by(model),
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "description": CONTENT_TYPE}},
        },
        "payload": {
            "allOf": [
                {"$ref": _REF.format(model=Envelope.__name__)},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": model.TYPE},
                        "dataschema": {"const": schema_uri(model.TYPE)},
                        "data": schema,
                    },
                },
            ]
        },
        "bindings": {"kafka": {"key": _key_schema(model), "bindingVersion": "0.5.0"}},
        "examples": [
            {
                "name": "sample",
                "summary": (model.sample.__doc__ or "").strip(),
                "headers": {"content-type": CONTENT_TYPE},
                "payload": sample_envelope(model, source),
            }
        ],
        "x-stated-by": {
            "roles": sorted(role.value for role in model.ROLES),
            "service": model.SERVICE.value if model.SERVICE else None,
        },
        "x-key": model.KEY or None,
    }


def _key_schema(model: type[Data]) -> dict[str, Any]:
    if not model.KEY:
        return {"type": "string", "const": "-"}
    return {"type": "string", "description": f"The field `{model.KEY}` of `data`."}


def _schemas(models: Iterable[type[Data]]) -> dict[str, Any]:
    wanted: list[Any] = [(Envelope, "validation"), *((model, "validation") for model in models)]
    _, definitions = models_json_schema(wanted, ref_template=_REF, schema_generator=_Schemas)
    schemas: dict[str, Any] = definitions["$defs"]
    return dict(sorted(schemas.items()))
