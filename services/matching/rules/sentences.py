"""Sentences in plain Dutch (B1) about the order, to be read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.matching.rules.policies import Policy
from shared.contracts import OrderKey

_MONTHS: Final = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
    "november", "december",
)  # fmt: skip

_KEYS: Final = {
    OrderKey.PRIORITY_GROUP: "de voorrangsgroep ({value})",
    OrderKey.REQUEST_DATE: "de dag van de aanvraag ({value})",
    OrderKey.ADVICE_DATE: "de dag van het advies ({value})",
    OrderKey.DECISION_DATE: "de dag van het besluit ({value})",
    OrderKey.SCHOOL_LEAVER: "of iemand van het praktijkonderwijs of speciaal onderwijs komt ({value})",
    OrderKey.IN_BRIDGE: "of iemand nu al iets te doen heeft ({value})",
    OrderKey.OFFERS_DECLINED: "hoe vaak een aanbod is geweigerd ({value})",
}
_WORDS: Final = {"none": "geen", "yes": "ja", "no": "nee"}


def rank_said(rank: int, policy: Policy, looked_at: Mapping[str, str], since: date) -> str:
    """The rank, what the council has it go by, and since when the person waits."""
    by = ", daarna ".join(_KEYS[key].format(value=_value(looked_at[key])) for key in policy.order)
    return (
        f"U staat sinds {on(since)} op de lijst, nu op plaats {rank}. "
        f"De gemeenteraad kijkt eerst naar {by}. Deze volgorde geldt sinds {on(policy.valid_from)}."
    )


def on(day: date) -> str:
    """A day as it is said: 5 november 2020."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _value(found: str) -> str:
    try:
        return on(date.fromisoformat(found))
    except ValueError:
        return _WORDS.get(found, found)
