"""Bugs that can be planted in the services' processes, to see that the checker finds each of them.

They are put over the product's own functions in the process alone; the product has no place for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from shared.messaging import consumer, dead_letters, inbox, parking
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner


def commit_before_the_transaction() -> None:
    """Kafka's offsets are committed before the batch is; a crash in between loses it."""
    subscribe, retrying = consumer.subscribe, consumer._retrying
    subscribers: list[Any] = []

    def subscribing(*arguments: Any, **named: Any) -> Any:
        subscribers.append(subscribe(*arguments, **named))
        return subscribers[-1]

    async def hasty(process: consumer.Process, records: Sequence[Any]) -> Any:
        await subscribers[-1].consumer.commit()
        return await retrying(process, records)

    consumer.subscribe = subscribing
    consumer._retrying = hasty


def outbox_deleted_before_the_acknowledgement() -> None:
    """Rows leave the outbox before the broker has them."""

    async def publish(self: Any, connection: Any, producer: Any) -> int:
        del self
        rows = await connection.fetch("SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT 500")
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
        for row in rows:
            await producer.send_and_wait(row["topic"], row["payload"], key=row["key"])
        return len(rows)

    Relay._publish = publish  # type: ignore[method-assign]


def inbox_check_dropped() -> None:
    """What came before is processed again."""
    enter = inbox.enter

    async def forgetful(
        connection: Any, arrivals: Any, *, anew: bool = False
    ) -> tuple[set[inbox.Name], set[inbox.Name]]:
        await enter(connection, arrivals, anew=anew)
        return {inbox.name_of(event) for event, _ in arrivals}, set()

    inbox.enter = forgetful


def lock_left_out() -> None:
    """Batches on the same things go on beside each other, on a machine where a batch takes a moment."""
    batch = Runner._batch

    def unlocked(_self: Any, _events: Any) -> set[str]:
        return set()

    async def slow(self: Any, *arguments: Any, **named: Any) -> Any:
        result = await batch(self, *arguments, **named)
        await asyncio.sleep(0.15)
        return result

    Runner._touched = unlocked  # type: ignore[assignment, method-assign]
    Runner._batch = slow  # type: ignore[method-assign]


def parked_facts_forgotten() -> None:
    """What came too early is not kept."""

    async def forget(_connection: Any, _events: Any) -> None:
        return None

    parking.park = forget  # type: ignore[assignment]


def outbox_out_of_order() -> None:
    """The relay sends what it finds in any order."""

    async def publish(self: Any, connection: Any, producer: Any) -> int:
        del self
        rows = await connection.fetch("SELECT id, topic, key, payload FROM outbox ORDER BY id DESC LIMIT 500")
        for row in rows:
            await producer.send_and_wait(row["topic"], row["payload"], key=row["key"])
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
        return len(rows)

    Relay._publish = publish  # type: ignore[method-assign]


def room_not_looked_at() -> None:
    """Every reservation is granted."""
    from services.quota.rules.room import Room  # noqa: PLC0415 - only quota has it

    Room.fits = lambda _self, _tally: True  # type: ignore[method-assign, assignment]


def message_sent_twice() -> None:
    """Handing over is not noted first, and a sender that was interrupted simply tries again."""
    from services.notifications.notes import Notes  # noqa: PLC0415 - only notifications has it

    async def nothing(_self: Any, _tried: Any) -> None:
        return None

    Notes.hand_over = nothing  # type: ignore[method-assign, assignment]


def letters_thrown_away() -> None:
    """What cannot be processed is not kept."""

    async def nothing(_connection: Any, _letters: Any) -> None:
        return None

    dead_letters.bury = nothing  # type: ignore[assignment]


PLANTS: Final[Mapping[str, Callable[[], None]]] = {
    "commit-before-the-transaction": commit_before_the_transaction,
    "outbox-deleted-before-the-acknowledgement": outbox_deleted_before_the_acknowledgement,
    "inbox-check-dropped": inbox_check_dropped,
    "lock-left-out": lock_left_out,
    "parked-facts-forgotten": parked_facts_forgotten,
    "outbox-out-of-order": outbox_out_of_order,
    "room-not-looked-at": room_not_looked_at,
    "message-sent-twice": message_sent_twice,
    "letters-thrown-away": letters_thrown_away,
}
"""By the name that `--plant` takes."""
