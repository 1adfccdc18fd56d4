"""Matching's rules: a round, one new place, a preview. Seconds (or ms) of processor, the median of three.

A round is from the beginning: from profiles and places, a place to four people, some 25 places that fit
each, one seat a place. Beside it are its two parts: finding out who suits what, and giving out the places.
`drawn_..._s` is the second part alone in the worlds in which the solvers were compared: twenty places for
each, drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from statistics import median
from time import process_time
from typing import Any, Final

from services.matching.rules.fit import Profile
from services.matching.rules.places import Place
from services.matching.rules.policies import Policy
from services.matching.rules.preview import preview
from services.matching.rules.round import Seeker, hold
from services.matching.rules.suiting import InLine, Suiting
from services.matching.rules.waiting import Wait
from services.matching.rules.wishes import wishes
from shared.contracts import Need, PolicyKind, Rung

EMMEN: Final = "0114"
DAY: Final = date(2020, 11, 2)
ROUNDS: Final = 3
FITTING: Final = 20
KINDS: Final = tuple(f"kind-{n}" for n in range(40))


def measure() -> dict[str, float]:
    """The figures by name."""
    found: dict[str, float] = {}
    for name, people in (("10k", 10_000), ("100k", 100_000)):
        line, seats = drawn(people, people // 4)
        hold(line[:10], seats, {})  # scipy is imported before the clock runs
        found[f"drawn_{name}_s"] = taken(partial(hold, line, seats, {}))
    for name, people in (("10k", 10_000), ("100k", 100_000)):
        in_line, places = asked(people), offered(people // 4, people)
        found[f"round_{name}_s"] = taken(partial(from_profiles, in_line, places))
        found[f"suiting_{name}_s"] = taken(partial(sought, in_line, places))
        found[f"giving_{name}_s"] = taken(partial(hold, sought(in_line, places), seats_of(places), {}))
    found["one_place_ms"] = one_place()
    found["preview_100k_s"] = preview_100k()
    return found


def taken(work: Callable[[], Any]) -> float:
    """Processor seconds of the work, the median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        work()
        times.append(process_time() - began)
    return median(times)


def drawn(people: int, places: int) -> tuple[list[Seeker], dict[str, int]]:
    """People in line, each with twenty places drawn at random, liked more or less."""
    random = Random(people)
    names = [f"emco-{n:05}" for n in range(places)]
    line = []
    for n in range(people):
        liked = sorted((random.randrange(8), name) for name in random.sample(names, FITTING))
        where, how = tuple(name for _, name in liked), tuple(dislike for dislike, _ in liked)
        line.append(Seeker(f"p-{n:06}", EMMEN, where, dislikes=how))
    return line, dict.fromkeys(names, 1)


def asked(people: int) -> list[InLine]:
    """People with profiles of their own, in municipalities of 10,000 of them."""
    random = Random(people)
    return [InLine(f"{n % _municipalities(people):04}", _profile(f"p-{n:06}", random)) for n in range(people)]


def _municipalities(people: int) -> int:
    return max(1, people // 10_000)


def _profile(name: str, random: Random) -> Profile:
    return Profile(
        participant=name,
        partner="menso",
        hours_min=Decimal(random.randrange(8, 20)),
        hours_max=Decimal(random.randrange(20, 36)),
        postcode4=str(random.randrange(7700, 8000)),
        max_travel_km=random.randrange(5, 40),
        kinds=tuple(random.sample(KINDS, 2)),
        needs=tuple(str(need) for need in random.sample(list(Need), 2)),
        available_from=DAY,
    )


def offered(places: int, people: int) -> list[Place]:
    """Places of one seat that each meet some needs, each for one municipality."""
    random = Random(places)
    return [
        Place(
            place=f"emco-{n:05}",
            host="emco",
            rung=Rung.SHELTERED_WORK,
            municipalities=(f"{n % _municipalities(people):04}",),
            seats=1,
            hours_min=Decimal(16),
            hours_max=Decimal(32),
            postcode4=str(random.randrange(7700, 8000)),
            kinds=tuple(random.sample(KINDS, 2)),
            offers=tuple(str(need) for need in random.sample(list(Need), 8)),
            from_on=DAY,
            until_on=DAY + timedelta(days=365),
        )
        for n in range(places)
    ]


def from_profiles(line: list[InLine], places: list[Place]) -> int:
    """A round from profiles and places alone; returns how many were served."""
    return len(hold(sought(line, places), seats_of(places), {}).given)


def sought(line: list[InLine], places: list[Place]) -> list[Seeker]:
    """Who takes part, with the places that suit."""
    return seekers(Suiting(line), places)


def seekers(suiting: Suiting, places: list[Place]) -> list[Seeker]:
    """The same, of a line that stands ready."""
    found = wishes(suiting, places, seats_of(places))
    return [
        Seeker(f"p-{n:06}", EMMEN, where, dislikes=found.dislikes[n])
        for n, where in sorted(found.places.items())
    ]


def seats_of(places: list[Place]) -> dict[str, int]:
    """Free seats by place."""
    return {place.place: place.seats for place in places}


def one_place() -> float:
    """Milliseconds from one new place to who gets it, on a list of 100,000; the worst of twenty places."""
    suiting = Suiting(asked(100_000))
    times = []
    for place in offered(20, 100_000):
        began = process_time()
        assert len(hold(seekers(suiting, [place]), seats_of([place]), {}).given) == 1
        times.append(process_time() - began)
    return max(times) * 1000


def preview_100k() -> float:
    """Seconds to hold a new order against the one in force, for 100,000 people."""
    random = Random(1)
    waits = [
        Wait(
            participant=f"p-{n:06}",
            municipality=EMMEN,
            joined_on=DAY,
            decided_on=DAY - timedelta(days=random.randrange(3650)),
            school_leaver=random.random() < 0.25,
            requested_on=DAY - timedelta(days=random.randrange(3650)),
            priority_group="pro-vso" if random.random() < 0.2 else None,
        )
        for n in range(100_000)
    ]
    now = Policy(EMMEN, PolicyKind.ORDER, DAY, "now", keys=("decision_date",))
    keys = ("priority_group", "school_leaver", "request_date")
    then = Policy(EMMEN, PolicyKind.ORDER, DAY, "then", keys=keys, priority_groups=("pro-vso",))
    assert preview(waits, now, then).rises
    return taken(partial(preview, waits, now, then))
