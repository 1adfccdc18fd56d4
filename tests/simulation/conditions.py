"""What the conditions mean that stores say in SQL; the ones on a single column need no entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final

from services.intake import world as intake
from services.matching import world as matching
from services.notifications import store as notifications
from services.quota import world as quota
from shared.messaging.rows import Table
from tests.simulation.database import Row

Condition = Callable[..., Callable[[Row], bool]]
"""From the arguments to what a row must meet."""
Within = Callable[[Collection[Row]], Condition]
"""From the rows of the table, where a condition asks that as well."""

_ALIVE = frozenset({"requested", "open", "accepted"})


def _alive(row: Row) -> bool:
    return row["state"] in _ALIVE and row["refused_at"] is None


def _pending(row: Row) -> bool:
    until, decided = row["served_until"], row["decided_on"]
    # What is not there is neither more nor less than anything.
    return row["outcome"] == "granted" and (until is None or (decided is not None and decided > until))


def _standing(stands: Callable[[Row], bool], column: str) -> Condition:
    return lambda names: lambda row: stands(row) or row[column] in names


def _people_with(column: str) -> Within:
    """`participant IN (SELECT participant FROM itself WHERE column = ANY($1))`."""

    def within(rows: Collection[Row]) -> Condition:
        def condition(values: Collection[str]) -> Callable[[Row], bool]:
            wanted = {row["participant"] for row in rows if row[column] in values}
            return lambda row: row["participant"] in wanted

        return condition

    return within


def _open_until(row: Row) -> date:
    """`coalesce(least(until_on, withdrawn_on - 1), 'infinity')`; least passes over what is not there."""
    days = [row["until_on"], None if row["withdrawn_on"] is None else _day_before(row["withdrawn_on"])]
    return min((day for day in days if day is not None), default=date.max)


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


_MATCHING_ALIVE: Final = "state IN ('requested', 'open', 'accepted') AND refused_at IS NULL"
_MATCHING_PENDING: Final = "outcome = 'granted' AND (served_until IS NULL OR decided_on > served_until)"

CONDITIONS: Final[Mapping[tuple[Table[Any], str], Condition]] = {
    (matching.PROPOSALS, f"proposal = ANY($1) OR (participant = ANY($2) AND {_MATCHING_ALIVE})"): (
        lambda named, people: (
            lambda row: row["proposal"] in named or (row["participant"] in people and _alive(row))
        )
    ),
    (matching.PROPOSALS, f"({_MATCHING_ALIVE}) OR proposal = ANY($1)"): _standing(_alive, "proposal"),
    (matching.DECISIONS, f"({_MATCHING_PENDING}) OR participant = ANY($1)"): _standing(
        _pending, "participant"
    ),
    (
        matching.PLACEMENTS,
        "coalesce(ended_on, 'infinity') >= $1 OR participant = ANY($2) OR placement = ANY($3)",
    ): (
        lambda today, people, named: (
            lambda row: (
                (row["ended_on"] or date.max) >= today
                or row["participant"] in people
                or row["placement"] in named
            )
        )
    ),
    (
        matching.PLACES,
        "place = ANY($1) OR coalesce(least(until_on, withdrawn_on - 1), 'infinity') >= $2",
    ): (lambda used, today: lambda row: row["place"] in used or _open_until(row) >= today),
    (matching.DEVIATIONS, "reported_on IS NULL OR deviation = ANY($1)"): _standing(
        lambda row: row["reported_on"] is None, "deviation"
    ),
    (
        quota.RESERVATIONS,
        "reservation = ANY($1) OR (participant = ANY($2) AND state = 'granted') OR placement = ANY($3)",
    ): (
        lambda named, people, contracts: (
            lambda row: (
                row["reservation"] in named
                or (row["participant"] in people and row["state"] == "granted")
                or row["placement"] in contracts
            )
        )
    ),
    (
        quota.RESERVATIONS,
        "expires_on IS NOT NULL AND municipality = ANY($1) AND (closed_at IS NULL OR closed_at >= $2)",
    ): (
        lambda municipalities, since: (
            lambda row: (
                row["expires_on"] is not None
                and row["municipality"] in municipalities
                and (row["closed_at"] is None or row["closed_at"] >= since)
            )
        )
    ),
    (intake.DEADLINES, "about = ANY($1) OR (waits AND tell_on <= $2)"): (
        lambda about, today: (
            lambda row: (
                row["about"] in about
                or (row["waits"] and row["tell_on"] is not None and row["tell_on"] <= today)
            )
        )
    ),
    (notifications.TIDINGS, "notification = ANY($1) OR participant = ANY($2)"): (
        lambda named, gone: lambda row: row["notification"] in named or row["participant"] in gone
    ),
}
"""Every condition that a store says in SQL, by its text; the ones on a single column need none."""

WITHIN: Final[Mapping[tuple[Table[Any], str], Within]] = {
    (
        quota.WAITS,
        "participant IN (SELECT participant FROM waits WHERE municipality = ANY($1))",
    ): _people_with("municipality"),
}
"""Conditions that ask the table itself as well."""
