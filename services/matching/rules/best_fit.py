"""The second half of a round: of those who are served, who gets which place.

Whom the round serves is settled by rank alone (`round`). Among all ways to seat exactly these people it
takes one that they like best, over all of them together: the least sum of dislike (`fit.dislike`). What
somebody likes never decides whether they are served: no rank by a score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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

    wanted = Counter(place for seeker in served for place in seeker.places)
    columns: dict[str, range] = {}
    names: list[str] = []
    for place in sorted(wanted):
        # More seats than people who want them add nothing to choose from.
        number = min(seats.get(place, 0), wanted[place])
        columns[place] = range(len(names), len(names) + number)
        names += [place] * number
    starts, where, weights = [0], list[int](), list[float]()
    for seeker in served:
        for place, dislike in _wishes(seeker):
            where.extend(columns[place])
            weights.extend([dislike + 1.0] * len(columns[place]))  # 0 would be no edge at all
        starts.append(len(where))
    table = csr_array((np.array(weights), where, starts), shape=(len(served), len(names)))
    people, taken = min_weight_full_bipartite_matching(table)
    found = {served[row].participant: names[column] for row, column in zip(people, taken, strict=True)}
    return found, int(table[people, taken].sum()) - len(served)
