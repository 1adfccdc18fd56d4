"""What is held, as a running sum: the same as the slow one at any moment, and no more work for more of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.quota.rules.held import Held
from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import Reservation, State
from shared.contracts import ReservationGranted
from tests.quota.statements import COEVORDEN, EMMEN, asked, number, registered, started
from tests.quota.support import Ledger, at

DAY = date(2021, 3, 1)
MOMENTS = [at(DAY, hour) for hour in range(6)]

reservations = st.builds(
    Reservation,
    reservation=st.sampled_from("abcdef"),
    municipality=st.sampled_from([EMMEN, COEVORDEN]),
    participant=st.just("p-1"),
    place=st.just("place-1"),
    year=st.just(2021),
    hours=st.sampled_from([Decimal(8), Decimal("27.5")]),
    rank=st.just(1),
    requested_at=st.sampled_from(MOMENTS),
    state=st.sampled_from(State),
    expires_on=st.sampled_from([None, DAY]),
    closed_at=st.sampled_from([None, *MOMENTS]),
)


def slow(rows: dict[str, Reservation], codes: Sequence[str], moment: datetime) -> Tally:
    return sum((r.tally for r in rows.values() if r.municipality in codes and r.holds(moment)), NOTHING)


def loaded(rows: dict[str, Reservation], since: datetime) -> Held:
    """As the store reads it: a sum for each moment from `since` on, of one municipality."""
    closed: dict[datetime | None, Tally] = {}
    for row in rows.values():
        if row.municipality == EMMEN and row.holds(since):
            closed[row.closed_at] = closed.get(row.closed_at, NOTHING) + row.tally
    return Held({EMMEN: closed})


@given(before=st.lists(reservations), after=st.lists(reservations), since=st.sampled_from(range(6)))
def test_whatever_is_put_in_in_any_order_it_is_the_sum_over_all(
    before: list[Reservation], after: list[Reservation], since: int
):
    """Reservations of before are loaded from a moment on, and are changed afterwards like all others."""
    rows = {row.reservation: row for row in before}
    whole, part = Held(), loaded(rows, MOMENTS[since])
    for row in rows.values():
        whole.replace(None, row)
    for row in after:
        # A municipality is never stated anew: it is the key of the request.
        known = rows.get(row.reservation)
        now = row if known is None else replace(row, municipality=known.municipality)
        whole.replace(known, now)
        part.replace(known, now)
        rows[now.reservation] = now
        for n, moment in enumerate(MOMENTS):
            for codes in ([EMMEN], [COEVORDEN], [EMMEN, COEVORDEN]):
                assert whole.at(codes, moment) == slow(rows, codes, moment)
            if n >= since:
                assert part.at([EMMEN], moment) == slow(rows, [EMMEN], moment)


def test_what_was_not_loaded_is_an_error_and_never_nothing_held():
    with pytest.raises(KeyError):
        Held({EMMEN: {}}).at([EMMEN, COEVORDEN], at(DAY))


def steps(work: Callable[[], Any]) -> int:
    """How many instructions of the interpreter it takes."""
    count = 0

    def counting(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return counting

    before = sys.gettrace()
    sys.settrace(counting)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def work_of_a_request(holding: int, starting: int) -> int:
    """Steps of one request, after so many others that hold room and so many contracts, in one batch."""
    ledger = Ledger()
    ledger.hear(number(2021, 100_000), date(2021, 1, 1))
    for n in range(starting):
        ledger.hear(registered(f"c-{n}"), date(2021, 1, 1))
    for n in range(holding):
        ledger.hear(asked(f"p-{n}", DAY), at(DAY) + timedelta(seconds=n))
    for n in range(starting):
        ledger.hear(started(f"c-{n}", DAY + timedelta(days=n)), at(DAY) + timedelta(hours=1, seconds=n))
    last = at(DAY) + timedelta(hours=2)
    ledger.hear(asked("last-but-one", DAY), last)
    answers: list[Any] = []
    taken = steps(lambda: answers.extend(ledger.hear(asked("last", DAY), last)))
    assert isinstance(answers[0], ReservationGranted)
    return taken


@pytest.mark.parametrize(("holding", "starting"), [(1000, 10), (10, 1000)])
def test_a_request_is_as_much_work_whatever_is_held_and_whatever_contracts_came_before(
    holding: int, starting: int
):
    """Counted, not timed."""
    work_of_a_request(1, 1)  # what is worked out once in a process is worked out here
    few, many = work_of_a_request(10, 10), work_of_a_request(holding, starting)
    assert few > 500
    assert many < 1.05 * few
