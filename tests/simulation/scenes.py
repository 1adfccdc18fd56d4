"""Sessions that get in each other's way, told by what each of them sees."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg
from msgspec.structs import replace

from shared.messaging import dead_letters, inbox, parking
from shared.messaging.arrays import array
from shared.messaging.event import Event
from shared.messaging.locks import NotFree, of, take_if_free
from shared.messaging.service import EVERYTHING, Record
from shared.messaging.standing import standing
from tests.delivery.ledger import Ledger
from tests.delivery.toy.service import TALLY, UNSAVEABLE

_BLOCKED_S: Final = 0.3
"""After which somebody who waits is taken to wait for somebody else."""

_UPSERT: Final = TALLY._upsert
_ROW: Final = [array([each]) for each in ("p-1", True, 1, "", 0, 0, "")]
"""A row of the toy's, but for its place."""

Scene = Callable[[Callable[[], Awaitable[Any]]], Awaitable[list[Any]]]


def an_event(number: int) -> tuple[Event, Record]:
    ledger = Ledger()
    event = [ledger.step("p-1") for _ in range(number)][-1]
    return event, Record("werkbedrijf.menso.intake", b"{}", b"p-1", 0, number, 1)


async def waits(task: asyncio.Task[Any]) -> bool:
    """Whether it is still waiting after a while."""
    done, _ = await asyncio.wait([task], timeout=_BLOCKED_S)
    return not done


