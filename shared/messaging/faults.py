"""Places where a test may end the process, so that a crash just there can be proved harmless.

`WERKBEDRIJF_CRASH_AT=after-commit:3` ends the process, as `kill -9` does, when it passes that place
for the third time. Unset, a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final


class Place(StrEnum):
    """Where a crash is interesting."""

    BEFORE_COMMIT = "before-commit"
    AFTER_COMMIT = "after-commit"
    AFTER_PUBLISH = "after-publish"
    BEFORE_OFFSET_COMMIT = "before-offset-commit"
    BEFORE_ANSWER = "before-answer"
    AFTER_SEND = "after-send"


_asked, _, _count = os.environ.get("WERKBEDRIJF_CRASH_AT", "").partition(":")
_CRASH_AT: Final = Place(_asked) if _asked else None
_left = int(_count or 1)


def passing(place: Place) -> None:
    """End the process here if a test asked for it."""
    global _left  # noqa: PLW0603 - it counts down for the life of the process
    if place is not _CRASH_AT:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
