"""The round serves the best by rank that there is, and as many as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.round import Outcome, Seeker, hold

PLACES = ("a", "b", "c", "d")


def seekers(groups: Sequence[str] = ("0114",)) -> st.SearchStrategy[list[Seeker]]:
    """Up to six people in line, each with the places that fit, in the order they prefer."""
    wishes = st.lists(st.sampled_from(PLACES), unique=True, max_size=3).map(tuple)
    some = st.lists(st.tuples(wishes, st.sampled_from(groups)), max_size=6)
    return some.map(lambda drawn: [Seeker(f"p-{n}", group, fit) for n, (fit, group) in enumerate(drawn)])


SEATS = st.fixed_dictionaries({place: st.integers(0, 2) for place in PLACES})
ROOM = st.dictionaries(st.sampled_from(["0114", "0109"]), st.integers(0, 4).map(Decimal))


def every_way(
    line: Sequence[Seeker], seats: Mapping[str, int], room: Mapping[str, Decimal]
) -> set[frozenset[str]]:
    """Every set of people that can be served together, by trying all."""

    def served(
        rest: Sequence[Seeker], free: dict[str, int], left: dict[str, Decimal]
    ) -> Iterator[frozenset[str]]:
        if not rest:
            yield frozenset()
            return
        first, others = rest[0], rest[1:]
        yield from served(others, free, left)
        if left.get(first.municipality, first.cost) < first.cost:
            return
        for place in first.places:
            if free[place] > 0:
                less = dict(left)
                if first.municipality in less:
                    less[first.municipality] -= first.cost
                for more in served(others, free | {place: free[place] - 1}, less):
                    yield more | {first.participant}

    return set(served(line, dict(seats), dict(room)))


def by_rank(line: Sequence[Seeker], served: frozenset[str]) -> tuple[bool, ...]:
    """Who is served, the first in line first: the greater the better."""
    return tuple(seeker.participant in served for seeker in line)


def check_fits(line: Sequence[Seeker], seats: Mapping[str, int], outcome: Outcome) -> None:
    fits = {seeker.participant: seeker.places for seeker in line}
    for person, place in outcome.given.items():
        assert place in fits[person]
    for place, number in seats.items():
        assert sum(1 for given_ in outcome.given.values() if given_ == place) <= number


@given(seekers(), SEATS)
def test_the_round_is_the_best_by_rank_and_the_largest(line, seats):
    outcome = hold(line, seats, {})
    ways = every_way(line, seats, {})
    served = frozenset(outcome.given)
    check_fits(line, seats, outcome)
    assert served in ways
    assert by_rank(line, served) == max(by_rank(line, way) for way in ways)
    assert len(served) == max(len(way) for way in ways)


@given(seekers(), SEATS, st.integers(0, 4))
def test_it_is_so_as_well_under_the_number_of_one_municipality(line, seats, number):
    room = {"0114": Decimal(number)}
    outcome = hold(line, seats, room)
    ways = every_way(line, seats, room)
    check_fits(line, seats, outcome)
    assert len(outcome.given) == max(len(way) for way in ways) <= number or not outcome.given
    assert by_rank(line, frozenset(outcome.given)) == max(by_rank(line, way) for way in ways)


@given(seekers(("0114", "0109")), SEATS, ROOM)
def test_with_the_numbers_of_two_municipalities_the_order_holds(line, seats, room):
    outcome = hold(line, seats, room)
    ways = every_way(line, seats, room)
    check_fits(line, seats, outcome)
    assert by_rank(line, frozenset(outcome.given)) == max(by_rank(line, way) for way in ways)


@given(seekers(("0114", "0109")), SEATS, ROOM)
def test_no_room_is_told_exactly_to_those_left_for_whom_none_is_left(line, seats, room):
    outcome = hold(line, seats, room)
    group = {seeker.participant: seeker.municipality for seeker in line}
    used = Counter(group[person] for person in outcome.given)
    full = {name for name, number in room.items() if number - used[name] < 1}
    assert outcome.no_room == {
        person for person in group if group[person] in full and person not in outcome.given
    }


def test_who_comes_first_moves_on_so_that_the_next_can_be_served():
    line = [Seeker("p-1", "0114", ("a", "b")), Seeker("p-2", "0114", ("a",))]
    assert hold(line, {"a": 1, "b": 1}, {}).given == {"p-1": "b", "p-2": "a"}


def test_who_comes_first_is_not_passed_over_so_that_more_can_be_served():
    line = [
        Seeker("p-1", "0114", ("a",)),
        Seeker("p-2", "0114", ("b",)),
        Seeker("p-3", "0109", ("a",)),
    ]
    assert hold(line, {"a": 1, "b": 1}, {"0114": Decimal(1)}).given == {"p-1": "a"}


def test_a_long_line_of_moves_is_no_deep_recursion():
    line = [Seeker(f"p-{n:05}", "0114", (f"w-{n}", f"w-{n + 1}")) for n in range(5000)]
    line.append(Seeker("p-last", "0114", ("w-0",)))
    seats = {f"w-{n}": 1 for n in range(5001)}
    assert len(hold(line, seats, {}).given) == 5001
