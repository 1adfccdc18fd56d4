"""What the forecast is made of, read from the ledger and written nowhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.quota import asking
from services.quota.rules.figures import Question
from services.quota.rules.forecast import WINDOW_DAYS, Forecast, Known, Observed, WhatIf, forecast
from services.quota.rules.policies import NOTHING, Tally

# $1 codes, $2 moment or null for now.
_KNOWN = (
    "{s}.municipality = ANY($1::text[]) AND CASE WHEN $2::timestamptz IS NULL THEN {s}.known_until IS NULL "
    "ELSE {s}.known_from < $2 AND ({s}.known_until IS NULL OR {s}.known_until >= $2) END"
)
# The last of its contract for this municipality: after it nothing more is known.
_LAST = (
    "NOT EXISTS (SELECT FROM spells later WHERE later.placement = s.placement AND later.from_on > s.from_on "
    f"AND {_KNOWN.format(s='later')})"
)
_CONTINUED = (
    "EXISTS (SELECT FROM spells later WHERE later.placement = s.placement AND later.from_on <= s.ends_on + 1 "
    "AND (later.until_on IS NULL OR later.until_on > s.ends_on) AND later.from_on > s.from_on "
    f"AND {_KNOWN.format(s='later')})"
)


async def forecast_of(
    connection: Any, municipality: str, on: date, known_on: date | None, what_if: WhatIf
) -> Forecast:
    """The forecast to 31 December as it would have been made on a day; to be read in one snapshot."""
    basis = await asking.basis(connection, municipality)
    # Of a day that is past only what was known by then: else the forecast would know its own outcome.
    question = Question.of(on, min(on, known_on or on))
    moment = question.agreed
    counts = await asking.counts(connection, basis, question)
    codes = list(basis.codes(question))
    numbers, counting = basis.measure(question)
    starting, stopping, running_out = await _ahead(connection, codes, on, moment)
    known = Known(
        in_force=sum(counts.in_force.values(), NOTHING),
        starting=starting,
        stopping=stopping,
        running_out=running_out,
        held=counts.held,
        waiting=counts.waiting,
    )
    return forecast(
        municipality,
        on,
        known_on,
        target=sum((number.places for number in numbers), Decimal(0)),
        counting=counting,
        known=known,
        observed=await _observed(connection, codes, on, moment),
        what_if=what_if,
    )


async def _ahead(connection: Any, codes: list[str], on: date, moment: datetime) -> tuple[Tally, Tally, Tally]:
    """Contracts that start, that stop and that run out between the day and 31 December."""
    starts = "s.first AND s.from_on > $3 AND s.from_on <= $4 AND (s.until_on IS NULL OR s.until_on >= $4)"
    ends = f"s.from_on <= $3 AND s.until_on >= $3 AND s.until_on < $4 AND {_LAST}"
    row = await connection.fetchrow(
        f"SELECT {_tally('starting', starts)}, "
        f"{_tally('stopping', f'{ends} AND s.until_on IS DISTINCT FROM s.ends_on')}, "
        f"{_tally('running_out', f'{ends} AND s.until_on = s.ends_on')} "
        f"FROM spells s WHERE {_KNOWN.format(s='s')} AND (s.until_on >= $3 OR s.from_on > $3)",
        codes,
        moment,
        on,
        date(on.year, 12, 31),
    )
    starting, stopping, running_out = (
        Tally(row[f"{name}_contracts"], row[f"{name}_hours"])
        for name in ("starting", "stopping", "running_out")
    )
    return starting, stopping, running_out


async def _observed(connection: Any, codes: list[str], on: date, moment: datetime) -> Observed:
    """What happened in the year up to and with the day."""
    since = on - timedelta(days=WINDOW_DAYS)
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE s.first AND s.from_on > $3 AND s.from_on <= $4) AS started, "
        "count(*) FILTER (WHERE s.until_on >= $3 AND s.until_on < $4 "
        f"AND s.until_on IS DISTINCT FROM s.ends_on AND {_LAST}) AS stopped, "
        "count(DISTINCT s.placement) FILTER (WHERE s.ends_on >= $3 AND s.ends_on < $4 "
        f"AND s.until_on <= s.ends_on AND {_CONTINUED}) AS continued, "
        "count(*) FILTER (WHERE s.until_on >= $3 AND s.until_on < $4 "
        f"AND s.until_on = s.ends_on AND {_LAST}) AS ran_out "
        f"FROM spells s WHERE {_KNOWN.format(s='s')} "
        "AND (s.from_on > $3 OR s.until_on >= $3 OR s.ends_on >= $3)",
        codes,
        moment,
        since,
        on,
    )
    reservations = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE state = 'used') AS used, "
        "count(*) FILTER (WHERE state <> 'used') AS lapsed FROM reservations "
        "WHERE municipality = ANY($1) AND expires_on IS NOT NULL "
        "AND closed_at < $2 AND closed_at >= $2::timestamptz - interval '365 days'",
        codes,
        moment,
    )
    return Observed(**dict(row), **dict(reservations))


def _tally(name: str, condition: str) -> str:
    return (
        f"count(*) FILTER (WHERE {condition}) AS {name}_contracts, "
        f"coalesce(sum(s.hours) FILTER (WHERE {condition}), 0) AS {name}_hours"
    )
