"""A bucket of events for each partner."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake.limits import Limits

RATE, BURST = 10.0, 50


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 60)), max_size=40))
def test_never_more_is_let_through_than_the_bucket_holds_and_what_flowed_in(asked):
    limits, now, passed = Limits(rate=RATE, burst=BURST), 0.0, 0
    for pause, events in asked:
        now += pause
        if limits.take("menso", events, now) is None:
            passed += min(events, BURST)
        assert passed <= BURST + RATE * now + 1e-6


@given(st.integers(1, 50), st.integers(1, 50))
def test_who_comes_back_when_told_to_is_let_in(first, second):
    limits = Limits(rate=RATE, burst=BURST)
    assert limits.take("menso", first, 0.0) is None
    wait = limits.take("menso", second, 0.0)
    assert (wait is None) == (first + second <= BURST)
    if wait is not None:
        assert limits.take("menso", second, float(wait)) is None


def test_one_partner_does_not_use_up_what_is_anothers():
    limits = Limits(rate=RATE, burst=BURST)
    assert limits.take("menso", 50, 0.0) is None
    assert limits.take("menso", 1, 0.0) == 1
    assert limits.take("emco", 50, 0.0) is None


def test_more_than_the_bucket_can_ever_hold_is_let_through_when_it_is_full():
    limits = Limits(rate=RATE, burst=BURST)
    assert limits.take("menso", 1000, 0.0) is None
    assert limits.take("menso", 1000, 1.0) == 4
    assert limits.take("menso", 1000, 5.0) is None
