"""What makes a place fit, and that the short question and the long answer agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules import fit
from services.matching.rules.fit import Profile
from services.matching.rules.places import Place
from shared.contracts import Rung

HOURS = st.integers(0, 40).map(Decimal)
WORDS = st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(tuple)
CODES = st.sampled_from(["7811", "7821", "9711"])


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    least, most = sorted([draw(HOURS), draw(HOURS)])
    km = draw(st.sampled_from([5, 24, 25, 60]))
    return Profile("p-1", "menso", least, most, draw(CODES), km, draw(WORDS), draw(WORDS), date(2020, 1, 1))


@st.composite
def places(draw: st.DrawFn) -> Place:
    least, most = sorted([draw(HOURS), draw(HOURS)])
    return Place(
        place="emco-1",
        host="emco",
        rung=Rung.SHELTERED_WORK,
        municipalities=("0114",),
        seats=1,
        hours_min=least,
        hours_max=most,
        postcode4=draw(CODES),
        kinds=draw(WORDS),
        offers=draw(WORDS),
        from_on=date(2020, 1, 1),
        until_on=None,
    )


@given(st.none() | profiles(), places())
def test_a_place_fits_exactly_when_nothing_can_be_named_that_stands_in_the_way(profile, place):
    assert fit.fits(profile, place) == (not fit.obstacles(profile, place))


@given(profiles(), places())
def test_the_hours_of_a_job_that_fits_suit_both(profile, place):
    if fit.fits(profile, place):
        hours = fit.job_hours(profile, place)
        assert max(profile.hours_min, place.hours_min) <= hours <= min(profile.hours_max, place.hours_max)
