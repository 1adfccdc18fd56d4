"""What is asked of the ledger: reads only, set-based, over all contracts at once."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

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
    waiting, bridged = await listed_in(connection, codes, question)
    return Counts(
        in_force=in_force,
        agreed=await _agreed(connection, codes, question),
        held=await held_in(connection, codes, question),
        without_reservation=without,
        waiting=waiting,
        bridged=bridged,
    )


KNOWN: Final = (
    "CASE WHEN $3::timestamptz IS NULL THEN {s}.known_until IS NULL "
    "ELSE {s}.known_from < $3 AND ({s}.known_until IS NULL OR {s}.known_until >= $3) END"
)
"""What was known of a spell `s` at a moment, $3; null for now."""

IN_FORCE: Final = (
    "s.municipality = ANY($1::text[]) AND s.from_on <= $2::date AND (s.until_on IS NULL OR s.until_on >= $2) "
    f"AND {KNOWN.format(s='s')}"
)
"""A day, $2, and a moment: the spells `s` of municipalities, $1, that cover both."""


async def _in_force(connection: Any, codes: list[str], question: Question) -> tuple[dict[str, Tally], int]:
    """Contracts in force by fund, and how many of them took no reservation: one pass over the spells."""
    rows = await connection.fetch(
        f"SELECT coalesce(s.fund, '{IN_ORDER}') AS fund, count(*) AS contracts, sum(s.hours) AS hours, "
        "count(*) FILTER (WHERE s.took_at IS NULL OR s.took_at >= $3) AS without "
        f"FROM spells s WHERE {IN_FORCE} GROUP BY 1",
        codes,
        question.on,
        question.known,
    )
    in_force = {row["fund"]: Tally(row["contracts"], row["hours"]) for row in rows}
    return in_force, sum(row["without"] for row in rows)


async def _agreed(connection: Any, codes: list[str], question: Question) -> dict[str, Tally]:
    """Contracts agreed by the day that start later, and are not in force as far as is known by now."""
    rows = await connection.fetch(
        "SELECT placement, fund, hours FROM spells WHERE municipality = ANY($1) AND from_on > $2 AND first "
        "AND known_from < $3 AND (known_until IS NULL OR known_until >= $3)",
        codes,
        question.on,
        question.agreed,
    )
    there = await _standing(connection, codes, question, [row["placement"] for row in rows])
    agreed: dict[str, Tally] = {}
    for row in rows:
        if row["placement"] not in there:
            fund = row["fund"] or IN_ORDER
            agreed[fund] = agreed.get(fund, NOTHING) + Tally(1, row["hours"])
    return agreed


# As the index `reservations_held` has it: asked for before the moment, and not closed before it.
_HELD = (
    "tstzrange(requested_at, CASE WHEN closed_at IS NULL THEN NULL "
    "ELSE greatest(closed_at, requested_at) END, '(]')"
)


async def held_in(connection: Any, codes: list[str], question: Question) -> Tally:
    """Room held at the end of the day; not what a contract in force has taken, as far as is known by now."""
    rows = await connection.fetch(
        "SELECT placement, hours FROM reservations "
        f"WHERE {_HELD} @> $2::timestamptz AND expires_on IS NOT NULL AND municipality = ANY($1)",
        codes,
        question.agreed,
    )
    there = await _standing(connection, codes, question, [row["placement"] for row in rows])
    return sum((Tally(1, row["hours"]) for row in rows if row["placement"] not in there), NOTHING)


async def _standing(
    connection: Any, codes: list[str], question: Question, placements: list[str | None]
) -> set[str]:
    """Which of these few contracts are in force."""
    named = sorted({placement for placement in placements if placement is not None})
    if not named:
        return set()
    rows = await connection.fetch(
        f"SELECT s.placement FROM spells s WHERE s.placement = ANY($4::text[]) AND {IN_FORCE}",
        codes,
        question.on,
        question.known,
        named,
    )
    return {row["placement"] for row in rows}


async def listed_in(connection: Any, codes: list[str], question: Question) -> tuple[int, int]:
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
