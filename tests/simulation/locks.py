"""Locks as PostgreSQL has them: shared or exclusive, first come first served, and deadlocks found."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

import asyncpg

Owner = Hashable


@dataclass(slots=True)
class _Waiter:
    owner: Owner
    exclusive: bool
    granted: asyncio.Future[None]


class Locks:
    """Who holds what, and who waits for it.

    Attributes:
        circles: how often somebody waited for who waited for him.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, dict[Owner, bool]] = {}
        self._waiting: dict[Hashable, deque[_Waiter]] = {}
        self._waits_for: dict[Owner, Hashable] = {}
        self.circles = 0

    def take_now(self, owner: Owner, name: Hashable, *, exclusive: bool) -> bool:
        """Take the lock if that can be done without waiting."""
        holders = self._held.get(name)
        if holders is None:
            self._held[name] = {owner: exclusive}
            return True
        if owner in holders:
            if holders[owner] or not exclusive:
                return True
            if len(holders) > 1:
                return False
        elif self._waiting.get(name) or exclusive or any(holders.values()):
            return False
        holders[owner] = exclusive
        return True

    async def take(self, owner: Owner, name: Hashable, *, exclusive: bool) -> None:
        """Take the lock, waiting for it.

        Raises:
            asyncpg.DeadlockDetectedError: whoever holds it waits for this owner.
        """
        if self.take_now(owner, name, exclusive=exclusive):
            return
        waiter = _Waiter(owner, exclusive, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(name, deque()).append(waiter)
        self._waits_for[owner] = name
        try:
            if self._in_a_circle(owner):
                self.circles += 1
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            await waiter.granted
        finally:
            self._waits_for.pop(owner, None)
            queue = self._waiting.get(name)
            if queue is not None and waiter in queue:
                queue.remove(waiter)
                self._grant(name)

    def drop(self, owner: Owner, names: Iterable[Hashable]) -> None:
        """Give back; whoever waited longest comes next."""
        for name in names:
            holders = self._held.get(name)
            if holders is not None and holders.pop(owner, None) is not None:
                if not holders:
                    del self._held[name]
                self._grant(name)

    def _grant(self, name: Hashable) -> None:
        queue = self._waiting.get(name)
        while queue:
            first = queue[0]
            holders = self._held.setdefault(name, {})
            others = {owner: mode for owner, mode in holders.items() if owner is not first.owner}
            if others and (first.exclusive or any(others.values())):
                return
            queue.popleft()
            self._waits_for.pop(first.owner, None)
            holders[first.owner] = first.exclusive or holders.get(first.owner, False)
            if not first.granted.done():
                first.granted.set_result(None)
        self._waiting.pop(name, None)
        if not self._held.get(name, True):
            del self._held[name]

    def _in_a_circle(self, start: Owner) -> bool:
        seen: set[Owner] = set()
        ahead = list(self._blockers(start))
        while ahead:
            owner = ahead.pop()
            if owner is start:
                return True
            if owner not in seen:
                seen.add(owner)
                ahead += self._blockers(owner)
        return False

    def _blockers(self, owner: Owner) -> Iterator[Owner]:
        name = self._waits_for.get(owner)
        if name is None:
            return
        yield from (holder for holder in self._held.get(name, {}) if holder is not owner)
        for waiter in self._waiting.get(name, ()):
            if waiter.owner is owner:
                return
            yield waiter.owner