async def two_enter_the_same_name(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """A repeat waits for the first, and finds nothing to do when that is committed."""
    seen: list[Any] = []
    for ends in ("commit", "rollback"):
        one, other = await connect(), await connect()
        event = an_event(1 if ends == "commit" else 2)
        first, second = one.transaction(), other.transaction()
        await first.start()
        await second.start()
        seen.append(len((await inbox.enter(one, [event]))[0]))
        entering = asyncio.create_task(inbox.enter(other, [event]))
        seen.append(await waits(entering))
        await getattr(first, ends)()
        seen.append(len((await entering)[0]))
        await second.commit()
        await one.close()
        await other.close()
    return seen


async def refused_and_handed_in_again(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Read again it stays refused; handed in again at the same time by two, one of them gets it."""
    one, other = await connect(), await connect()
    event, record = an_event(1)
    seen: list[Any] = [len((await inbox.enter(one, [(event, record)]))[0])]
    await inbox.refuse(one, [event, replace(event, id="never")], [(event, record)])
    seen.append([len(each) for each in await inbox.enter(one, [(event, record)])])
    again = replace(record, offset=8, value=b'{"other": 1}')
    for ends in ("rollback", "commit"):
        first, second = one.transaction(), other.transaction()
        await first.start()
        await second.start()
        seen.append([len(each) for each in await inbox.enter(one, [(event, again)])])
        entering = asyncio.create_task(inbox.enter(other, [(event, again)]))
        seen.append(await waits(entering))
        await getattr(first, ends)()
        seen.append([len(each) for each in await entering])
        await second.rollback()
    seen.append([len(each) for each in await inbox.enter(other, [(event, record)])])
    # By whom it is redriven does not matter, and what came over HTTP lies nowhere.
    await inbox.refuse(one, [event], [(event, again)])
    seen.append([len(each) for each in await inbox.enter(other, [(event, again)], anew=True)])
    await inbox.refuse(one, [event], [(event, replace(record, partition=-1, offset=-1))])
    for read in (again, record, replace(again, offset=9), replace(again, partition=1)):
        seen.append([len(each) for each in await inbox.enter(other, [(event, read)])])
        await inbox.refuse(one, [event], [(event, read)])
    await one.close()
    await other.close()
    return seen


async def parked_and_taken_out(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The oldest up to a number; of two that take the same one out, one gets it."""
    one, other = await connect(), await connect()
    parked = [(*an_event(number), ["place:x"]) for number in (1, 2, 3)]
    await parking.park(one, parked)
    seqs = await parking.seqs(one)
    seen: list[Any] = [len(seqs)]
    found = [await parking.waiting_for(one, ["place:x"], upto) for upto in (None, 0, *seqs)]
    seen += [[parked.record.offset for parked in each] for each in found]
    for ends in ("rollback", "commit"):
        transaction = one.transaction()
        await transaction.start()
        seen.append(await parking.take(one, seqs[0]))
        taking = asyncio.create_task(parking.take(other, seqs[0]))
        seen.append(await waits(taking))
        await getattr(transaction, ends)()
        seen.append(await taking)
        if ends == "rollback":
            await parking.park(one, parked[:1])
            seqs = [*(await parking.seqs(one))[-1:], *seqs[1:]]
    seen.append(len(await parking.seqs(other)))
    await one.close()
    await other.close()
    return seen


async def letters_settled(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """A key is held from its first letter on; who settles a letter has it alone."""
    one, other, looking = [await connect() for _ in range(3)]
    _, record = an_event(1)
    records = [replace(record, offset=offset, partition=offset % 2) for offset in (9, 4, 6, 4)]
    letters = [dead_letters.DeadLetter(each, "code", "detail", holds=True) for each in records]
    stranger = replace(record, offset=1, partition=0)
    keyless = replace(record, offset=2, key=None)
    await dead_letters.bury(
        one,
        [
            *letters,
            dead_letters.DeadLetter(stranger, "code", "detail", holds=False),
            dead_letters.DeadLetter(keyless, "code", "detail", holds=True),
        ],
    )

    async def held() -> list[Any]:
        found = await dead_letters.holds_on(looking, [record, stranger, keyless])
        return sorted((hold.partition, hold.offset) for hold in found)

    taken = [(number, each.offset) for number, each in await dead_letters.take(one, None)]
    seen: list[Any] = [await held(), taken]
    numbers = [number for number, _ in taken]
    transaction = one.transaction()
    await transaction.start()
    seen.append(await dead_letters.discard(one, [*numbers[:2], 999], "given up"))
    giving_up = asyncio.create_task(dead_letters.discard(other, numbers[:1], "given up too"))
    seen += [await waits(giving_up), await held()]
    await transaction.commit()
    seen += [await giving_up, await held()]
    await dead_letters.redriven(one, numbers[2:3], "mended")
    seen += [await held(), [number for number, _ in await dead_letters.take(other, None)]]
    await one.close()
    await other.close()
    await looking.close()
    return seen


async def back_to_a_savepoint(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """What failed within a transaction is undone, its locks too, and the rest of it stays."""
    one, other = await connect(), await connect()
    take = "SELECT pg_advisory_xact_lock($1, 0)"
    outer = one.transaction()
    await outer.start()
    await inbox.enter(one, [an_event(1)])
    for number in (2, 3):
        with suppress(asyncpg.PostgresError):
            async with one.transaction():
                await inbox.enter(one, [an_event(number)])
                await one.execute("SET CONSTRAINTS ALL IMMEDIATE")
                if number == 2:
                    await one.execute(take, 2)
                    await one.execute(_UPSERT, *_ROW, array([UNSAVEABLE]))
    seen: list[Any] = []
    taking = asyncio.create_task(other.execute(take, 2))
    seen.append(await waits(taking))
    await outer.commit()
    seen += [len((await inbox.enter(other, [an_event(number)]))[0]) for number in (1, 2, 3)]
    await one.close()
    await other.close()
    return seen


async def shared_and_exclusive(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Two share; whoever wants it alone waits, and whoever comes after that one too."""
    connections = [await connect() for _ in range(4)]
    transactions = [connection.transaction() for connection in connections]
    for transaction in transactions:
        await transaction.start()
    one, other, alone, late = connections
    share, take = "SELECT pg_advisory_xact_lock_shared($1, 0)", "SELECT pg_advisory_xact_lock($1, 0)"
    await one.execute(share, 2)
    await other.execute(share, 2)
    exclusive = asyncio.create_task(alone.execute(take, 2))
    seen = [await waits(exclusive)]
    after = asyncio.create_task(late.execute(share, 2))
    seen.append(await waits(after))
    await transactions[0].commit()
    seen.append(await waits(exclusive))
    await transactions[1].rollback()
    seen += [await waits(exclusive), await waits(after)]
    await transactions[2].commit()
    seen.append(await waits(after))
    await transactions[3].commit()
    for connection in connections:
        await connection.close()
    return seen


async def each_waits_for_the_other(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """One of two in a deadlock is told so, and the other goes on."""
    one, other = await connect(), await connect()
    first, second = one.transaction(), other.transaction()
    await first.start()
    await second.start()
    await one.execute(of(["1"]))
    await other.execute(of(["2"]))
    crossing = [
        asyncio.create_task(one.execute(of(["2"]))),
        asyncio.create_task(other.execute(of(["1"]))),
    ]
    done, _ = await asyncio.wait(crossing, timeout=10, return_when=asyncio.FIRST_EXCEPTION)
    told = [type(task.exception()).__name__ for task in done if task.exception()]
    failed, sound = (first, second) if crossing[0] in done and crossing[0].exception() else (second, first)
    await failed.rollback()
    await asyncio.gather(*crossing, return_exceptions=True)
    await sound.rollback()
    await one.close()
    await other.close()
    return told


async def what_is_taken_if_free(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Nobody waits: what another holds is told at once."""
    one, other = await connect(), await connect()
    seen: list[Any] = []
    for others in (["2"], [EVERYTHING]):
        mine, theirs = one.transaction(), other.transaction()
        await theirs.start()
        await mine.start()
        await other.execute(of(others))
        seen += [await _is_free(one, names) for names in (["1"], ["2"], ["1", "2"], [EVERYTHING])]
        await theirs.rollback()
        await asyncio.sleep(_BLOCKED_S)
        seen += [
            await _is_free(one, ["1", "2"]),
            await _is_free(one, [EVERYTHING]),
            await _is_free(one, ["3"]),
        ]
        await mine.rollback()
    await one.close()
    await other.close()
    return seen


async def _is_free(connection: Any, names: list[str]) -> bool:
    try:
        await take_if_free(connection, names)
    except NotFree:
        return False
    return True


async def what_is_seen_when(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Own writes at once, another's when they are committed, and nothing of what was rolled back."""
    one, other = await connect(), await connect()
    event, _ = an_event(3)
    record = Record("werkbedrijf.menso.intake", b"{}", b"p-1", 0, 7, 1)
    seen: list[Any] = []
    for ends in ("rollback", "commit"):
        transaction = one.transaction()
        await transaction.start()
        await parking.park(one, [(event, record, ["participant:p-1", "place:x"])])
        letter = dead_letters.DeadLetter(record, "code", "detail", holds=True)
        await dead_letters.bury(one, [letter, replace(letter, code="again")])
        for connection in (one, other):
            there = await standing(connection)
            seen.append((there.waits, there.holds))
            seen.append([p.waits_for for p in await parking.waiting_for(connection, ["place:x"])])
            seen.append(await dead_letters.holds_on(connection, [record]))
        await getattr(transaction, ends)()
        seen.append([p.record for p in await parking.waiting_for(other, ["participant:p-1"])])
    await parking.park(one, [(event, record, ["place:y"])])
    seen += [[p.waits_for for p in await parking.waiting_for(other, [n])] for n in ("place:x", "place:y")]
    seen.append([letter for _, letter in await dead_letters.take(other, None)])
    await one.close()
    await other.close()
    return seen


async def who_relays(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """One session at a time holds the relay's lock; it is free when that session ends."""
    one, other = await connect(), await connect()
    ask = "SELECT pg_try_advisory_lock($1, 0)"
    seen = [await one.fetchval(ask, 3), await other.fetchval(ask, 3)]
    await one.close()
    await asyncio.sleep(_BLOCKED_S)
    seen.append(await other.fetchval(ask, 3))
    await other.close()
    return seen


async def a_transaction_that_failed(connect: Callable[[], Awaitable[Any]]) -> list[Any]:
    """After an error nothing more is done in it, and nothing of it stays."""
    one = await connect()
    seen: list[Any] = []
    transaction = one.transaction()
    await transaction.start()
    await one.execute(_UPSERT, *_ROW, array([None]))
    for place in (UNSAVEABLE, None):
        try:
            await one.execute(_UPSERT, *_ROW, array([place]))
        except asyncpg.PostgresError as error:
            seen.append(type(error).__name__)
    await transaction.rollback()
    seen.append(len(await TALLY.all(one)))
    await one.close()
    return seen


SCENES: Final[tuple[Scene, ...]] = (
    two_enter_the_same_name,
    refused_and_handed_in_again,
    parked_and_taken_out,
    letters_settled,
    back_to_a_savepoint,
    shared_and_exclusive,
    each_waits_for_the_other,
    what_is_taken_if_free,
    what_is_seen_when,
    who_relays,
    a_transaction_that_failed,
)
