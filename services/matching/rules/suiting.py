"""Which places fit whom, for a whole line at once.

The questions are those of `fit`, asked of columns instead of rows: a round asks them for everyone and
every place, and Python asks one pair at a time a hundred times slower. `fit` stays what they mean; a
test holds the two against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.matching.rules.fit import (
    OTHER_POSTCODE,
    OTHER_REGION,
    OTHER_WORK,
    REGION_KM,
    Profile,
    region,
)
from services.matching.rules.places import Place

Positions: TypeAlias = NDArray[np.int64]
"""Positions in the line, the first in line first."""

_HUNDREDTHS: Final = 100
"""Hours have two decimals; whole numbers compare exactly."""

_ALWAYS: Final = 1_000_000
"""More hundredths of an hour than a week has: who has no profile is held against nothing."""


@dataclass(frozen=True, slots=True)
class InLine:
    """What is looked at of somebody in line."""

    municipality: str
    profile: Profile | None


class Suiting:
    """A line of people, ready to be asked whom a place fits.

    Args:
        line: the first in line first.
    """

    def __init__(self, line: Sequence[InLine]) -> None:
        self.length = len(line)
        self._bits: dict[str, int] = {}
        profiles = [each.profile for each in line]
        self._known = _column((p is not None for p in profiles), bool)
        self._hours_min = _column((_hundredths(p.hours_min) if p else 0 for p in profiles), np.int32)
        self._hours_max = _column((_hundredths(p.hours_max) if p else _ALWAYS for p in profiles), np.int32)
        self._postcode = _column((int(p.postcode4) if p else 0 for p in profiles), np.int32)
        self._region = _column((int(region(p.postcode4)) if p else 0 for p in profiles), np.int32)
        self._far = _column((p is None or p.max_travel_km >= REGION_KM for p in profiles), bool)
        self._choosy = _column((p is not None and bool(p.kinds) for p in profiles), bool)
        self._needs = _column((self._mask(p.needs) if p else 0 for p in profiles), np.int64)
        wanting: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        everyone: dict[str, list[int]] = defaultdict(list)
        for position, each in enumerate(line):
            everyone[each.municipality].append(position)
            for kind in (each.profile.kinds if each.profile else ()) or (None,):
                wanting[each.municipality, kind].append(position)
        self._wanting = {name: np.array(found, np.int64) for name, found in wanting.items()}
        self._everyone = {name: np.array(found, np.int64) for name, found in everyone.items()}

    def fitting(self, place: Place) -> Positions:
        """Whom the place fits: nothing stands in the way (`fit.fits`) and it is for their municipality."""
        asked = self._asking_for(place)
        if not len(asked):
            return asked
        missing = ~np.int64(sum(self._bits.get(need, 0) for need in place.offers))
        fits: NDArray[np.bool_] = (
            (self._hours_max[asked] >= _hundredths(place.hours_min))
            & (self._hours_min[asked] <= _hundredths(place.hours_max))
            & ((self._needs[asked] & missing) == 0)
            & (self._far[asked] | (self._region[asked] == int(region(place.postcode4))))
        )
        return asked[fits]

    def dislike(self, place: Place, people: Positions) -> NDArray[np.int64]:
        """How little each of these people likes the place (`fit.dislike`); they are people it fits."""
        found = np.where(self._region[people] != int(region(place.postcode4)), OTHER_REGION, 0)
        found += np.where(self._postcode[people] != int(place.postcode4), OTHER_POSTCODE, 0)
        # Of whom it fits, those who named any kind of work named one of this place, if it has any.
        found += np.where(self._choosy[people], 0 if place.kinds else OTHER_WORK, OTHER_WORK)
        return np.where(self._known[people], found, 0).astype(np.int64)

    def _asking_for(self, place: Place) -> Positions:
        """People of its municipalities who want its kind of work, or any."""
        if place.kinds:
            found = [
                self._wanting.get((m, kind)) for m in place.municipalities for kind in (None, *place.kinds)
            ]
        else:
            found = [self._everyone.get(m) for m in place.municipalities]
        some = [each for each in found if each is not None]
        if not some:
            return np.empty(0, np.int64)
        return some[0] if len(some) == 1 else _merged(some)

    def _mask(self, needs: Iterable[str]) -> int:
        """Needs as bits; the vocabulary is closed and has fewer than 63 of them."""
        return sum(self._bits.setdefault(need, 1 << len(self._bits)) for need in set(needs))


def _merged(some: Sequence[Positions]) -> Positions:
    """All of them, each once and in order; `np.unique` takes three times as long for these few."""
    found = np.sort(np.concatenate(some))
    first = np.ones(len(found), bool)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    return found[first]


def _hundredths(hours: Decimal) -> int:
    return int(hours * _HUNDREDTHS)


def _column(values: Iterable[Any], kind: Any) -> NDArray[Any]:
    return np.fromiter(values, kind)
