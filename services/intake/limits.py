"""How much a partner may hand in over HTTP: a bucket of events each, so that none crowds out the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """Token buckets, one a partner.

    Args:
        rate: events a second that flow back.
        burst: events at once.
    """

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, _Bucket] = {}

    def take(self, partner: str, events: int, now: float) -> int | None:
        """Take events from a partner's bucket.

        Args:
            now: seconds of any clock that does not go back.

        Returns:
            None, or whole seconds after which as many will be there. What is more than the bucket
            can ever hold is let through when it is full.
        """
        bucket = self._buckets.setdefault(partner, _Bucket(self._burst, now))
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        wanted = min(events, self._burst)
        if wanted <= bucket.left:
            bucket.left -= wanted
            return None
        return max(1, math.ceil((wanted - bucket.left) / self._rate))
