"""Which places fit whom, for a whole line and all places at once.

The questions are those of `fit`, asked of columns instead of rows: a round asks them for everyone and
every place, and Python asks one pair at a time a hundred times slower. People who want a kind of work are
held against the places that have it, all of them together, so who has nothing to do with each other is
never looked at. `fit` stays what the questions mean; a test holds the two against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
"""Positions in the line, the first in line first; or of places."""

_HUNDREDTHS: Final = 100
"""Hours have two decimals; whole numbers compare exactly."""

_ALWAYS: Final = 32_767
"""More hundredths of an hour than a week has: who has no profile is held against nothing."""

_AT_ONCE: Final = 1 << 18
"""Pairs that are looked at together: as many as stay in the processor's own memory."""

_LIKINGS: Final = OTHER_REGION + OTHER_POSTCODE + OTHER_WORK + 1
"""How many sums of dislike there are, none among them."""


@dataclass(frozen=True, slots=True)
class InLine:
    """What is looked at of somebody in line."""

    municipality: str
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who fits what, each pair once: by position in line, then liked best first, then by place."""

    people: Positions
    places: Positions
    dislikes: Positions


class Suiting:
    """A line of people, ready to be held against places.

    Args:
        line: the first in line first.
    """

    def __init__(self, line: Sequence[InLine]) -> None:
        self.length = len(line)
        self._bits: dict[str, int] = {}
        profiles = [each.profile for each in line]
        self._known = _column((p is not None for p in profiles), bool)
        self._hours_min = _column((_hundredths(p.hours_min) if p else 0 for p in profiles), np.int16)
        self._hours_max = _column((_hundredths(p.hours_max) if p else _ALWAYS for p in profiles), np.int16)
        self._postcode = _column((int(p.postcode4) if p else 0 for p in profiles), np.int16)
        self._region = _column((int(region(p.postcode4)) if p else 0 for p in profiles), np.int16)
        self._far = _column((p is None or p.max_travel_km >= REGION_KM for p in profiles), bool)
        self._choosy = _column((p is not None and bool(p.kinds) for p in profiles), bool)
        self._needs = _column((self._mask(p.needs) if p else 0 for p in profiles), np.int32)
        wanting: dict[tuple[str, str], list[int]] = defaultdict(list)
        choosy: dict[str, list[int]] = defaultdict(list)
        open_to_any: dict[str, list[int]] = defaultdict(list)
        for position, each in enumerate(line):
            kinds = each.profile.kinds if each.profile else ()
            (choosy if kinds else open_to_any)[each.municipality].append(position)
            for kind in kinds:
                wanting[each.municipality, kind].append(position)
        self._wanting, self._choosing, self._open = _arrays(wanting), _arrays(choosy), _arrays(open_to_any)

    def pairs(self, places: Sequence[Place]) -> Pairs:
        """All pairs in which nothing stands in the way (`fit.fits`), for people whose places they are."""
        if not places:
            nobody = np.empty(0, np.int64)
            return Pairs(nobody, nobody, nobody)
        asked = self._asked(places)
        found = [np.empty(0, np.int64)]
        for people, numbers in self._meeting(places):
            found += self._fitting(people, numbers, asked)
        whole = np.concatenate(found)
        people, where = whole // len(places), whole % len(places)
        ranked = (people * _LIKINGS + self._dislike(people, where, asked)) * len(places) + where
        ranked.sort()
        # Who wants two kinds of work that a place both has was met there twice.
        first = np.ones(len(ranked), bool)
        np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
        liked, where = np.divmod(ranked[first], len(places))
        people, dislikes = np.divmod(liked, _LIKINGS)
        return Pairs(people, where, dislikes)

    def _asked(self, places: Sequence[Place]) -> _Asked:
        return _Asked(
            hours_min=_column((_hundredths(p.hours_min) for p in places), np.int16),
            hours_max=_column((_hundredths(p.hours_max) for p in places), np.int16),
            postcode=_column((int(p.postcode4) for p in places), np.int16),
            region=_column((int(region(p.postcode4)) for p in places), np.int16),
            missing=~_column((self._met(p.offers) for p in places), np.int32),
            any_work=_column((not p.kinds for p in places), bool),
        )

    def _meeting(self, places: Sequence[Place]) -> Iterator[tuple[Positions, Positions]]:
        """People and places that have municipality and kind of work in common, group by group."""
        of_kind: dict[tuple[str, str], list[int]] = defaultdict(list)
        of_any: dict[str, list[int]] = defaultdict(list)
        everything: dict[str, list[int]] = defaultdict(list)
        for number, place in enumerate(places):
            for municipality in place.municipalities:
                everything[municipality].append(number)
                if not place.kinds:
                    of_any[municipality].append(number)
                for kind in place.kinds:
                    of_kind[municipality, kind].append(number)
        yield from _together(self._wanting, of_kind)
        yield from _together(self._choosing, of_any)
        yield from _together(self._open, everything)

    def _fitting(self, people: Positions, numbers: Positions, asked: _Asked) -> Iterator[Positions]:
        """Pairs among these in which nothing else stands in the way, as one number each."""
        rows = max(1, _AT_ONCE // len(numbers))
        there = asked.only(numbers)
        for start in range(0, len(people), rows):
            some = people[start : start + rows]
            column = some[:, None]
            fits = self._hours_max[column] >= there.hours_min
            fits &= self._hours_min[column] <= there.hours_max
            fits &= (self._needs[column] & there.missing) == 0
            near = self._region[column] == there.region
            near |= self._far[column]
            fits &= near
            who, which = np.divmod(np.flatnonzero(fits), len(numbers))
            yield some[who] * len(asked.region) + numbers[which]

    def _dislike(self, people: Positions, where: Positions, asked: _Asked) -> NDArray[np.int64]:
        """How little each of these people likes the place that fits them (`fit.dislike`)."""
        found = (self._region[people] != asked.region[where]) * OTHER_REGION
        found += (self._postcode[people] != asked.postcode[where]) * OTHER_POSTCODE
        # Of whom it fits, those who named any kind of work named one of this place, if it has any.
        found += (~self._choosy[people] | asked.any_work[where]) * OTHER_WORK
        return np.where(self._known[people], found, 0)

    def _mask(self, needs: Iterable[str]) -> int:
        """Needs as bits; the vocabulary is closed and has fewer than 31 of them."""
        return sum(self._bits.setdefault(need, 1 << len(self._bits)) for need in set(needs))

    def _met(self, offers: Iterable[str]) -> int:
        """Of the needs that people in line have, those that are met."""
        return sum(self._bits.get(need, 0) for need in set(offers))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What places ask, in columns."""

    hours_min: NDArray[np.int16]
    hours_max: NDArray[np.int16]
    postcode: NDArray[np.int16]
    region: NDArray[np.int16]
    missing: NDArray[np.int32]
    any_work: NDArray[np.bool_]

    def only(self, numbers: Positions) -> _Asked:
        return _Asked(
            self.hours_min[numbers],
            self.hours_max[numbers],
            self.postcode[numbers],
            self.region[numbers],
            self.missing[numbers],
            self.any_work[numbers],
        )


def _together(
    people: Mapping[Any, Positions], places: Mapping[Any, list[int]]
) -> Iterator[tuple[Positions, Positions]]:
    for name, numbers in places.items():
        if name in people:
            yield people[name], np.array(numbers, np.int64)


def _arrays(groups: Mapping[Any, list[int]]) -> dict[Any, Positions]:
    return {name: np.array(found, np.int64) for name, found in groups.items()}


def _hundredths(hours: Decimal) -> int:
    return int(hours * _HUNDREDTHS)


def _column(values: Iterable[Any], kind: Any) -> NDArray[Any]:
    return np.fromiter(values, kind)
