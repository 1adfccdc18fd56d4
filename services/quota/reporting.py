"""Reports and lists for officials, read from the ledger: the council's, the CBS file, who pays for whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.quota import asking
from services.quota.rules import council, srg
from services.quota.rules.contracts import Statement
from services.quota.rules.figures import Basis, Question, figures
from services.quota.rules.numbers import differences
from services.quota.rules.payers import in_order
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.spells import by
from services.quota.world import DOMICILES, PLACEMENTS, REPORTS, STATEMENTS
from shared.contracts import FiguresReported, Fund


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract in force on a day.

    Attributes:
        since: first day on which it counts for this municipality.
        fund: who pays; None without a number.
        assigned: the municipality said so, else it is by the order of the funds.
        reserved: room had been held for it.
    """

    placement: str
    participant: str
    host: str
    since: date
    ends_on: date | None
    hours: Decimal
    fund: Fund | None
    assigned: bool
    reserved: bool


async def contracts(
    connection: Any, municipality: str, question: Question, after: str | None, limit: int
) -> list[Contract]:
    """The contracts in force on a day, by name, each with who pays."""
    basis = await asking.basis(connection, municipality)
    codes = list(basis.codes(question))
    numbers, counting = basis.measure(question)
    rows = await connection.fetch(
        "WITH begun AS (SELECT f.placement, min(f.from_on) AS since FROM spells f "
        f"WHERE f.municipality = ANY($1) AND {asking.KNOWN.format(s='f')} GROUP BY f.placement), "
        "ordered AS (SELECT s.*, b.since, "
        "count(*) OVER (PARTITION BY s.fund ORDER BY b.since, s.placement) AS contracts_so_far, "
        "sum(s.hours) OVER (PARTITION BY s.fund ORDER BY b.since, s.placement) AS hours_so_far "
        f"FROM spells s JOIN begun b USING (placement) WHERE {asking.IN_FORCE}) "
        "SELECT o.*, p.host FROM ordered o JOIN placements p USING (placement) "
        "WHERE $4::text IS NULL OR o.placement > $4 ORDER BY o.placement LIMIT $5",
        codes,
        question.on,
        question.known,
        after,
        limit,
    )
    in_force = (await asking.counts(connection, basis, question)).in_force
    return [
        Contract(
            placement=row["placement"],
            participant=row["participant"],
            host=row["host"],
            since=row["since"],
            ends_on=row["ends_on"],
            hours=row["hours"],
            fund=(
                Fund(row["fund"])
                if row["fund"] is not None
                else in_order(
                    numbers, counting, in_force, Tally(row["contracts_so_far"], row["hours_so_far"])
                )
            ),
            assigned=row["fund"] is not None,
            reserved=row["took_at"] is not None
            and (question.known is None or row["took_at"] < question.known),
        )
        for row in rows
    ]


async def council_year(connection: Any, basis: Basis, on: date, known_on: date | None) -> council.CouncilYear:
    """A day's figures for the council: contracts in force, without what is only agreed or held."""
    counts = await asking.counts(connection, basis, Question.of(on, known_on))
    in_force = replace(counts, agreed={}, held=NOTHING)
    return council.year(figures(basis, in_force, on, known_on))


async def council_report(
    connection: Any, municipality: str, years: tuple[int, int], today: date, known_on: date | None
) -> council.CouncilReport:
    """Each year at its end, and the running one on the day of the report."""
    basis = await asking.basis(connection, municipality)
    last_day = min(today, known_on or today)
    shown = [
        await council_year(connection, basis, min(date(year, 12, 31), last_day), known_on)
        for year in range(years[0], years[1] + 1)
        if year <= last_day.year
    ]
    known = by(basis.targets, Question.of(last_day, known_on).known)
    return council.report(municipality, known_on, shown, differences(known))


async def reported(connection: Any, municipality: str) -> list[FiguresReported]:
    """Every report of the municipality, as it was said."""
    rows = await REPORTS.where(connection, "municipality = $1", municipality)
    return [FiguresReported.model_validate(row.said, strict=False) for row in rows]


async def compared(connection: Any, municipality: str, on: date) -> council.Compared | None:
    """A report beside what is known now; None when nothing was reported of that day."""
    rows = await REPORTS.where(connection, "municipality = $1 AND day = $2", municipality, on)
    said = [FiguresReported.model_validate(row.said, strict=False) for row in rows]
    if not said:
        return None
    basis = await asking.basis(connection, municipality)
    return council.compare(said[0], await council_year(connection, basis, on, None))


async def srg_file(connection: Any, municipality: str, month: date, known_on: date | None) -> str:
    """The month's file on re-integration provisions, with references in place of people.

    Args:
        month: its first day.
    """
    basis = await asking.basis(connection, municipality)
    question = Question.of(srg.last_of(month), known_on)
    codes, known = list(basis.codes(question)), question.known
    people = "SELECT participant FROM domiciles WHERE municipality = ANY($1)"
    domiciles = by(await DOMICILES.where(connection, f"participant IN ({people})", codes), known)
    placements = await PLACEMENTS.where(connection, f"participant IN ({people})", codes)
    statements = await STATEMENTS.where(
        connection, f"placement IN (SELECT placement FROM placements WHERE participant IN ({people}))", codes
    )
    said: dict[str, list[Statement]] = defaultdict(list)
    for statement in by(statements, known):
        said[statement.placement].append(statement)
    provisions = [srg.provision(placement, said[placement.placement]) for placement in placements]
    lines = srg.rows(municipality, codes, month, [p for p in provisions if p is not None], domiciles)
    return srg.written(lines)
