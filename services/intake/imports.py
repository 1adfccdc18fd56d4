"""CSV for who has no software that speaks events: a header of field names, a row an event.

Columns: `type` (the short name, `participants.registered`), the fields of that type's data, and if
wanted `id` and `time`. Without `id` a row is known by what stands in it, so that a file handed in again
repeats the same events and does nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson

from services.intake.reading import MAX_EVENTS, Turned
from shared.contracts import CATALOGUE, NAMESPACE, Data
from shared.web.problems import problem

MEDIA_TYPE: Final = "text/csv"
SYSTEM: Final = "import"
"""Name of the system in the source of what comes in as CSV."""

_LIST_SEPARATOR: Final = "|"
_DUTCH_DATE: Final = re.compile(r"([0-3]?[0-9])-([01]?[0-9])-([0-9]{4})")
_YES: Final = frozenset({"ja", "j", "yes", "true", "waar", "1"})
_NO: Final = frozenset({"nee", "n", "no", "false", "onwaar", "0"})
_NUMBER: Final = re.compile(r"-?[0-9]+([.,][0-9]+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it will be an event.

    Attributes:
        id: the event's id.
        time: as the row says; None when it does not.
    """

    id: str
    type: str
    time: str | None
    data: dict[str, Any]


def rows_of(body: bytes) -> list[Row]:
    """The rows of a file.

    Raises:
        Turned: 400 or 413, with every fault of the file at once.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Turned(problem(400, "The file is not UTF-8", "save it as CSV UTF-8")) from error
    if "\x00" in text:
        raise Turned(problem(400, "The file is not text"))
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        lines = [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise Turned(problem(400, "The file is not CSV", str(error))) from error
    lines = [line for line in lines if any(line)]
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    _check(header, rows)
    return [_row(dict(zip(header, line, strict=True))) for line in rows]


def event_of(row: Row, *, urn: str, time: str) -> dict[str, Any]:
    """The event of a row, as structured JSON has it.

    Args:
        time: when the row first came, for a row that says none.
    """
    return {
        "specversion": "1.0",
        "id": row.id,
        "source": f"{urn}:systeem:{SYSTEM}",
        "type": row.type,
        "time": row.time or time,
        "datacontenttype": "application/json",
        "data": row.data,
    }


def _check(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    faults = []
    if "type" not in header:
        faults.append({"field": "header", "detail": "a column `type` must name the event type"})
    if len(set(header)) != len(header) or "" in header:
        faults.append({"field": "header", "detail": "every column must have a name of its own"})
    faults += [
        {"field": f"row {number}", "detail": f"has {len(row)} cells, the header has {len(header)}"}
        for number, row in enumerate(rows, 1)
        if len(row) != len(header)
    ]
    if faults:
        raise Turned(problem(400, "The file cannot be read", errors=faults[:100]))
    if len(rows) > MAX_EVENTS:
        raise Turned(problem(413, "The file is too large", f"{MAX_EVENTS} rows at most"))


def _row(cells: Mapping[str, str]) -> Row:
    digest = hashlib.blake2b(orjson.dumps(cells, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
    full = f"{NAMESPACE}.{cells['type']}.v1"
    model = CATALOGUE.get(full)
    properties = {} if model is None else _properties(model)
    data = {
        name: _value(text, properties.get(name, {}))
        for name, text in cells.items()
        if name not in {"type", "id", "time"} and text
    }
    return Row(cells.get("id") or f"csv-{digest}", full, cells.get("time") or None, data)


@cache
def _properties(model: type[Data]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = model.model_json_schema()["properties"]
    return properties


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """A cell as JSON; what does not fit stays text, and the receipt says what is wrong with it."""
    kinds = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    low = text.lower()
    if "array" in kinds:
        return [part.strip() for part in text.split(_LIST_SEPARATOR)]
    if "boolean" in kinds and low in _YES | _NO:
        return low in _YES
    if kinds & {"number", "integer"} and _NUMBER.fullmatch(text):
        number = float(text.replace(",", "."))
        return int(number) if number.is_integer() else number
    if any(each.get("format") == "date" for each in (schema, *schema.get("anyOf", ()))) and (
        dutch := _DUTCH_DATE.fullmatch(text)
    ):
        day, month, year = dutch.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return text
