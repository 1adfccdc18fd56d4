"""When a message is sent, tried again, given up, or not sent on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.contracts import FailureCode, SuppressReason

PATIENCE: Final = timedelta(hours=24)
"""How long a message is tried; what is not mended within a day needs a person to look at it."""

_PAUSES: Final = (1, 5, 30, 120, 300)
"""Seconds before the next try; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Handed to the mail server, which said yes."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Not sent, on purpose."""

    reason: SuppressReason


@dataclass(frozen=True, slots=True)
class Failed:
    """Not sent, and no other try follows."""

    code: FailureCode


@dataclass(frozen=True, slots=True)
class Later:
    """Not sent this time; nothing was handed over, so that another try is safe."""

    code: FailureCode


_PATH: Final = re.compile(r"(?!\.)[A-Za-z0-9._:~-]+(?:/(?!\.)[A-Za-z0-9._:~-]+)*")
"""Segments of a path, none of which begins with a dot."""

Verdict = Sent | Suppressed | Failed | Later


def pause_before(attempt: int) -> timedelta:
    """How long to wait after try number `attempt` (1 is the first) before the next."""
    return timedelta(seconds=_PAUSES[min(attempt, len(_PAUSES)) - 1])


def settle(verdict: Verdict, *, tried_for: timedelta) -> Verdict:
    """A try that may be repeated is given up once patience is spent, so that a person looks at it."""
    if isinstance(verdict, Later) and tried_for >= PATIENCE:
        return Failed(verdict.code)
    return verdict


def reason_not_to_send(
    *, erased: bool, deceased: bool, expires_on: date | None, today: date
) -> SuppressReason | None:
    """Why nothing is sent, before anyone's vault is asked.

    Args:
        expires_on: last day on which the message makes sense, if it has one.
    """
    if erased:
        return SuppressReason.ERASED
    if deceased:
        return SuppressReason.DECEASED
    if expires_on is not None and today > expires_on:
        return SuppressReason.OVERTAKEN
    return None


def may_be_asked(dataref: str, vault: str | None) -> bool:
    """Whether `dataref` lies in the vault that the registry names for the guide.

    The token that opens the vault is shown to no other address, whatever a record says.
    """
    if vault is None:
        return False
    # Compared as text: two parsers may read one address differently, and that is how tokens are stolen.
    base = f"{vault.rstrip('/')}/"
    return dataref.startswith(base) and _PATH.fullmatch(dataref, len(base)) is not None
