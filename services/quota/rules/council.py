"""What college and council are told: the number, what came of it, who waits, and what each fund pays."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from services.quota.rules.figures import Figures
from services.quota.rules.numbers import Difference
from services.quota.rules.texts import FUNDS, day_nl, number_nl
from shared.contracts import (
    Amount,
    CalendarDate,
    Count,
    FiguresReported,
    Fund,
    Municipality,
    Part,
    Unit,
    Year,
)

REACH_THE_NUMBER_PERCENT: Final = 13
"""Share of the municipalities that reach the yearly number."""

REACH_THE_NUMBER_SOURCE: Final = "Brief aan de raad, op grond van de evaluatie van het ministerie van 2019"


class CouncilFund(Part):
    """One fund in a year."""

    fund: Fund
    """Who pays."""
    target: Amount
    """The number."""
    realised: Amount
    """What the contracts in force take of it."""
    provisional: bool
    """Whether the number could still change."""
    set_for: Year
    """For which year it was set."""
    source: str
    """Where it was published."""


class CouncilYear(Part):
    """A year at its end, or on the day of the report while it runs."""

    year: Year
    """Which."""
    as_of: CalendarDate
    """The day of the figures."""
    unit: Unit
    """In what is counted."""
    target: Amount
    """The number, all funds together."""
    provisional: bool
    """Whether it could still change."""
    realised: Amount
    """Places filled by a contract in force."""
    contracts: Count
    """The contracts themselves."""
    hours: Amount
    """Their hours over the hours of a place, to be held beside the contracts."""
    without_reservation: Count
    """Of the contracts those that no room was reserved for."""
    reached: bool
    """Whether the number is reached."""
    waiting: Count
    """People on the waiting list."""
    bridged: Count
    """How many of them have something to do meanwhile."""
    funds: tuple[CouncilFund, ...]
    """The same per fund."""
    text: str
    """The same in plain Dutch."""


class CouncilReport(Part):
    """The years of a municipality, for its council."""

    municipality: Municipality
    """Whose."""
    as_known_on: CalendarDate | None
    """Only what was known at the end of this day was looked at; null for all that is known."""
    years: tuple[CouncilYear, ...]
    """Each year, the last one last."""
    years_reached: Count
    """How many of the years that are over reached their number."""
    years_over: Count
    """How many years are over."""
    municipalities_that_reach_percent: Count
    """To compare: the share of all municipalities that reach the number of a year."""
    municipalities_that_reach_source: str
    """Where that is said."""
    differences: tuple[str, ...]
    """Where another source has another number, in plain Dutch."""
    text: str
    """The outcome in plain Dutch."""


class Compared(Part):
    """A figure that was reported, and the same as it is known now."""

    reported: FiguresReported
    """What was reported, as it was said."""
    now: CouncilYear
    """The same day as it is known now."""
    changes: tuple[str, ...]
    """What came to light since, in plain Dutch; empty when nothing did."""


def year(shown: Figures) -> CouncilYear:
    """A day's figures as the council reads them.

    Args:
        shown: figures in which contracts that are agreed and room that is held are left out.
    """
    reached = bool(shown.funds) and shown.realised >= shown.target
    return CouncilYear(
        year=shown.year,
        as_of=shown.as_of,
        unit=shown.unit,
        target=shown.target,
        provisional=shown.provisional,
        realised=shown.realised,
        contracts=shown.contracts,
        hours=shown.both_ways.hours,
        without_reservation=shown.without_reservation,
        reached=reached,
        waiting=shown.waiting,
        bridged=shown.bridged,
        funds=tuple(
            CouncilFund(
                fund=fund.fund,
                target=fund.target,
                realised=fund.in_use,
                provisional=fund.provisional,
                set_for=fund.set_for,
                source=fund.source,
            )
            for fund in shown.funds
        ),
        text=_year_text(shown, reached=reached),
    )


def report(
    municipality: str,
    known_on: Any,
    years: Sequence[CouncilYear],
    differences: Sequence[Difference],
) -> CouncilReport:
    """All years, with how often the number was reached and what other municipalities do."""
    over = [each for each in years if (each.as_of.month, each.as_of.day) == (12, 31) and each.funds]
    reached = sum(1 for each in over if each.reached)
    return CouncilReport(
        municipality=municipality,
        as_known_on=known_on,
        years=tuple(years),
        years_reached=reached,
        years_over=len(over),
        municipalities_that_reach_percent=REACH_THE_NUMBER_PERCENT,
        municipalities_that_reach_source=REACH_THE_NUMBER_SOURCE,
        differences=tuple(_difference(each) for each in differences),
        text=(
            f"Het aantal is gehaald in {reached} van de {len(over)} jaren. Van alle gemeenten haalt "
            f"{REACH_THE_NUMBER_PERCENT} procent het aantal van een jaar."
        ),
    )


def compare(reported: FiguresReported, now: CouncilYear) -> Compared:
    """What was reported beside what is known now of the same day."""
    pairs = [
        ("Het aantal", reported.target, now.target),
        ("Het aantal contracten", Decimal(reported.contracts), Decimal(now.contracts)),
        ("Het aantal gevulde plekken", reported.realised, now.realised),
        ("Het aantal mensen op de wachtlijst", Decimal(reported.waiting), Decimal(now.waiting)),
        (
            "Het aantal wachtenden met een tijdelijk aanbod",
            Decimal(reported.bridged),
            Decimal(now.bridged),
        ),
    ]
    return Compared(
        reported=reported,
        now=now,
        changes=tuple(
            f"{what} op {day_nl(reported.on)} was {number_nl(then)} toen dit werd gemeld op "
            f"{day_nl(reported.reported_on)}, en is nu {number_nl(known)}."
            for what, then, known in pairs
            if then != known
        ),
    )


def _year_text(shown: Figures, *, reached: bool) -> str:
    if not shown.funds:
        return f"Voor {shown.year} is geen aantal bekend. Er zijn {shown.contracts} contracten."
    provisional = " Dat aantal is voorlopig." if shown.provisional else ""
    outcome = "is gehaald" if reached else "is niet gehaald"
    by_fund = ", ".join(
        f"{FUNDS[fund.fund]} {number_nl(fund.in_use)} van {number_nl(fund.target)}" for fund in shown.funds
    )
    without = (
        f" Voor {shown.without_reservation} contracten was geen plek gereserveerd; ze tellen wel mee."
        if shown.without_reservation
        else ""
    )
    return (
        f"Op {day_nl(shown.as_of)} waren er {number_nl(shown.realised)} plekken gevuld. Het aantal voor "
        f"{shown.year} is {number_nl(shown.target)} en {outcome}.{provisional} Per geldbron: {by_fund}. "
        f"Er wachten {shown.waiting} mensen; {shown.bridged} van hen hebben intussen iets anders.{without}"
    )


def _difference(found: Difference) -> str:
    ours, other = found.runs_on, found.other
    return (
        f"Voor {ours.year} ({FUNDS[ours.fund]}) noemt {other.source} {number_nl(other.number)}; "
        f"gerekend wordt met {number_nl(ours.number)} ({ours.source})."
    )
