"""The door over HTTP: events, receipts, CSV, and the vault's own door beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import StringConstraints, ValidationError
from starlette.routing import Route

from services.intake import imports, receipts, vault
from services.intake.callers import Callers
from services.intake.door import Behind, Door
from services.intake.reading import Turned, body_of, events_of, media_type
from services.intake.receipts import Receipt
from services.intake.settings import IntakeSettings
from services.intake.vault import Entry, Look, Looks, Verdict
from shared.contracts import OpaqueId
from shared.contracts.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE, MAX_BYTES, Envelope
from shared.messaging.database import TRANSIENT, is_transient
from shared.messaging.gatherer import Full
from shared.web.problems import MEDIA_TYPE as PROBLEM
from shared.web.problems import problem

_MAX_CSV_BYTES: Final = 4 * 1024 * 1024
_GOVERNMENT: Final = "urn:nld:oin:"

Participant = Annotated[OpaqueId, Path(description="The person's id; never a citizen service number")]
ReceiptId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{32}$"), Path(description="As the receipt says")
]
Purpose = Annotated[
    str,
    StringConstraints(max_length=200),
    Header(alias="X-Purpose", description="What for, in a few words; it is written down with every look"),
]


@dataclass(frozen=True, slots=True)
class Receipts:
    """A receipt for each event, in order."""

    receipts: list[Receipt]


@dataclass(frozen=True, slots=True)
class SeenOne:
    """What the vault says of one person."""

    participant: str
    status: int
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vault says of each, in the order in which they were asked about."""

    looks: list[SeenOne]


_TEXTS: Final[dict[int | str, str]] = {
    400: "Something is wrong with the request as a whole; every fault is named",
    401: "No valid bearer token",
    403: "Another partner's business",
    413: "Too large",
    415: "Not a media type that is taken",
    429: "Too much; Retry-After says when to come back",
    503: "The database is away, nothing was taken; Retry-After says when to come back",
    "default": "Any other problem",
}
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": text, "content": {PROBLEM: {}}} for status, text in _TEXTS.items()
}
_BEARER: Final = Depends(HTTPBearer(scheme_name="bearer", auto_error=False))
"""For the published contract; `Callers` does the looking."""
_LOOKS: Final = {
    **Looks.model_json_schema(),
    "properties": {
        "looks": {"type": "array", "items": Look.model_json_schema(), "minItems": 1, "maxItems": 100}
    },
}
_EVENT: Final = Envelope.model_json_schema(ref_template="#/components/schemas/{model}")


def install(app: FastAPI, process: Behind, settings: IntakeSettings) -> None:
    """Add the door's routes, and how its troubles are answered."""
    retry = {"Retry-After": str(settings.door_retry_seconds)}

    async def turned(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Turned)  # noqa: S101 - registered for nothing else
        return error.answer

    async def away(_request: Request, error: Exception) -> Response:
        if not isinstance(error, Full) and not is_transient(error):
            raise error
        return problem(503, "The door cannot take anything just now", "nothing was taken", headers=retry)

    app.add_exception_handler(Turned, turned)
    for kind in (Full, *TRANSIENT):
        app.add_exception_handler(kind, away)
    callers = Callers(settings)
    door = Door(process, settings)
    events = _events(door, callers, process, settings)
    app.include_router(events)
    app.include_router(_people(door, callers, process))
    _straight(app, events, "/v1/events")


def _straight(app: FastAPI, routes: APIRouter, path: str) -> None:
    """Let requests to a path find its function at once.

    FastAPI's route stays for the published contract; going through it with each event, to resolve
    nothing, took two thirds of what a request costs (docs/measurements.md).
    """
    found = next(route for route in routes.routes if isinstance(route, APIRoute) and route.path == path)
    app.router.routes.insert(0, Route(path, found.endpoint, methods=list(found.methods or ())))


def _events(door: Door, callers: Callers, process: Behind, settings: IntakeSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["door"], responses=_PROBLEMS, dependencies=[_BEARER])

    @routes.post(
        "/events",
        status_code=202,
        response_model=Receipts,
        openapi_extra=_body(
            {
                CONTENT_TYPE: _EVENT,
                BATCH_CONTENT_TYPE: {"type": "array", "items": _EVENT, "maxItems": 1000},
                "application/json": {
                    "type": "object",
                    "description": "data, with the attributes in ce- headers",
                },
            }
        ),
    )
    async def hand_in(request: Request) -> Response:
        """One CloudEvent (structured or binary mode) or a batch; 202 with a receipt each, once durable."""
        partner = callers.partner(request)
        return _receipts(await door.hand_in(partner, await events_of(request, settings.door_max_batch_bytes)))

    @routes.get("/receipts/{receipt}", response_model=Receipt, responses={404: _NOT_FOUND})
    async def show_receipt(request: Request, receipt: ReceiptId) -> Response:
        """What became of one of your own events."""
        found = await receipts.find(process.pool, callers.partner(request), receipt)
        return problem(404, "There is no such receipt of yours") if found is None else _json(found)

    @routes.post(
        "/imports",
        status_code=202,
        response_model=Receipts,
        openapi_extra=_body({imports.MEDIA_TYPE: {"type": "string"}}),
    )
    async def import_csv(request: Request) -> Response:
        """CSV with a header: `type`, the fields of that type, and maybe `id` and `time`; a receipt a row."""
        partner = callers.partner(request)
        if media_type(request) != imports.MEDIA_TYPE:
            return problem(415, "The media type is not CSV", f"send {imports.MEDIA_TYPE}")
        rows = imports.rows_of(await body_of(request, _MAX_CSV_BYTES))
        return _receipts(await door.import_rows(partner, rows))

    return routes


