"""What messaging's own statements mean to the store in memory.

Each is looked up by how it begins, so that a statement that is said otherwise is not silently taken for
the one before: it is unknown, or `test_conformance.py` tells the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

import orjson

from tests.simulation.database import Row, Session, Statement

_REGISTRY_AND_STATE: Final = "whole"
_NAMED: Final = "named"
_ONLY_ROW: Final = "only row"


class Book(dict[str, Statement]):
    """Statements by their text, found by how they begin when first said.

    Args:
        begins: statements by how they begin.
        exactly: statements by their whole text.
    """

    def __init__(self, begins: Mapping[str, Statement], exactly: Mapping[str, Statement]) -> None:
        super().__init__({_plain(text): meaning for text, meaning in exactly.items()})
        self._begins = {_plain(text): meaning for text, meaning in begins.items()}
        self._said: dict[str, Statement | None] = {}

    def get(self, sql: str, _default: Any = None) -> Any:
        """What a statement means; None when it is not known."""
        if sql not in self._said:
            text = _plain(sql)
            meaning = super().get(text)
            if meaning is None:
                found = [begin for begin in self._begins if text.startswith(begin)]
                meaning = self._begins[max(found, key=len)] if found else None
            self._said[sql] = meaning
        return self._said[sql]


def _plain(sql: str) -> str:
    return " ".join(sql.split())


async def _locked(
    session: Session, table: str, key: Any, meets: Callable[[Row], bool] = lambda _: True
) -> Row | None:
    """A row that meets a condition, to be written; who had to wait for it looks again."""
    row = session.row(table, key)
    if row is None or not meets(row):
        return None
    await session.lock((table, key))
    row = session.row(table, key)
    return row if row is not None and meets(row) else None


async def _nothing_deferred(_session: Session) -> None:
    """Every constraint here is looked at when the row is written."""


# Locks.


async def _lock_whole(session: Session, number: int) -> None:
    await session.lock((_REGISTRY_AND_STATE, number))


async def _share_whole(session: Session, number: int) -> None:
    await session.lock((_REGISTRY_AND_STATE, number), exclusive=False)


async def _lock_named(session: Session, numbers: Sequence[int]) -> None:
    for number in sorted(numbers):
        await session.lock((_NAMED, number))


async def _try_whole(session: Session, number: int) -> list[Row]:
    return [{"free": session.try_lock((_REGISTRY_AND_STATE, number))}]


async def _try_named(session: Session, number: int, numbers: Sequence[int]) -> list[Row]:
    shared = session.try_lock((_REGISTRY_AND_STATE, number), exclusive=False)
    return [{"free": shared and all(session.try_lock((_NAMED, each)) for each in numbers)}]


async def _try_relay_lock(session: Session, number: int) -> list[Row]:
    return [{"locked": session.try_session_lock((_REGISTRY_AND_STATE, number))}]


# Registry and clock.


async def _partners(session: Session) -> list[Row]:
    return list(session.rows("partners").values())


async def _standing(session: Session) -> list[Row]:
    clock = session.row("clock", _ONLY_ROW)
    return [
        {
            "partners": [row["data"] for row in session.rows("partners").values()],
            "ticked_at": clock["ticked_at"] if clock else None,
            "waits": bool(session.rows("parked")),
            "holds": any(row["holds"] for row in session.rows("dead_letters").values()),
        }
    ]


async def _save_partner(session: Session, partner: str, data: dict[str, Any]) -> None:
    await session.put("partners", partner, {"data": orjson.dumps(data).decode()})


async def _ticked_at(session: Session) -> list[Row]:
    return list(session.rows("clock").values())


async def _save_tick(session: Session, at: Any) -> None:
    await session.lock(("clock", _ONLY_ROW))
    known = session.row("clock", _ONLY_ROW)
    at = at.astimezone(UTC)
    await session.put("clock", _ONLY_ROW, {"ticked_at": max(at, known["ticked_at"]) if known else at})


# Inbox.


async def _enter(
    session: Session, sources: Sequence[str], ids: Sequence[str], digests: Sequence[bytes]
) -> list[Row]:
    entered = []
    for source, id_, digest in zip(sources, ids, digests, strict=True):
        # A unique index: whoever enters the same name waits for the other's end.
        await session.lock(("inbox", (source, id_)))
        if session.row("inbox", (source, id_)) is None:
            row = {
                "source": source,
                "id": id_,
                "digest": digest,
                "refused": False,
                "lane": None,
                "upto": None,
            }
            await session.put("inbox", (source, id_), row)
            entered.append({"source": source, "id": id_})
    return entered


async def _entered_before(session: Session, sources: Sequence[str], ids: Sequence[str]) -> list[Row]:
    found = (session.row("inbox", name) for name in zip(sources, ids, strict=True))
    return [row for row in found if row is not None]


async def _enter_again(
    session: Session, sources: Sequence[str], ids: Sequence[str], digests: Sequence[bytes]
) -> list[Row]:
    entered = []
    for source, id_, digest in zip(sources, ids, digests, strict=True):
        row = await _locked(session, "inbox", (source, id_), lambda row: row["refused"])
        if row is not None:
            await session.put("inbox", (source, id_), row | {"refused": False, "digest": digest})
            entered.append({"source": source, "id": id_})
    return entered


async def _refuse(
    session: Session,
    sources: Sequence[str],
    ids: Sequence[str],
    lanes: Sequence[str | None],
    offsets: Sequence[int | None],
) -> None:
    for source, id_, lane, upto in zip(sources, ids, lanes, offsets, strict=True):
        row = await _locked(session, "inbox", (source, id_))
        if row is None:
            continue
        moved = lane is not None and lane != row["lane"]
        known = [each for each in (upto, None if moved else row["upto"]) if each is not None]
        now = {"refused": True, "lane": lane or row["lane"], "upto": max(known, default=None)}
        await session.put("inbox", (source, id_), row | now)


async def _forget(session: Session, sources: Sequence[str], ids: Sequence[str]) -> None:
    for name in zip(sources, ids, strict=True):
        if session.row("inbox", name) is not None:
            await session.remove("inbox", name)


# Outbox.


async def _add(session: Session, records: Sequence[tuple[str, bytes, bytes]]) -> None:
    for topic, key, payload in records:
        number = session.database.next_of("outbox")
        await session.put("outbox", number, {"id": number, "topic": topic, "key": key, "payload": payload})


async def _add_few(
    session: Session, topics: Sequence[str], keys: Sequence[bytes], payloads: Sequence[bytes]
) -> None:
    await _add(session, list(zip(topics, keys, payloads, strict=True)))


async def _oldest(session: Session, limit: int) -> list[Row]:
    rows = session.rows("outbox")
    return [rows[number] for number in sorted(rows)[:limit]]


async def _published(session: Session, numbers: Sequence[int]) -> None:
    for number in numbers:
        if session.row("outbox", number) is not None:
            await session.remove("outbox", number)


# Parked events.


async def _waiting_for(session: Session, names: Sequence[str], upto: int | None) -> list[Row]:
    wanted = set(names)
    rows = session.rows("parked")
    seqs = sorted(seq for seq in rows if upto is None or seq <= upto)
    return [rows[seq] for seq in seqs if not wanted.isdisjoint(rows[seq]["names"])]


async def _seqs(session: Session) -> list[Row]:
    return [{"seq": seq} for seq in sorted(session.rows("parked"))]


async def _take_parked(session: Session, seq: int) -> list[Row]:
    row = await _locked(session, "parked", seq)
    if row is None:
        return []
    await session.remove("parked", seq)
    return [row]


async def _park(session: Session, *columns: Sequence[Any]) -> None:
    for source, id_, topic, partition, offset, timestamp_ms, key, value, names in zip(*columns, strict=True):
        await session.lock(("parked name", (source, id_)))
        waits_for = names.split("\x1f")
        known = [
            row for row in session.rows("parked").values() if (row["source"], row["id"]) == (source, id_)
        ]
        if known:
            # The names of before stay in their table; one more than needed wakes it in vain, and no harm.
            row = known[0] | {"waits_for": waits_for, "names": known[0]["names"] | set(waits_for)}
        else:
            row = {
                "seq": session.database.next_of("parked"), "source": source, "id": id_, "topic": topic,
                "partition": partition, "offset": offset, "timestamp_ms": timestamp_ms, "key": key,
                "value": value, "waits_for": waits_for, "names": set(waits_for),
            }  # fmt: skip
        await session.put("parked", row["seq"], row)


async def _unpark(session: Session, seqs: Sequence[int]) -> None:
    for seq in seqs:
        if session.row("parked", seq) is not None:
            await session.remove("parked", seq)


# Dead letters.


async def _bury(session: Session, letters: Sequence[tuple[Any, ...]]) -> None:
    for topic, partition, offset, timestamp_ms, key, value, code, detail, holds in letters:
        told = {"code": code, "detail": detail, "holds": holds}
        # Taken also where the letter is known already, as a default is that ON CONFLICT makes vain.
        number = session.database.next_of("dead_letters")
        if offset >= 0:
            await session.lock(("dead letter", (topic, partition, offset)))
            place = (topic, partition, offset)
            known = [row for row in session.rows("dead_letters").values() if _place_of(row) == place]
            if known:
                again = known[0] | told | {"attempts": known[0]["attempts"] + 1}
                await session.put("dead_letters", again["id"], again)
                continue
        row = {
            "id": number, "topic": topic, "partition": partition, "offset": offset, "key": key,
            "timestamp_ms": timestamp_ms, "value": value, "attempts": 1, **told,
        }  # fmt: skip
        await session.put("dead_letters", number, row)


async def _holds_on(session: Session, topics: Sequence[str], keys: Sequence[bytes]) -> list[Row]:
    asked = set(zip(topics, keys, strict=True))
    first: dict[tuple[str, bytes, int], int] = {}
    for row in session.rows("dead_letters").values():
        if row["holds"] and (row["topic"], row["key"]) in asked:
            where = row["topic"], row["key"], row["partition"]
            first[where] = min(first.get(where, row["offset"]), row["offset"])
    return [
        {"topic": topic, "key": key, "partition": partition, "offset": offset}
        for (topic, key, partition), offset in sorted(first.items())
    ]


async def _take(session: Session, ids: Sequence[int] | None) -> list[Row]:
    rows = session.rows("dead_letters")
    named = [rows[number] for number in rows if ids is None or number in ids]
    keys = {(row["topic"], row["key"]) for row in named if row["holds"] and row["key"] is not None}
    found = [
        row
        for row in rows.values()
        if ids is None or row["id"] in ids or (row["holds"] and (row["topic"], row["key"]) in keys)
    ]
    taken = []
    for row in sorted(found, key=lambda each: each["id"]):
        await session.lock(("dead_letters", row["id"]))
        if session.row("dead_letters", row["id"]) is not None:
            taken.append(row)
    return taken


async def _settle(session: Session, ids: Sequence[int], action: str, reason: str) -> list[Row]:
    gone = []
    for number in ids:
        row = await _locked(session, "dead_letters", number)
        if row is None:
            continue
        await session.remove("dead_letters", number)
        kept = {name: row[name] for name in _KEPT_WHEN_SETTLED} | {"action": action, "reason": reason}
        kept["value"] = row["value"] if action == "discarded" else None
        await session.put("dead_letters_settled", number, kept)
        gone.append({"id": number})
    return gone


_KEPT_WHEN_SETTLED: Final = ("id", "topic", "partition", "offset", "key", "code", "detail", "attempts")


def _place_of(row: Row) -> tuple[str, int, int]:
    return row["topic"], row["partition"], row["offset"]


MESSAGING: Final[Mapping[str, Statement]] = {
    "SELECT pg_advisory_xact_lock($1, 0)": _lock_whole,
    "SELECT pg_advisory_xact_lock_shared($1, 0)": _share_whole,
    "SELECT count(pg_advisory_xact_lock(n)) FROM unnest($1::bigint[])": _lock_named,
    "SELECT pg_try_advisory_xact_lock($1, 0)": _try_whole,
    "SELECT pg_try_advisory_xact_lock_shared($1, 0) AND bool_and": _try_named,
    "SELECT pg_try_advisory_lock($1, 0)": _try_relay_lock,
    "SELECT data::text AS data FROM partners": _partners,
    "INSERT INTO partners (partner, data)": _save_partner,
    "SELECT ticked_at FROM clock": _ticked_at,
    "INSERT INTO clock (ticked_at)": _save_tick,
    "INSERT INTO inbox (source, id, digest)": _enter,
    "SELECT source, id, digest, refused, lane, upto FROM inbox JOIN unnest": _entered_before,
    "UPDATE inbox SET refused = false, digest = t.digest FROM unnest": _enter_again,
    "UPDATE inbox SET refused = true, lane = coalesce(t.lane, inbox.lane)": _refuse,
    "DELETE FROM inbox USING unnest": _forget,
    "COPY outbox (topic, key, payload)": _add,
    "INSERT INTO outbox (topic, key, payload) SELECT topic, key, payload FROM unnest": _add_few,
    "SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT $1": _oldest,
    "DELETE FROM outbox WHERE id = ANY($1)": _published,
    'SELECT seq, topic, partition, "offset", timestamp_ms, key, value, waits_for FROM parked WHERE seq IN '
    "(SELECT seq FROM parked_names JOIN unnest": _waiting_for,
    "SELECT ARRAY(SELECT data::text FROM partners) AS partners, (SELECT ticked_at FROM clock)": _standing,
    "WITH new AS (INSERT INTO parked": _park,
    "DELETE FROM parked WHERE seq = ANY($1)": _unpark,
    "SELECT seq FROM parked ORDER BY seq": _seqs,
    "DELETE FROM parked WHERE seq = $1 RETURNING *": _take_parked,
    "INSERT INTO dead_letters": _bury,
    'SELECT topic, key, partition, min("offset") AS "offset" FROM dead_letters JOIN unnest': _holds_on,
    "SELECT * FROM dead_letters d WHERE $1::bigint[] IS NULL": _take,
    "WITH gone AS (DELETE FROM dead_letters WHERE id = ANY($1) RETURNING *) "
    "INSERT INTO dead_letters_settled": _settle,
    "SET CONSTRAINTS ALL IMMEDIATE": _nothing_deferred,
}
"""What the modules of `shared/messaging` say, by how it begins."""
