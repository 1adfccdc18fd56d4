"""Municipalities that merge: which codes make up a municipality on a day.

CBS codes are valid from a day to a day. Facts keep the code under which they were stated; what merges is
the sum: from the day of the merger the ledger of the code that goes on is that of all codes in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from msgspec import Struct

from shared.contracts import MunicipalitiesMerged


class Merger(Struct, frozen=True):
    """A code that ended, and the one that goes on for it.

    Attributes:
        known_at: when it was stated.
    """

    predecessor: str
    municipality: str
    merged_on: date
    source: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """A municipality on a day.

    Attributes:
        municipality: the code asked for.
        codes: it, and all that ended in it by that day.
        since: year from which a number stated for the code is one for the whole; None without a merger.
    """

    municipality: str
    codes: tuple[str, ...]
    since: int | None = None


def recorded(data: MunicipalitiesMerged, known_at: datetime) -> list[Merger]:
    """The statement as a row a code."""
    return [
        Merger(code, data.municipality, data.merged_on, data.source, known_at) for code in data.predecessors
    ]


def whole(mergers: Sequence[Merger], municipality: str, day: date) -> Whole:
    """The municipality as it is on that day, in steps: who merged into who merged into it."""
    valid = [merger for merger in mergers if merger.merged_on <= day]
    codes = related([municipality], valid)
    years = [merger.merged_on.year for merger in valid if merger.municipality in codes]
    return Whole(municipality, tuple(sorted(codes)), max(years, default=None))


def related(municipalities: Iterable[str], mergers: Sequence[Merger]) -> set[str]:
    """These codes and all that ended in them."""
    found = set(municipalities)
    while more := {m.predecessor for m in mergers if m.municipality in found} - found:
        found |= more
    return found


def family(municipalities: Iterable[str], mergers: Iterable[tuple[str, str]]) -> set[str]:
    """All codes that have to do with these by pairs of a predecessor and who goes on, on any day."""
    pairs = list(mergers)
    found = set(municipalities)
    while more := {code for pair in pairs if found.intersection(pair) for code in pair} - found:
        found |= more
    return found


def successor(mergers: Sequence[Merger], municipality: str, day: date) -> str:
    """The code that is valid on that day for what was stated under this one."""
    seen = {municipality}
    while True:
        ends = [m for m in mergers if m.predecessor == municipality and m.merged_on <= day]
        if not ends:
            return municipality
        municipality = max(ends, key=lambda m: (m.merged_on, m.municipality)).municipality
        if municipality in seen:
            return municipality  # a circle is a mistake of who stated it, and must not stop the ledger
        seen.add(municipality)