def _people(door: Door, callers: Callers, process: Behind) -> APIRouter:
    routes = APIRouter(
        prefix="/v1/people", tags=["vault"], responses=_PROBLEMS | {410: _GONE}, dependencies=[_BEARER]
    )

    @routes.put(
        "/{participant}",
        status_code=204,
        openapi_extra=_body({"application/json": {"$ref": "#/components/schemas/Entry"}}),
    )
    async def put(request: Request, participant: Participant, purpose: Purpose = "not stated") -> Response:
        """Fill the vault's entry of a person whom you guide, or are about to register."""
        partner = callers.partner(request)
        try:
            entry = Entry.model_validate_json(await body_of(request, MAX_BYTES))
        except ValidationError as error:
            return problem(400, "The entry is not valid", errors=_faults(error))
        known = await door.partner(partner)
        if entry.bsn is not None and (known is None or not known.urn.startswith(_GOVERNMENT)):
            return problem(
                403, "A citizen service number is for government bodies", "Wabb art. 10: leave bsn out"
            )
        return _answer(await vault.put(process.pool, participant, partner, entry, purpose))

    @routes.get("/{participant}", response_model=Entry, responses={404: _NOT_FOUND})
    async def look(request: Request, participant: Participant, purpose: Purpose = "not stated") -> Response:
        """Name and address, for the guide and for notifications at the moment of sending."""
        partner = callers.partner_or_reader(request)
        verdict, entry = await vault.look(process.pool, participant, partner, purpose)
        if entry is None:
            return _answer(verdict)
        shown = entry.model_dump(mode="json", exclude_none=True)
        return _json(shown, headers={"Cache-Control": "no-store"})

    @routes.post(
        "/looks",
        response_model=Seen,
        openapi_extra=_body({"application/json": _LOOKS}),
    )
    async def look_at_many(request: Request) -> Response:
        """Names and addresses of many people, each with the status that a question alone would get."""
        partner = callers.partner_or_reader(request)
        try:
            asked = Looks.model_validate_json(await body_of(request, MAX_BYTES))
        except ValidationError as error:
            return problem(400, "The question is not valid", errors=_faults(error))
        shown = [
            {"participant": each.participant, "status": _STATUS[verdict]}
            | ({} if entry is None else {"entry": entry.model_dump(mode="json", exclude_none=True)})
            for each, (verdict, entry) in zip(
                asked.looks, await vault.look_at_many(process.pool, asked.looks, partner), strict=True
            )
        ]
        return _json({"looks": shown}, headers={"Cache-Control": "no-store"})

    @routes.delete("/{participant}", status_code=204, responses={404: _NOT_FOUND})
    async def empty(request: Request, participant: Participant, purpose: Purpose = "not stated") -> Response:
        """Empty the entry."""
        partner = callers.partner(request)
        return _answer(await vault.empty(process.pool, participant, partner, purpose))

    return routes


_NOT_FOUND: Final = {"description": "Not there", "content": {PROBLEM: {}}}
_GONE: Final = {"description": "The person was erased", "content": {PROBLEM: {}}}


_STATUS: Final = {
    Verdict.DONE: 200,
    Verdict.NOT_YOURS: 403,
    Verdict.ABSENT: 404,
    Verdict.ERASED: 410,
}


def _answer(verdict: Verdict) -> Response:
    match verdict:
        case Verdict.DONE:
            return Response(status_code=204)
        case Verdict.NOT_YOURS:
            return problem(403, "Another partner guides this person")
        case Verdict.ERASED:
            return problem(410, "This person was erased")
        case Verdict.ABSENT:
            return problem(404, "The vault has no entry for this person")


def _receipts(made: list[Receipt]) -> Response:
    return _json(Receipts(made), status=202)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def _faults(error: ValidationError) -> list[dict[str, str]]:
    # Without the input: an answer must not carry what was wrong.
    return [
        {"field": ".".join(str(part) for part in fault["loc"]), "detail": fault["msg"]}
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {media: {"schema": schema} for media, schema in content.items()},
        }
    }
