"""What is asked of the ledger: reads only, set-based, over all contracts at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.quota.rules.figures import Basis, Counts, Figures, Question, figures
from services.quota.rules.mergers import family
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.spells import by
from services.quota.rules.stock import IN_ORDER
from services.quota.rules.waiting import listed
from services.quota.world import MERGERS, POLICIES, RESERVATIONS, TARGETS, WAITS


async def figures_of(connection: Any, municipality: str, on: date, known_on: date | None = None) -> Figures:
    """The figures of the end of a day, as known at the end of a day; to be read in one snapshot."""
    known = await basis(connection, municipality)
    counted = await counts(connection, known, Question.of(on, known_on))
    return figures(known, counted, on, known_on)


async def basis(connection: Any, municipality: str) -> Basis:
    """What the municipality, and what merged into it, laid down."""
    mergers = list(await MERGERS.all(connection))
    codes = family({municipality}, [(m.predecessor, m.municipality) for m in mergers])
    return Basis(
        municipality,
        targets=list(await TARGETS.fetch(connection, "municipality", codes)),
        policies=list(await POLICIES.where(connection, "municipality = $1", municipality)),
        mergers=mergers,
    )


async def counts(connection: Any, basis: Basis, question: Question) -> Counts:
    """Count for a question."""
    codes = list(basis.codes(question))
    in_force, without = await _in_force(connection, codes, question)
    waiting, bridged = await _listed(connection, codes, question)
    return Counts(
        in_force=in_force,
        agreed=await _agreed(connection, codes, question),
        held=await _held(connection, codes, question),
        without_reservation=without,
        waiting=waiting,
        bridged=bridged,
    )


# A day and a moment: the spells that cover both. $1 codes, $2 day, $3 moment or null for now.
_IN_FORCE = (
    "s.municipality = ANY($1::text[]) AND s.from_on <= $2::date AND (s.until_on IS NULL OR s.until_on >= $2) "
    "AND CASE WHEN $3::timestamptz IS NULL THEN s.known_until IS NULL "
    "ELSE s.known_from < $3 AND (s.known_until IS NULL OR s.known_until >= $3) END"
)


async def _in_force(connection: Any, codes: list[str], question: Question) -> tuple[dict[str, Tally], int]:
    """Contracts in force by fund, and how many of them took no reservation.

    One pass over the spells and one over the used reservations, joined by hash: 1,000,000 contracts in
    well under a second (docs/measurements.md).
    """
    rows = await connection.fetch(
        "WITH used AS (SELECT placement FROM reservations WHERE state = 'used' AND placement IS NOT NULL "
        "AND ($3::timestamptz IS NULL OR closed_at < $3)) "
        f"SELECT coalesce(s.fund, '{IN_ORDER}') AS fund, count(*) AS contracts, sum(s.hours) AS hours, "
        "count(*) FILTER (WHERE u.placement IS NULL) AS without "
        f"FROM spells s LEFT JOIN used u ON u.placement = s.placement WHERE {_IN_FORCE} GROUP BY 1",
        codes,
        question.on,
        question.known,
    )
    in_force = {row["fund"]: Tally(row["contracts"], row["hours"]) for row in rows}
    return in_force, sum(row["without"] for row in rows)


async def _agreed(connection: Any, codes: list[str], question: Question) -> dict[str, Tally]:
    """Contracts agreed by the day that start later, and are not in force as far as is known by now."""
    rows = await connection.fetch(
        f"SELECT coalesce(a.fund, '{IN_ORDER}') AS fund, count(*) AS contracts, sum(a.hours) AS hours "
        "FROM spells a WHERE a.municipality = ANY($1) AND a.from_on > $2 AND a.first "
        "AND a.known_from < $4 AND (a.known_until IS NULL OR a.known_until >= $4) "
        f"AND NOT EXISTS (SELECT FROM spells s WHERE s.placement = a.placement AND {_IN_FORCE}) GROUP BY 1",
        codes,
        question.on,
        question.known,
        question.agreed,
    )
    return {row["fund"]: Tally(row["contracts"], row["hours"]) for row in rows}


async def _held(connection: Any, codes: list[str], question: Question) -> Tally:
    """Room held at the end of the day; not what a contract in force has taken, as far as is known by now."""
    row = await connection.fetchrow(
        "SELECT count(*) AS contracts, coalesce(sum(r.hours), 0) AS hours FROM reservations r "
        "WHERE r.municipality = ANY($1) AND r.expires_on IS NOT NULL AND r.requested_at < $4 "
        "AND (r.closed_at IS NULL OR r.closed_at >= $4) "
        f"AND NOT EXISTS (SELECT FROM spells s WHERE s.placement = r.placement AND {_IN_FORCE})",
        codes,
        question.on,
        question.known,
        question.agreed,
    )
    return Tally(row["contracts"], row["hours"]) if row["contracts"] else NOTHING


async def _listed(connection: Any, codes: list[str], question: Question) -> tuple[int, int]:
    """Who waits: a list is as long as a region's, so the rule itself is asked."""
    waits = await WAITS.where(
        connection,
        "participant IN (SELECT participant FROM waits WHERE municipality = ANY($1))",
        codes,
    )
    return listed(by(waits, question.known), codes, question.on)


async def last_reservations(
    connection: Any, municipality: str, state: State | None, limit: int
) -> list[Reservation]:
    """The last reservations asked for, the newest first."""
    rows = await RESERVATIONS.where(
        connection,
        "reservation IN (SELECT reservation FROM reservations WHERE municipality = $1 "
        "AND ($2::text IS NULL OR state = $2) ORDER BY requested_at DESC, reservation DESC LIMIT $3)",
        municipality,
        state,
        limit,
    )
    return sorted(rows, key=lambda r: (r.requested_at, r.reservation), reverse=True)
