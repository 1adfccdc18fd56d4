"""The forecast to 31 December, with the sums written out; and what if."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.quota.rules.forecast import Forecast, Known, Observed, WhatIf, forecast, share
from services.quota.rules.policies import NOTHING, Counting, Tally
from shared.contracts import Unit
from tests.quota.statements import these

ON = date(2021, 10, 2)
"""Ninety days before 31 December."""


def contracts(n: int, hours: int = 28) -> Tally:
    return Tally(n, Decimal(n * hours))


def known(**more: Any) -> Known:
    fields: dict[str, Any] = {
        "in_force": contracts(50),
        "starting": NOTHING,
        "stopping": NOTHING,
        "running_out": NOTHING,
        "held": NOTHING,
        "waiting": 0,
    }
    return Known(**(fields | more))


NOTHING_SEEN = Observed(started=0, stopped=0, continued=0, ran_out=0, used=0, lapsed=0)


def made(
    known_now: Known,
    observed: Observed = NOTHING_SEEN,
    *,
    target: int = 61,
    on: date = ON,
    what_if: WhatIf | None = None,
    counting: Counting | None = None,
) -> Forecast:
    return forecast(
        "0114",
        on,
        None,
        target=Decimal(target),
        counting=counting or Counting(),
        known=known_now,
        observed=observed,
        what_if=what_if or WhatIf(),
    )


def places(found: Forecast) -> list[Decimal]:
    return [line.places for line in found.lines]


def test_without_anything_ahead_the_level_stays_and_is_sure():
    found = made(known())
    assert these(found.expected, found.low, found.high, found.short) == (50, 50, 50, 11)
    assert found.text == (
        "Op 31 december 2021 verwachten we 50 plekken: waarschijnlijk tussen 50 en 50. "
        "Het aantal is 61. Er blijven 11 plekken over."
    )


def test_a_sum_written_out():
    """
    In force on 2 October                                                            50
    agreed to start                                                                + 2
    agreed to stop                                                                 - 1
    6 run out; 8 of 10 went on last year: (8 + 1) / (10 + 2) = 0.75; 6 x 0.25      - 1.5
    73 stopped early last year, 90 days left: 73 x 90 / 365 = 18                   - 18
    4 held; 14 of 18 became a contract: (14 + 1) / (18 + 2) = 0.75; 4 x 0.75       + 3
    room then: 61 - 34.5 = 26.5; 146 started last year: 146 x 90 / 365 = 36,
    less 2 agreed and 3 held = 31, and no more than the room                       + 26.5
                                                                                   = 61
    """
    found = made(
        known(
            starting=contracts(2),
            stopping=contracts(1),
            running_out=contracts(6),
            held=contracts(4),
        ),
        Observed(started=146, stopped=73, continued=8, ran_out=2, used=14, lapsed=4),
    )
    expected = ["50", "2", "-1", "-1.5", "-18", "3", "26.5"]
    assert places(found) == [Decimal(text) for text in expected]
    assert these(found.expected, found.short, found.over) == (61, 0, 0)
    assert [line.sure for line in found.lines] == [True] * 3 + [False] * 4
    # Nine times in ten: chances 6 x 0.75 x 0.25 + 4 x 0.75 x 0.25 = 1.875; rare 18 + 26.5 = 44.5;
    # 1.645 x root of 46.375 = 11.2; never more than the number.
    assert (found.low, found.high) == (Decimal("49.8"), Decimal(61))


def test_who_waits_fills_room_where_there_is_time_to_start():
    """10 wait, 9 of 10 became a contract: (9 + 1) / (10 + 2) = 0.83; 10 x 0.83 = 8.3."""
    seen = Observed(started=0, stopped=0, continued=0, ran_out=0, used=9, lapsed=1)
    assert places(made(known(waiting=10), seen))[6] == Decimal("8.3")
    # 21 days before the end is half of the 42 that it takes.
    late = made(known(waiting=10), seen, on=date(2021, 12, 10))
    assert places(late)[6] == Decimal("4.2")
    assert places(made(known(waiting=10), seen, on=date(2021, 12, 31)))[6] == 0


def test_what_if_ten_places_more_people_from_the_list_fill_them_and_the_number_says_so():
    full = known(in_force=contracts(61), waiting=51)
    seen = Observed(started=0, stopped=0, continued=0, ran_out=0, used=98, lapsed=0)
    as_it_is, more = made(full, seen), made(full, seen, what_if=WhatIf(more_places=Decimal(10)))
    assert these(as_it_is.expected, as_it_is.target) == (61, 61)
    assert these(more.expected, more.target) == (71, 71)


def test_what_if_a_cut_of_five_nobody_goes_and_nobody_comes():
    found = made(known(in_force=contracts(61), waiting=51), what_if=WhatIf(more_places=Decimal(-5)))
    assert these(found.expected, found.target, found.over) == (61, 56, 5)
    assert "Dat is 5 te veel. Niemand verliest daardoor werk; er komt alleen niemand bij." in found.text


def test_what_if_buurtsupport_joins_who_brings_people_to_a_contract():
    """73 a year from 1 November: 60 days, 73 x 60 / 365 = 12; there is room for 11."""
    joining = WhatIf(inflow_a_year=Decimal(73), joins_on=date(2021, 11, 1))
    assert places(made(known(), what_if=joining))[6] == 11
    half = WhatIf(inflow_a_year=Decimal("36.5"), joins_on=date(2021, 11, 1))
    assert places(made(known(), what_if=half))[6] == 6


def test_a_what_if_changes_nothing_else():
    seen = Observed(started=20, stopped=7, continued=3, ran_out=1, used=5, lapsed=2)
    now = known(running_out=contracts(4), held=contracts(3), waiting=5)
    plain, thought = made(now, seen), made(now, seen, what_if=WhatIf(more_places=Decimal(3)))
    assert places(plain)[:6] == places(thought)[:6]


def test_hours_are_forecast_in_places_of_the_policy():
    """50 x 31 = 1550 hours: 50 places; 2 x 15.5 = 31 more: 1 place."""
    by_hours = Counting(Unit.HOURS, Decimal(31))
    found = made(known(in_force=contracts(50, 31), starting=Tally(2, Decimal(31))), counting=by_hours)
    assert places(found)[:2] == [50, 1]
    assert found.unit is Unit.HOURS


@pytest.mark.parametrize(("yes", "no", "told"), [(0, 0, "0.5"), (8, 2, "0.75"), (0, 8, "0.1"), (8, 0, "0.9")])
def test_a_share_of_few_cases_is_never_never_or_always(yes: int, no: int, told: str):
    assert share(yes, no) == Decimal(told)


def test_nobody_stops_twice():
    """2 in force, 1 runs out and may go on: - 0.5. At last year's pace 2 stop early, and 1.5 are left."""
    seen = Observed(started=0, stopped=2, continued=0, ran_out=0, used=0, lapsed=0)
    found = made(known(in_force=contracts(2), running_out=contracts(1)), seen, on=date(2021, 1, 1), target=0)
    assert places(found)[3:5] == [Decimal("-0.5"), Decimal("-1.5")]
    assert found.expected == 0


