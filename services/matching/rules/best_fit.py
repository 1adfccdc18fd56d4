"""The second half of a round: of those who are served, who gets which place.

Whom the round serves is settled by rank alone (`round`). Among all ways to seat exactly these people it
takes one that they like best, over all of them together: the least sum of dislike (`fit.dislike`). What
somebody likes never decides whether they are served: no rank by a score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.matching.rules.round import Seeker


def seat(served: Sequence[Seeker], given: Mapping[str, str], seats: Mapping[str, int]) -> dict[str, str]:
    """Seat the people who are served where they together like it best.

    The seating found in order of rank stands unless another is liked better: so among equals the first
    in line has the first choice. The same people and places give the same answer.

    Args:
        served: the people, the first in line first, with the places that fit and how little they like each.
        given: a way to seat all of them, found in order of rank.
        seats: free seats by place.
    """
    disliked = sum(dict(_wishes(seeker))[given[seeker.participant]] for seeker in served)
    if disliked == sum(min(dislike for _, dislike in _wishes(seeker)) for seeker in served):
        return dict(given)  # nobody could like it better anywhere
    better, least = _least_disliked(served, seats)
    return better if least < disliked else dict(given)


def _wishes(seeker: Seeker) -> Iterable[tuple[str, int]]:
    return zip(seeker.places, seeker.dislikes or (0,) * len(seeker.places), strict=True)


def _least_disliked(served: Sequence[Seeker], seats: Mapping[str, int]) -> tuple[dict[str, str], int]:
    # Imported here: 30 MB and a quarter of a second that only a process that holds rounds should pay.
    import numpy as np  # noqa: PLC0415
    from scipy.sparse import csr_array  # noqa: PLC0415
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415

    wanted = Counter(chain.from_iterable(seeker.places for seeker in served))
    names = sorted(wanted)
    numbered = {place: number for number, place in enumerate(names)}
    # More seats than people who want them add nothing to choose from.
    columns = np.array([min(seats.get(place, 0), wanted[place]) for place in names])
    first = np.cumsum(columns) - columns
    wishes = np.fromiter((numbered[place] for seeker in served for place in seeker.places), np.int64)
    dislikes = np.fromiter((dislike for seeker in served for _, dislike in _wishes(seeker)), np.float64)
    # A wish for a place is a wish for each of its seats.
    widths = columns[wishes]
    within = np.arange(widths.sum()) - np.repeat(np.cumsum(widths) - widths, widths)
    where = np.repeat(first[wishes], widths) + within
    weights = np.repeat(dislikes + 1, widths)  # 0 would be no edge at all
    ends = np.cumsum([0, *(len(seeker.places) for seeker in served)])
    starts = np.concatenate(([0], np.cumsum(widths)))[ends]
    table = csr_array((weights, where, starts), shape=(len(served), int(columns.sum())))
    people, taken = min_weight_full_bipartite_matching(table)
    places = np.repeat(np.arange(len(names)), columns)[taken].tolist()
    found = {served[row].participant: names[place] for row, place in zip(people, places, strict=True)}
    return found, int(table[people, taken].sum()) - len(served)
