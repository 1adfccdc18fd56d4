"""Every small world there is: up to five people and four places, each held against trying all ways.

Places are interchangeable, so of worlds that differ in the names of places alone one is looked at; the
order of people is their rank, and all of it is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, permutations, product
from math import inf

import pytest

from services.matching.rules.round import Outcome, Seeker, hold

NAMES = "abcd"
World = tuple[int, ...]
"""For each person, in order of rank, the places that fit, as bits."""


def worlds(people: int, places: int) -> Iterator[World]:
    """Every world of so many people and places, one for each way of naming the places."""
    renamings = [
        {bits: sum(1 << renamed[n] for n in range(places) if bits >> n & 1) for bits in range(1 << places)}
        for renamed in permutations(range(places))
    ]

    def grown(world: World, same: Sequence[Mapping[int, int]]) -> Iterator[World]:
        if len(world) == people:
            yield world
            return
        for bits in range(1 << places):
            if all(renaming[bits] >= bits for renaming in same):
                yield from grown((*world, bits), [each for each in same if each[bits] == bits])

    return grown((), renamings)


def servable(world: World, seats: Sequence[int]) -> set[frozenset[int]]:
    """Every set of people that can be served together, by handing out seats in every way."""
    found: dict[frozenset[int], set[tuple[int, ...]]] = {frozenset(): {tuple(seats)}}
    for person, fits in enumerate(world):
        for served, ways in list(found.items()):
            after = {
                (*left[:n], left[n] - 1, *left[n + 1 :])
                for left in ways
                for n in range(len(seats))
                if fits >> n & 1 and left[n]
            }
            if after:
                found[served | {person}] = after
    return set(found)


def held(world: World, seats: Sequence[int], room: Mapping[str, Decimal] | None = None) -> Outcome:
    line = [
        Seeker(f"p-{n}", "0114", tuple(name for k, name in enumerate(NAMES) if bits >> k & 1))
        for n, bits in enumerate(world)
    ]
    return hold(line, dict(zip(NAMES, seats, strict=False)), room or {})


def check(world: World, seats: Sequence[int], number: int | None = None) -> None:
    """The round serves whom trying all ways says is best, and proves to the others why not."""
    outcome = held(world, seats, {} if number is None else {"0114": Decimal(number)})
    served = frozenset(int(name[2:]) for name in outcome.given)
    ways = servable(world, seats)
    if number is not None:
        ways = {way for way in ways if len(way) <= number}
    assert served in ways, world
    by_rank = max(tuple(n in way for n in range(len(world))) for way in ways)
    assert tuple(n in served for n in range(len(world))) == by_rank, world
    assert len(served) == max(len(way) for way in ways), world
    used = Counter(outcome.given.values())
    assert all(used[name] <= seat for name, seat in zip(NAMES, seats, strict=False))
    assert all(world[n] >> NAMES.index(outcome.given[f"p-{n}"]) & 1 for n in served), world
    check_blocks(world, seats, outcome)


def check_blocks(world: World, seats: Sequence[int], outcome: Outcome) -> None:
    """Whoever got none had only places that all went to people before them who could go nowhere else."""
    first = {place: int(name[2:]) for place, name in outcome.blocks.items()}
    holders = {name: [int(p[2:]) for p, place in outcome.given.items() if place == name] for name in first}
    for place, claimant in first.items():
        assert len(holders[place]) == seats[NAMES.index(place)], (world, "a blocked place is full")
        for holder in holders[place]:
            assert holder < claimant, (world, "by people who stand before")
            elsewhere = {NAMES[k] for k in range(len(seats)) if world[holder] >> k & 1} - set(first)
            assert not elsewhere, (world, "who could go nowhere else")
    for n, bits in enumerate(world):
        if f"p-{n}" not in outcome.given and f"p-{n}" not in outcome.no_room:
            wanted = {NAMES[k] for k in range(len(seats)) if bits >> k & 1}
            assert all(first.get(place, inf) <= n for place in wanted), (world, "every place they wanted")


@pytest.mark.parametrize("places", range(5))
@pytest.mark.parametrize("people", range(6))
def test_every_world_with_a_seat_a_place(people: int, places: int):
    looked_at = 0
    for world in worlds(people, places):
        check(world, [1] * places)
        looked_at += 1
    assert looked_at == orbits(people, places)


def orbits(people: int, places: int) -> int:
    """How many worlds there are but for the names of places, counted by Burnside's lemma."""
    renamings = list(permutations(range(places)))
    fixed = sum(1 << (cycles(renamed) * people) for renamed in renamings)
    return fixed // len(renamings)


def cycles(renamed: Sequence[int]) -> int:
    left, found = set(range(len(renamed))), 0
    while left:
        at, found = left.pop(), found + 1
        while (at := renamed[at]) in left:
            left.remove(at)
    return found


@pytest.mark.parametrize("seats", list(product(range(3), repeat=3)))
def test_every_world_of_four_people_and_three_places_with_up_to_two_seats(seats: tuple[int, ...]):
    for world in product(range(8), repeat=4):
        if all(seats[k] or not bits >> k & 1 for bits in world for k in range(3)):
            check(world, seats)


@pytest.mark.parametrize("number", range(4))
def test_every_world_of_four_people_and_three_places_under_a_number(number: int):
    for world in worlds(4, 3):
        check(world, [1, 1, 1], number)


@pytest.mark.parametrize("likings", list(product((0, 1, 3), repeat=3)))
def test_every_small_world_is_seated_as_it_likes_best(likings: tuple[int, ...]):
    """Three people and three places; each likes the places in one of three ways, turned by rank."""
    for world in worlds(3, 3):
        line = []
        for n, bits in enumerate(world):
            wishes = [(likings[(k + n) % 3], NAMES[k]) for k in range(3) if bits >> k & 1]
            wishes.sort()
            line.append(
                Seeker(f"p-{n}", "0114", tuple(p for _, p in wishes), dislikes=tuple(d for d, _ in wishes))
            )
        disliked = {(s.participant, p): d for s in line for p, d in zip(s.places, s.dislikes, strict=True)}
        given = hold(line, dict.fromkeys("abc", 1), {}).given
        served = [s.participant for s in line if s.participant in given]
        assert frozenset(int(name[2:]) for name in served) in servable(world, [1, 1, 1])
        assert set(served) == set(held(world, [1, 1, 1]).given), "what is liked changes nobody's turn"
        least = min(
            sum(disliked[pair] for pair in zip(served, way, strict=True))
            for chosen in combinations("abc", len(served))
            for way in permutations(chosen)
            if all(pair in disliked for pair in zip(served, way, strict=True))
        )
        assert sum(disliked[pair] for pair in given.items()) == least
