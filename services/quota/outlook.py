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
# The last of its contract for this municipality: after it nothing more is known.
_LAST: Final = (
    "NOT EXISTS (SELECT FROM spells later WHERE later.placement = s.placement AND later.from_on > s.from_on "
    f"AND {_KNOWN.format(s='later')})"
)
_CONTINUED: Final = (
    "EXISTS (SELECT FROM spells later WHERE later.placement = s.placement AND later.from_on <= s.ends_on + 1 "
    "AND (later.until_on IS NULL OR later.until_on > s.ends_on) AND later.from_on > s.from_on "
    f"AND {_KNOWN.format(s='later')})"
)


def _within(column: str, first: str, end: str) -> str:
    # With no day at all it must be false and not null: else what follows, a search for each of the
    # contracts without end, is gone through as well. That made it three times as slow.
    return f"coalesce(s.{column} >= {first} AND s.{column} < {end}, false)"


def _ended(first: str, end: str, *, as_planned: bool) -> str:
    planned = "s.until_on = s.ends_on" if as_planned else "s.until_on IS DISTINCT FROM s.ends_on"
    return f"{_within('until_on', first, end)} AND {planned} AND {_LAST}"


_TALLIES: Final = {
    "in_force": "s.from_on <= $4 AND (s.until_on IS NULL OR s.until_on >= $4)",
    "starting": "s.first AND s.from_on > $4 AND s.from_on <= $5 AND (s.until_on IS NULL OR s.until_on >= $5)",
    "stopping": f"s.from_on <= $4 AND {_ended('$4', '$5', as_planned=False)}",
    "running_out": f"s.from_on <= $4 AND {_ended('$4', '$5', as_planned=True)}",
}
_COUNTS: Final = {
    "started": "s.first AND s.from_on > $3 AND s.from_on <= $4",
    "stopped": _ended("$3", "$4", as_planned=False),
    "ran_out": _ended("$3", "$4", as_planned=True),
}
_GOING_ON: Final = (
    f"{_within('ends_on', '$3', '$4')} AND coalesce(s.until_on <= s.ends_on, false) AND {_CONTINUED}"
)
# A contract that went on twice in the year is one. Gathered first: `count(DISTINCT ...)` over the spells
# themselves would sort them all.
_CONTRACTS: Final = (
    "SELECT t.*, (SELECT count(DISTINCT placement) FROM unnest(t.going_on) AS placement) AS continued "
    "FROM (SELECT "
    + "".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}_contracts, "
        f"coalesce(sum(s.hours) FILTER (WHERE {condition}), 0) AS {name}_hours, "
        for name, condition in _TALLIES.items()
    )
    + "".join(f"count(*) FILTER (WHERE {condition}) AS {name}, " for name, condition in _COUNTS.items())
    + f"array_agg(s.placement) FILTER (WHERE {_GOING_ON}) AS going_on "
    f"FROM spells s WHERE {_KNOWN.format(s='s')}) t"
)
