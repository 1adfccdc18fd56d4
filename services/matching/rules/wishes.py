"""What each person in line could be given: the places with a free seat that fit, liked best first.

Seats that are taken or kept for a proposal that stands are no part of a round, so a round is as large
as what there is to give, and not as the region: one new place is held against the line once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.rules.places import Place
from services.matching.rules.suiting import Pairs, Positions, Suiting


@dataclass(frozen=True, slots=True)
class Wishes:
    """For people in line, by position.

    Attributes:
        fitting: how many of the open places fit, full ones included.
        hours_max: most hours a week that any of those offers, in hundredths; 0 where none fits.
        places: those with a free seat, liked best first and then by name; nothing for whom none fits.
        dislikes: how little each of those is liked.
    """

    fitting: Positions
    hours_max: Positions
    places: dict[int, tuple[str, ...]]
    dislikes: dict[int, tuple[int, ...]]


def wishes(suiting: Suiting, places: Sequence[Place], free: Mapping[str, int]) -> Wishes:
    """Hold the places against the line.

    Args:
        places: open places, in order of name.
        free: free seats by place.
    """
    pairs = suiting.pairs(places)
    hours = np.zeros(suiting.length, np.int64)
    starts = _starts(pairs.people)
    if len(starts):
        offered = np.array([int(place.hours_max * 100) for place in places], np.int64)
        hours[pairs.people[starts]] = np.maximum.reduceat(offered[pairs.places], starts)
    open_ = np.array([free.get(place.place, 0) > 0 for place in places], bool)[pairs.places]
    return Wishes(
        np.bincount(pairs.people, minlength=suiting.length),
        hours,
        *_by_person(
            [place.place for place in places],
            Pairs(pairs.people[open_], pairs.places[open_], pairs.dislikes[open_]),
        ),
    )


def _by_person(
    names: list[str], pairs: Pairs
) -> tuple[dict[int, tuple[str, ...]], dict[int, tuple[int, ...]]]:
    starts = _starts(pairs.people)
    people = pairs.people[starts].tolist()
    ends = [*starts[1:].tolist(), len(pairs.people)]
    named = np.array(names, object)[pairs.places].tolist()
    liked = pairs.dislikes.tolist()
    spans = list(zip(people, starts.tolist(), ends, strict=False))
    return {p: tuple(named[a:b]) for p, a, b in spans}, {p: tuple(liked[a:b]) for p, a, b in spans}


def _starts(people: Positions) -> Positions:
    """Where in the pairs each person's begin."""
    return np.flatnonzero(np.diff(people, prepend=-1))
