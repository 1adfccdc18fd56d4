"""What the forecast is made of, read from the ledger and written nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from services.quota import asking
from services.quota.rules.figures import Question
from services.quota.rules.forecast import WINDOW_DAYS, Forecast, Known, Observed, WhatIf, forecast
from services.quota.rules.policies import Tally


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts as the forecast looks at them: see `Known` and `Observed`."""

    in_force: Tally
    starting: Tally
    stopping: Tally
    running_out: Tally
    started: int
    stopped: int
    continued: int
    ran_out: int


async def forecast_of(
    connection: Any, municipality: str, on: date, known_on: date | None, what_if: WhatIf
) -> Forecast:
    """The forecast to 31 December as it would have been made on a day; to be read in one snapshot."""
    basis = await asking.basis(connection, municipality)
    # Of a day that is past only what was known by then: else the forecast would know its own outcome.
    question = Question.of(on, min(on, known_on or on))
    codes = list(basis.codes(question))
    numbers, counting = basis.measure(question)
    contracts = await contracts_of(connection, codes, on, question.agreed)
    used, lapsed = await _reservations(connection, codes, question.agreed)
    waiting, _ = await asking.listed_in(connection, codes, question)
    return forecast(
        municipality,
        on,
        known_on,
        target=sum((number.places for number in numbers), Decimal(0)),
        counting=counting,
        known=Known(
            in_force=contracts.in_force,
            starting=contracts.starting,
            stopping=contracts.stopping,
            running_out=contracts.running_out,
            held=await asking.held_in(connection, codes, question),
            waiting=waiting,
        ),
        observed=Observed(
            started=contracts.started,
            stopped=contracts.stopped,
            continued=contracts.continued,
            ran_out=contracts.ran_out,
            used=used,
            lapsed=lapsed,
        ),
        what_if=what_if,
    )


async def contracts_of(connection: Any, codes: list[str], on: date, moment: datetime) -> Contracts:
    """The contracts of municipalities on a day, as known at a moment: one pass over the spells."""
    since, last = on - timedelta(days=WINDOW_DAYS), date(on.year, 12, 31)
    row = await connection.fetchrow(_CONTRACTS, codes, moment, since, on, last)
    in_force, starting, stopping, running_out = (
        Tally(row[f"{name}_contracts"], row[f"{name}_hours"]) for name in _TALLIES
    )
    started, stopped, ran_out = (int(row[name]) for name in _COUNTS)
    return Contracts(
        in_force=in_force,
        starting=starting,
        stopping=stopping,
        running_out=running_out,
        started=started,
        stopped=stopped,
        continued=row["continued"],
        ran_out=ran_out,
    )


async def _reservations(connection: Any, codes: list[str], moment: datetime) -> tuple[int, int]:
    """How many became a contract in the year up to the moment, and how many did not."""
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE state = 'used') AS used, "
        "count(*) FILTER (WHERE state <> 'used') AS lapsed FROM reservations "
        "WHERE municipality = ANY($1) AND expires_on IS NOT NULL "
        "AND closed_at < $2 AND closed_at >= $2::timestamptz - interval '365 days'",
        codes,
        moment,
    )
    return row["used"], row["lapsed"]


# $1 codes, $2 moment, $3 a year before the day, $4 the day, $5 the last day of its year.
_KNOWN: Final = (
    "{s}.municipality = ANY($1::text[]) AND {s}.known_from < $2::timestamptz "
    "AND ({s}.known_until IS NULL OR {s}.known_until >= $2)"
)
_LATER: Final = (
    "SELECT FROM spells later WHERE later.placement = s.placement AND later.from_on > s.from_on "
    f"AND {_KNOWN.format(s='later')}"
)
# `over`: nothing more is known of the contract after it. `went_on`: it stood on the day after its planned
# last one. Both are a search, so they are for what ended near the day alone. In a CASE, since without an end
# `until_on < $5 AND over` is neither true nor false, and would search as well; OFFSET 0, since each would
# be searched for anew wherever it is used.
_SPELLS: Final = (
    "SELECT s.placement, s.from_on, s.until_on, s.ends_on, s.hours, s.first, "
    f"CASE WHEN s.until_on >= $3 AND s.until_on < $5 THEN NOT EXISTS ({_LATER}) END AS over, "
    "CASE WHEN s.ends_on >= $3 AND s.ends_on < $4 AND s.until_on <= s.ends_on THEN "
    f"EXISTS ({_LATER} AND later.from_on <= s.ends_on + 1 "
    "AND (later.until_on IS NULL OR later.until_on > s.ends_on)) END AS went_on "
    f"FROM spells s WHERE {_KNOWN.format(s='s')} OFFSET 0"
)
_TALLIES: Final = {
    "in_force": "from_on <= $4 AND (until_on IS NULL OR until_on >= $4)",
    "starting": "first AND from_on > $4 AND from_on <= $5 AND (until_on IS NULL OR until_on >= $5)",
    "stopping": "over AND from_on <= $4 AND until_on >= $4 AND until_on IS DISTINCT FROM ends_on",
    "running_out": "over AND from_on <= $4 AND until_on >= $4 AND until_on = ends_on",
}
_COUNTS: Final = {
    "started": "first AND from_on > $3 AND from_on <= $4",
    "stopped": "over AND until_on < $4 AND until_on IS DISTINCT FROM ends_on",
    "ran_out": "over AND until_on < $4 AND until_on = ends_on",
}
# A contract that went on twice in the year is one. Gathered first: `count(DISTINCT ...)` sorts all spells.
_CONTRACTS: Final = (
    "SELECT t.*, (SELECT count(DISTINCT placement) FROM unnest(t.went_on) AS placement) AS continued "
    "FROM (SELECT "
    + "".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}_contracts, "
        f"coalesce(sum(hours) FILTER (WHERE {condition}), 0) AS {name}_hours, "
        for name, condition in _TALLIES.items()
    )
    + "".join(f"count(*) FILTER (WHERE {condition}) AS {name}, " for name, condition in _COUNTS.items())
    + f"array_agg(placement) FILTER (WHERE went_on) AS went_on FROM ({_SPELLS}) s) t"
)
