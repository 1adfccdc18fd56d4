"""What makes a place fit, and that the short question and the long answer agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.matching.rules import fit, suiting
from services.matching.rules.fit import Profile
from services.matching.rules.places import Place
from services.matching.rules.suiting import InLine, Suiting
from services.matching.rules.wishes import wishes
from shared.contracts import Rung

HOURS = st.integers(0, 80).map(lambda halves: Decimal(halves) / 2)
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
        municipalities=draw(st.sampled_from([("0114",), ("0109", "0114")])),
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


LINES = st.lists(st.tuples(st.sampled_from(["0114", "0109"]), st.none() | profiles()), max_size=8)
OFFERS = st.lists(places(), max_size=5).map(
    lambda drawn: [replace(each, place=f"emco-{n}") for n, each in enumerate(drawn)]
)


@given(LINES, OFFERS, st.lists(st.integers(0, 2), min_size=5, max_size=5), st.sampled_from([1, 3, 1 << 18]))
def test_a_line_asked_at_once_answers_as_each_person_does_about_each_place(people, offered, seats, at_once):
    line = [InLine(municipality, profile) for municipality, profile in people]
    free = {place.place: number for place, number in zip(offered, seats, strict=False)}
    with patch.object(suiting, "_AT_ONCE", at_once):
        found = wishes(Suiting(line), offered, free)
    for position, (municipality, profile) in enumerate(people):
        fitting = [p for p in offered if municipality in p.municipalities and fit.fits(profile, p)]
        liked = sorted((fit.dislike(profile, p), p.place) for p in fitting if free[p.place])
        assert found.fitting[position] == len(fitting)
        assert found.hours_max[position] == 100 * max((p.hours_max for p in fitting), default=0)
        pairs = zip(found.dislikes.get(position, ()), found.places.get(position, ()), strict=True)
        assert list(pairs) == liked
