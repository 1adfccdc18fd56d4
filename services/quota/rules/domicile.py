"""Where a person lives, and so whose number a contract counts for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from msgspec import Struct


class Domicile(Struct, frozen=True):
    """Somebody lives in a municipality from a day on.

    Kept as a set of facts, not as a last value: guides state them on topics of their own, and the
    order between topics is nobody's promise.

    Attributes:
        fact: which statement said so.
        known_at: when it was stated.
    """

    participant: str
    fact: str
    municipality: str
    from_on: date
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A municipality and the days there, both inclusive; None is without bound."""

    municipality: str
    from_on: date | None
    until_on: date | None


def stays(domiciles: Iterable[Domicile]) -> list[Stay]:
    """The person's municipalities in order.

    Of two facts from the same day the one stated last holds. Before the first day known the person is
    taken to live where they were first known to: a contract may be older than the registration.
    """
    by_day: dict[date, str] = {}
    for fact in sorted(domiciles, key=lambda d: (d.from_on, d.known_at, d.fact)):
        by_day[fact.from_on] = fact.municipality
    found: list[Stay] = []
    for day, municipality in by_day.items():
        if not found:
            found.append(Stay(municipality, None, None))
        elif found[-1].municipality != municipality:
            found[-1] = Stay(found[-1].municipality, found[-1].from_on, day - timedelta(days=1))
            found.append(Stay(municipality, day, None))
    return found
