"""How full the number will be on 31 December: what is known, what is likely, and how sure that is.

The number is a level at the end of the year, so the forecast is of that level. It adds what is agreed
and what ran as it ran last year; nothing is learned from people, only counted. Each step is a line that
somebody can check, and a what-if changes the input of the sum and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from services.quota.rules.policies import Counting, Tally
from services.quota.rules.texts import day_nl, number_nl
from shared.contracts import Amount, CalendarDate, Count, Municipality, Part, Unit, Year

WINDOW_DAYS: Final = 365
"""How far is looked back: a whole year, so that no season counts twice."""

TO_START_DAYS: Final = 42
"""From room to a contract: two weeks to answer and four to draw it up, as room is held by default."""

_SURE: Final = Decimal("1.645")
"""Standard deviations to each side for nine times in ten, where many small chances add up."""

_TENTH: Final = Decimal("0.1")
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of the rest of the year.

    Attributes:
        in_force: contracts in force on the day.
        starting: agreed contracts that start by 31 December and count on it.
        stopping: contracts in force that end before 31 December because somebody said so.
        running_out: temporary contracts whose last day comes before 31 December, without an extension yet.
        held: room held for proposals.
        waiting: people on the list.
    """

    in_force: Tally
    starting: Tally
    stopping: Tally
    running_out: Tally
    held: Tally
    waiting: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What happened in the year before.

    Attributes:
        started: contracts that began to count.
        stopped: contracts that stopped before their planned last day, or had none.
        continued: temporary contracts that went on after their planned last day.
        ran_out: temporary contracts that did not.
        used: reservations that became a contract.
        lapsed: reservations that were given back or expired.
    """

    started: int
    stopped: int
    continued: int
    ran_out: int
    used: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change that is thought through, and not made.

    Attributes:
        more_places: added to the number; below zero for a cut.
        inflow_a_year: people more a year that a partner who joins brings to a contract.
        joins_on: from which day; None for the day of the forecast.
    """

    more_places: Decimal = _NONE
    inflow_a_year: Decimal = _NONE
    joins_on: date | None = None


class Line(Part):
    """One step of the sum."""

    what: str
    """What it is, in plain Dutch."""
    places: Amount
    """What it adds, or takes off when below zero."""
    sure: bool
    """Whether it is agreed; else it is what is likely."""


class Forecast(Part):
    """The level that is expected on 31 December."""

    municipality: Municipality
    """Whose."""
    as_of: CalendarDate
    """The day on which it is made."""
    as_known_on: CalendarDate | None
    """Only what was known at the end of this day was looked at; null for all that is known."""
    year: Year
    """Of which year."""
    unit: Unit
    """In what is counted."""
    target: Amount
    """The number, with what the what-if adds to it."""
    lines: tuple[Line, ...]
    """The sum, step by step; together they are `expected`."""
    expected: Amount
    """What is expected."""
    low: Amount
    """Nine times in ten it is between this"""
    high: Amount
    """and this."""
    short: Amount
    """How far the expected level is under the number."""
    over: Amount
    """How far it is over the number; that ends nobody's job."""
    waiting: Count
    """People on the list on the day it is made."""
    text: str
    """The outcome in plain Dutch."""


def share(yes: int, no: int) -> Decimal:
    """How often something happens that happened `yes` times and did not `no` times.

    With one of each added (Laplace), so that a year without a case says one half and not never or always.
    """
    return Decimal(yes + 1) / Decimal(yes + no + 2)


