"""Dates and numbers as officials read them, in Dutch."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from shared.contracts import Fund

_MONTHS: Final = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)

FUNDS: Final = {Fund.MINISTRY: "Rijk", Fund.REDISTRIBUTION: "herverdeling", Fund.COUNCIL: "gemeenteraad"}
"""Who pays, in Dutch."""


def day_nl(day: date) -> str:
    """A day: 31 december 2021."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def number_nl(number: Decimal | int) -> str:
    """A number with a comma, and without digits behind it where there are none."""
    text = f"{Decimal(number).normalize():f}"
    return text.replace(".", ",")
