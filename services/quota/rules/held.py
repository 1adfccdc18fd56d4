"""Room held for proposals, as a running sum: a request costs the same when ten hold room and ten thousand.

At every step it is what the sum over all reservations would give (`Reservation.holds`). It is kept by
municipality and by nothing else: a reservation is paid from whatever fund has room when it is looked at,
and what is held in the old year is held in the new one, since the number is a level.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime

from services.quota.rules.policies import NOTHING, Tally
from services.quota.rules.reservations import Reservation, State

Closed = Mapping[datetime | None, Tally]
"""What was let go of, by the moment since when it is; under None what still holds room."""


class Held:
    """What is held, and what was at the moments that a batch looks at.

    Args:
        levels: for every municipality that will be asked for; None when what is put in is the whole
            book, as in a test without a database.
    """

    def __init__(self, levels: Mapping[str, Closed] | None = None) -> None:
        self._whole = levels is None
        self._of = {municipality: _Sum(closed) for municipality, closed in (levels or {}).items()}

    def at(self, codes: Iterable[str], moment: datetime) -> Tally:
        """What is held against what is decided at that moment, under the numbers of these municipalities.

        Raises:
            KeyError: a municipality was not loaded. Never read that as nothing held: it would grant places.
        """
        known = (self._of.get(code) if self._whole else self._of[code] for code in codes)
        return sum((held.at(moment) for held in known if held is not None), NOTHING)

    def replace(self, before: Reservation | None, after: Reservation) -> None:
        """Take the reservation as it was out of the sum, and put it in as it is."""
        if before is not None:
            self._add(before, NOTHING - before.tally)
        self._add(after, after.tally)

    def _add(self, reservation: Reservation, tally: Tally) -> None:
        if reservation.expires_on is None or reservation.state is State.USED:
            return  # never granted, or its contract counts in its stead
        municipality = reservation.municipality
        if self._whole and municipality not in self._of:
            self._of[municipality] = _Sum({})
        if municipality in self._of:
            self._of[municipality].add(reservation.closed_at, tally)


class _Sum:
    """Of one municipality."""

    def __init__(self, closed: Closed) -> None:
        self._open = closed.get(None, NOTHING)
        self._moments: list[datetime] = []
        self._upto: list[Tally] = []
        for moment in sorted(moment for moment in closed if moment is not None):
            self.add(moment, closed[moment])

    def at(self, moment: datetime) -> Tally:
        """What is open, and what was closed at that moment or later."""
        first = bisect_left(self._moments, moment)
        if first == len(self._moments):
            return self._open
        before = self._upto[first - 1] if first else NOTHING
        return self._open + self._upto[-1] - before

    def add(self, closed_at: datetime | None, tally: Tally) -> None:
        """Add what was closed then, or still is open; mostly that is later than all before it."""
        if closed_at is None:
            self._open += tally
            return
        n = bisect_left(self._moments, closed_at)
        if n == len(self._moments) or self._moments[n] != closed_at:
            self._moments.insert(n, closed_at)
            self._upto.insert(n, self._upto[n - 1] if n else NOTHING)
        for later in range(n, len(self._upto)):
            self._upto[later] += tally
