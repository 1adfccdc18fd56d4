"""What is known of Emmen, and what the scenario assumes; each figure with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.contracts.base import Fund

EMMEN: Final = "0114"
FIRST_YEAR: Final = 2017
LAST_YEAR: Final = 2022
ASSUMED: Final = "aangenomen voor dit scenario"


@dataclass(frozen=True, slots=True)
class Number:
    """A yearly number as somebody published it.

    Attributes:
        places: contracts at the end of the year that this fund pays.
        stated_on: the day on which the municipality could know it.
        assumed: True when no source gives it.
    """

    year: int
    fund: Fund
    places: int
    stated_on: date
    source: str
    assumed: bool


NUMBERS: Final = (
    Number(2017, Fund.MINISTRY, 20, date(2017, 1, 23), "Staatscourant 2017-4882", assumed=False),
    Number(2018, Fund.MINISTRY, 35, date(2017, 11, 22), "Staatscourant 2017-68246", assumed=False),
    Number(2019, Fund.MINISTRY, 45, date(2018, 11, 26), ASSUMED, assumed=True),
    Number(2020, Fund.MINISTRY, 54, date(2019, 11, 25), ASSUMED, assumed=True),
    Number(2021, Fund.MINISTRY, 61, date(2020, 11, 23), ASSUMED, assumed=True),
    Number(2022, Fund.MINISTRY, 65, date(2021, 11, 22), ASSUMED, assumed=True),
    # That the council pays for extra places is known (letter to the council); how many is not.
    Number(2022, Fund.COUNCIL, 22, date(2022, 1, 10), ASSUMED, assumed=True),
)
"""The numbers of Emmen. 2017 came late, and counted from 1 January on; local press says 36 for 2018."""

WERKBEDRIJF_STARTS: Final = date(2018, 1, 1)
"""EMCO and Menso together at AT7 (municipal news, June 2019)."""

BUURTSUPPORT_JOINS: Final = date(2020, 1, 1)
"""As the declaration of intent of 2019-06-17 meant it."""

WAITING_END_2021: Final = 51
"""People on the list at the end of December 2021 (letter to the council). The services must come to
this figure by themselves; the scenario only decides how many ask for sheltered work (`people.py`)."""

GRONINGEN_STATED_ON: Final = date(2018, 12, 10)
"""Emmen did not merge. In the province next to it Haren and Ten Boer, both in the annex of the number of
2018, became Groningen on 1 January 2019; the direction states that their codes end. On which day it did
so is assumed."""

COUNCIL_PAYS_FROM: Final = date(2022, 1, 1)
"""Assumed: contracts beyond the ministry's number of 2022 are assigned to the council's fund, one by one."""


def paid_by_the_council() -> range:
    """Which contracts of 2022, by their turn, the council pays: what the ministry leaves out."""
    of_fund = {number.fund: number.places for number in NUMBERS if number.year == COUNCIL_PAYS_FROM.year}
    before = sum(number.places for number in NUMBERS if number.year == COUNCIL_PAYS_FROM.year - 1)
    first = of_fund[Fund.MINISTRY] - before
    return range(first, first + of_fund[Fund.COUNCIL])


def assumed(year: int) -> bool:
    """Whether any of the year's numbers is the scenario's own."""
    return any(number.assumed for number in NUMBERS if number.year == year)