def forecast(
    municipality: str,
    on: date,
    known_on: date | None,
    *,
    target: Decimal,
    counting: Counting,
    known: Known,
    observed: Observed,
    what_if: WhatIf,
) -> Forecast:
    """The expected level on 31 December of the day's year.

    Whoever is in force, or agreed, stays but for what runs out or stops; what is held becomes a contract
    as often as it did; new contracts come at last year's pace, or from the list where people wait, and
    never more than there is room for: nothing is granted over the number (Pw art. 10b(6)).

    Args:
        target: the number of the year, all funds together.
    """
    days = (date(on.year, 12, 31) - on).days
    goal = target + what_if.more_places
    goes_on, becomes = share(observed.continued, observed.ran_out), share(observed.used, observed.lapsed)
    one = _mean_place(counting, known)
    stays = _places(counting, known.running_out) * goes_on
    lines = [
        _line(f"In dienst op {day_nl(on)}", _places(counting, known.in_force), sure=True),
        _line("Begint dit jaar nog, afgesproken", _places(counting, known.starting), sure=True),
        _line("Stopt dit jaar nog, afgesproken", -_places(counting, known.stopping), sure=True),
        _line(
            f"Tijdelijk contract loopt af en gaat waarschijnlijk niet door: {known.running_out.contracts} "
            f"lopen af, vorig jaar gingen er {observed.continued} van de "
            f"{observed.continued + observed.ran_out} door",
            stays - _places(counting, known.running_out),
        ),
    ]
    # Nobody stops twice: of those who are there now and do not stop or run out already.
    left = max(lines[0].places + lines[2].places + lines[3].places, _NONE)
    lines += [
        _line(
            f"Stopt eerder dan gepland: vorig jaar {observed.stopped}, nog {days} dagen te gaan",
            -min(_pace(observed.stopped, days) * one, left),
        ),
        _line(
            f"Gereserveerd en wordt waarschijnlijk een contract: {known.held.contracts} reserveringen, "
            f"vorig jaar werden er {observed.used} van de {observed.used + observed.lapsed} een contract",
            _places(counting, known.held) * becomes,
        ),
    ]
    room = max(goal - sum((line.places for line in lines), _NONE), _NONE)
    new = _new(on, days, known, observed, what_if, becomes) * one
    lines.append(
        _line(
            f"Nieuwe contracten: vorig jaar {observed.started}, {known.waiting} mensen wachten, "
            f"ruimte voor {number_nl(room)}",
            min(new, room),
        )
    )
    expected = sum((line.places for line in lines), _NONE)
    spread = _SURE * _variance(lines, known, goes_on, becomes, one).sqrt()
    ceiling = max(goal, _places(counting, known.in_force + known.starting), expected)
    low, high = _tenth(max(expected - spread, _NONE)), _tenth(min(expected + spread, ceiling))
    return Forecast(
        municipality=municipality,
        as_of=on,
        as_known_on=known_on,
        year=on.year,
        unit=counting.unit,
        target=goal,
        lines=tuple(lines),
        expected=expected,
        low=low,
        high=high,
        short=max(goal - expected, _NONE),
        over=max(expected - goal, _NONE),
        waiting=known.waiting,
        text=_text(on, goal, expected, low, high),
    )


def _new(on: date, days: int, known: Known, observed: Observed, what_if: WhatIf, becomes: Decimal) -> Decimal:
    """Contracts that nothing is known of yet.

    Last year's pace, less what is known of this year's rest already; or people from the list, as far as
    there is time for them to start. The pace alone would say that room which was never there is not used.
    """
    pace = _pace(observed.started, days) - known.starting.contracts - known.held.contracts * becomes
    in_time = min(Decimal(days) / TO_START_DAYS, Decimal(1))
    from_list = known.waiting * becomes * in_time
    joins_on = max(what_if.joins_on or on, on)
    days_with = max((date(on.year, 12, 31) - joins_on).days, 0)
    joining = what_if.inflow_a_year * days_with / WINDOW_DAYS
    return max(pace, from_list, _NONE) + joining


def _variance(lines: list[Line], known: Known, goes_on: Decimal, becomes: Decimal, one: Decimal) -> Decimal:
    """Each contract that may run out and each reservation by its own chance; the rest as rare events."""
    chances = known.running_out.contracts * goes_on * (1 - goes_on)
    chances += known.held.contracts * becomes * (1 - becomes)
    rare = abs(lines[4].places) + abs(lines[6].places)
    return chances * one * one + rare * one


def _pace(a_year: int, days: int) -> Decimal:
    return Decimal(a_year * days) / WINDOW_DAYS


def _places(counting: Counting, tally: Tally) -> Decimal:
    size = counting.size(tally)
    return size if counting.unit is Unit.CONTRACTS else size / counting.hours_per_unit


def _mean_place(counting: Counting, known: Known) -> Decimal:
    """What one contract takes; where hours are counted, as the contracts of now do."""
    if counting.unit is Unit.CONTRACTS:
        return Decimal(1)
    tally = known.in_force + known.starting + known.held
    return _places(counting, tally) / tally.contracts if tally.contracts else Decimal(1)


def _line(what: str, places: Decimal, *, sure: bool = False) -> Line:
    return Line(what=what, places=_tenth(places), sure=sure)


def _tenth(places: Decimal) -> Decimal:
    rounded = places.quantize(_TENTH, rounding=ROUND_HALF_UP)
    return rounded or _NONE


def _text(on: date, goal: Decimal, expected: Decimal, low: Decimal, high: Decimal) -> str:
    outcome = (
        f"Op 31 december {on.year} verwachten we {number_nl(expected)} plekken: "
        f"waarschijnlijk tussen {number_nl(low)} en {number_nl(high)}. Het aantal is {number_nl(goal)}."
    )
    if expected > goal:
        more = number_nl(expected - goal)
        return f"{outcome} Dat is {more} te veel. Niemand verliest daardoor werk; er komt alleen niemand bij."
    if expected < goal:
        return f"{outcome} Er blijven {number_nl(goal - expected)} plekken over."
    return f"{outcome} Dat is precies genoeg."
