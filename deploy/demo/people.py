"""The people of the story: invented, one by one, by arithmetic alone, so that each telling is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from deploy.demo.facts import BUURTSUPPORT_JOINS

_FIRST_NAMES: Final = (
    "Aaltje", "Bert", "Carla", "Dirk", "Emine", "Fatima", "Geert", "Hilda", "Ibrahim", "Jantje",
    "Kees", "Lucie", "Mohamed", "Nienke", "Omar", "Petra", "Roelof", "Sanne", "Tineke", "Willem",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Voorbeeld", "Proefstra", "Testema", "Fictief", "Verzonnen", "Denkbeeld", "Schijnsma",
)  # fmt: skip
_HOURS: Final = tuple(Decimal(hours) for hours in ("24", "28", "32", "27", "30", "26", "28"))
"""Contract hours a week; their mean, 27.9, lies in the range that cost studies found (27 to 28.7)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How many people are granted sheltered work in a year, by the partner that guides them."""

    year: int
    menso: int
    buurtsupport: int = 0


ASKING: Final = (
    Asking(2017, 24),
    Asking(2018, 22),
    Asking(2019, 22),
    Asking(2020, 20, 8),
    Asking(2021, 18, 5),
    Asking(2022, 12, 4),
)
"""Assumed. Only their sum is tied to a source: it leaves 51 people waiting at the end of 2021."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for sheltered work.

    Attributes:
        number: a running number; everything else follows from it.
        guide: the partner that guides the person.
        registered_on: from when.
        decided_on: when the municipality grants sheltered work.
    """

    number: int
    guide: str
    registered_on: date
    decided_on: date

    @property
    def participant(self) -> str:
        """The id on the wire."""
        return f"p-{self.number:04d}"

    @property
    def advised_on(self) -> date:
        """When UWV advised; within the eight weeks (Besluit advisering beschut werk)."""
        return max(self.decided_on - timedelta(days=14), self.registered_on)

    @property
    def requested_on(self) -> date:
        """When the advice was asked for."""
        return self.advised_on - timedelta(days=49)

    @property
    def school_leaver(self) -> bool:
        """From PrO or VSO; early 2022 the press saw many youngsters on the list."""
        return self.number % 4 == 0

    @property
    def hours(self) -> Decimal:
        """Hours a week in the contract, if it comes to one."""
        return _HOURS[self.number % len(_HOURS)]

    @property
    def declines_first_offer(self) -> bool:
        """One in nine says no to the first place; that costs nothing but time."""
        return self.number % 9 == 1

    @property
    def has_mail(self) -> bool:
        """One in fifteen has no e-mail address: no message can be sent, and that is shown."""
        return self.number % 15 != 0

    @property
    def name(self) -> str:
        """An invented name."""
        return f"{_FIRST_NAMES[self.number % 20]} {_LAST_NAMES[self.number % 7]}"


def people() -> Iterator[Person]:
    """Everybody in the story, in order of the decision."""
    number = 0
    for asking in ASKING:
        of_year = [("menso", asking.menso), ("buurtsupport", asking.buurtsupport)]
        decisions = sorted(
            (_spread(asking.year, n, count), guide) for guide, count in of_year for n in range(count)
        )
        for decided_on, guide in decisions:
            number += 1
            registered_on = decided_on - timedelta(days=90)
            if guide == "buurtsupport":
                # It brings along the people it guides on the day it joins.
                registered_on = max(registered_on, BUURTSUPPORT_JOINS)
            yield Person(number, guide, max(registered_on, date(2017, 1, 2)), decided_on)


def _spread(year: int, n: int, count: int) -> date:
    """The n-th of `count` days, spread evenly from 12 March to 20 November."""
    first, last = date(year, 3, 12), date(year, 11, 20)
    return first + (last - first) * n // max(count - 1, 1)
