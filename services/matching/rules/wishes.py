"""What each person in line could be given: the places with a free seat that fit, liked best first.

Seats that are taken or kept for a proposal that stands are no part of a round, so a round is as large
as what there is to give, and not as the region: one new place is held against the line once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.rules.places import Place
from services.matching.rules.suiting import Positions, Suiting


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
    fitting = np.zeros(suiting.length, np.int64)
    hours = np.zeros(suiting.length, np.int64)
    who: list[Positions] = []
    which: list[Positions] = []
    how: list[Positions] = []
    for number, place in enumerate(places):
        people = suiting.fitting(place)
        fitting[people] += 1
        hours[people] = np.maximum(hours[people], int(place.hours_max * 100))
        if free.get(place.place, 0) > 0 and len(people):
            who.append(people)
            which.append(np.full(len(people), number))
            how.append(suiting.dislike(place, people))
    return Wishes(fitting, hours, *_by_person([place.place for place in places], who, which, how))


def _by_person(
    names: list[str], who: list[Positions], which: list[Positions], how: list[Positions]
) -> tuple[dict[int, tuple[str, ...]], dict[int, tuple[int, ...]]]:
    if not who:
        return {}, {}
    people, numbers, dislikes = np.concatenate(who), np.concatenate(which), np.concatenate(how)
    order = np.lexsort((numbers, dislikes, people))
    people = people[order]
    starts = np.flatnonzero(np.concatenate(([True], people[1:] != people[:-1])))
    named = np.array(names, object)[numbers[order]].tolist()
    liked = dislikes[order].tolist()
    spans = list(
        zip(people[starts].tolist(), starts.tolist(), [*starts[1:].tolist(), len(named)], strict=True)
    )
    return {p: tuple(named[a:b]) for p, a, b in spans}, {p: tuple(liked[a:b]) for p, a, b in spans}