SOME = st.integers(0, 60)


@settings(max_examples=300)
@given(
    in_force=SOME, starting=SOME, ahead=st.tuples(SOME, SOME), held=SOME, waiting=SOME,
    seen=st.tuples(SOME, SOME, SOME, SOME, SOME, SOME), target=st.integers(0, 200),
    more=st.integers(-50, 50), day=st.integers(1, 365),
)  # fmt: skip
def test_it_never_expects_new_contracts_over_the_number_and_its_lines_add_up(
    in_force: int,
    starting: int,
    ahead: tuple[int, int],
    held: int,
    waiting: int,
    seen: tuple[int, ...],
    target: int,
    more: int,
    day: int,
):
    stopping, running_out = (min(n, in_force // 2) for n in ahead)
    found = made(
        known(
            in_force=contracts(in_force),
            starting=contracts(starting),
            stopping=contracts(stopping),
            running_out=contracts(running_out),
            held=contracts(held),
            waiting=waiting,
        ),
        Observed(*seen),
        target=target,
        on=date.fromordinal(date(2020, 12, 31).toordinal() + day),
        what_if=WhatIf(more_places=Decimal(more)),
    )
    assert found.expected == sum(places(found))
    assert found.low <= found.expected <= found.high
    assert places(found)[6] >= 0
    if places(found)[6] > 0:
        assert found.expected <= found.target
    assert (found.short > 0) <= (found.over == 0)
