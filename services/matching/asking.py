"""What is read from the database for questions over HTTP; nothing here is part of a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from services.matching.rules import explaining, ladder, order
from services.matching.rules.bridges import BRIDGES
from services.matching.rules.deviations import Deviation
from services.matching.rules.explaining import Explanation, Own, Served
from services.matching.rules.ladder import Told
from services.matching.rules.places import Place
from services.matching.rules.policies import Policy, Terms, in_force, terms
from services.matching.rules.preview import Preview, preview
from services.matching.rules.proposals import State
from services.matching.rules.waiting import Wait
from services.matching.world import (
    DEVIATIONS,
    PASSINGS,
    PLACES,
    POLICIES,
    PROFILE_VERSIONS,
    STAYS,
    STEPS,
    WAITING,
    WEIGHINGS,
)
from shared.contracts import PolicyKind
from shared.messaging.service import Connection

_ROUNDS: Final = 200
"""Weighings looked at for one answer, the latest first; years of them would fill a book."""


@dataclass(frozen=True, slots=True)
class Rank:
    """Somebody's rank with all that gave it."""

    wait: Wait
    rank: int
    waiting: int
    policy: Policy
    looked_at: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unbridged:
    """Somebody who waits without a bridge, and by when they should have had one."""

    wait: Wait
    since: date
    due_on: date


async def wait_of(connection: Connection, participant: str) -> Wait | None:
    """The wait of somebody, while they wait."""
    return (await WAITING.fetch(connection, "participant", [participant])).get(participant)


async def rank_of(connection: Connection, wait: Wait, today: date) -> Rank | None:
    """The rank; None when no order is in force."""
    policies = await POLICIES.fetch(connection, "municipality", [wait.municipality])
    policy = in_force(policies, wait.municipality, PolicyKind.ORDER, today)
    if policy is None:
        return None
    everyone = await WAITING.fetch(connection, "municipality", [wait.municipality])
    ranked = order.ranked(everyone, policy)
    rank = next(n for n, each in enumerate(ranked, 1) if each.participant == wait.participant)
    return Rank(wait, rank, len(ranked), policy, order.looked_at(wait, policy))


async def reasons(connection: Connection, wait: Wait, place: str | None) -> list[Explanation]:
    """Why the person was not proposed each place that was held against their list, the latest first."""
    found = await WEIGHINGS.where(
        connection,
        "municipalities ? $1 AND ($2::text IS NULL OR place = $2) AND (place, weighed_at) IN ("
        "SELECT place, weighed_at FROM weighings WHERE municipalities ? $1 "
        f"AND ($2::text IS NULL OR place = $2) ORDER BY weighed_at DESC, place LIMIT {_ROUNDS})",
        wait.municipality,
        place,
    )
    weighings = sorted(found, key=lambda w: (w.weighed_at, w.place), reverse=True)
    profiles = await PROFILE_VERSIONS.fetch(connection, "participant", [wait.participant])
    return explaining.why_not(
        wait,
        weighings,
        await PASSINGS.fetch(connection, "participant", [wait.participant]),
        {profile.version: profile for profile in profiles},
        await _own(connection, wait.participant),
        await _served(connection, [w.place for w in weighings]),
    )


async def _served(connection: Connection, places: Sequence[str]) -> Mapping[tuple[str, Any], list[Served]]:
    rows = await connection.fetch(
        "SELECT p.place, p.requested_at, p.participant, p.municipality, p.rank, "
        "d.deviation IS NOT NULL AS deviated FROM proposals p LEFT JOIN deviations d "
        "ON d.participant = p.participant AND d.place = p.place AND d.reported_on = p.requested_on "
        "AND d.outcome = 'proposed' WHERE p.place = ANY($1) AND p.requested_at IS NOT NULL",
        sorted(set(places)),
    )
    found: dict[tuple[str, Any], list[Served]] = defaultdict(list)
    for row in rows:
        served = Served(row["participant"], row["municipality"], row["rank"], row["deviated"])
        found[row["place"], row["requested_at"]].append(served)
    return found


async def _own(connection: Connection, participant: str) -> list[Own]:
    rows = await connection.fetch(
        "SELECT place, requested_at, state, coalesce(closed_at, refused_at) AS closed_at, rung "
        "FROM proposals WHERE participant = $1 AND requested_at IS NOT NULL",
        participant,
    )
    return [
        Own(
            row["place"],
            row["requested_at"],
            row["closed_at"],
            State(row["state"]),
            bridge=row["rung"] in BRIDGES,
        )
        for row in rows
    ]


async def previewed(
    connection: Connection, municipality: str, then: Policy, today: date
) -> tuple[Policy, Preview] | None:
    """A new order held against the one in force; None when none is."""
    policies = await POLICIES.fetch(connection, "municipality", [municipality])
    now = in_force(policies, municipality, PolicyKind.ORDER, today)
    if now is None:
        return None
    waits = await WAITING.fetch(connection, "municipality", [municipality])
    return now, preview(waits, now, then)


async def places(
    connection: Connection, municipality: str | None, today: date
) -> list[tuple[Place, int, int]]:
    """Places on offer, with how many seats are worked in and how many are kept for proposals."""
    found = await PLACES.where(
        connection,
        "coalesce(least(until_on, withdrawn_on - 1), 'infinity') >= $1 "
        "AND ($2::text IS NULL OR municipalities ? $2)",
        today,
        municipality,
    )
    rows = await connection.fetch(
        "SELECT place, count(DISTINCT participant) FILTER (WHERE works) AS taken, "
        "count(DISTINCT participant) FILTER (WHERE NOT works) AS kept FROM ("
        "SELECT place, participant, true AS works FROM placements "
        "WHERE place = ANY($1) AND coalesce(ended_on, 'infinity') >= $2 UNION ALL "
        "SELECT p.place, p.participant, false FROM proposals p WHERE p.place = ANY($1) "
        "AND p.state IN ('requested', 'open', 'accepted') AND p.refused_at IS NULL AND NOT EXISTS ("
        "SELECT 1 FROM placements w WHERE w.place = p.place AND w.participant = p.participant "
        "AND coalesce(w.ended_on, 'infinity') >= $2)) AS held GROUP BY place",
        [place.place for place in found],
        today,
    )
    held = {row["place"]: (row["taken"], row["kept"]) for row in rows}
    return [(place, *held.get(place.place, (0, 0))) for place in found]


async def unbridged(connection: Connection, municipality: str | None, today: date) -> list[Unbridged]:
    """Who waits without a bridge (Pw art. 10b(7)), the longest without one first."""
    policies = await POLICIES.all(connection)
    waits = await WAITING.where(
        connection,
        "(bridge IS NULL OR bridge_ended_on IS NOT NULL) AND ($1::text IS NULL OR municipality = $1) "
        "AND joined_on <= $2",
        municipality,
        today,
    )
    by_municipality: dict[str, Terms] = {
        m: terms(policies, m, today) for m in {w.municipality for w in waits}
    }
    found = []
    for wait in waits:
        since = wait.bridge_ended_on or wait.joined_on
        due = date.fromordinal(since.toordinal() + by_municipality[wait.municipality].bridge_within_days)
        found.append(Unbridged(wait, since, due))
    return sorted(found, key=lambda each: (each.since, each.wait.participant))


async def proposals_between(
    connection: Connection, municipality: str | None, first: date, last: date
) -> Mapping[str, int]:
    """What became of the proposals that were made in a period."""
    row = await connection.fetchrow(
        "SELECT count(*) AS made, "
        "count(*) FILTER (WHERE state IN ('accepted', 'placed')) AS accepted, "
        "count(*) FILTER (WHERE state = 'declined') AS declined, "
        "count(*) FILTER (WHERE declined_by = 'participant') AS declined_by_participant, "
        "count(*) FILTER (WHERE declined_by = 'guide') AS declined_by_guide, "
        "count(*) FILTER (WHERE declined_by = 'host') AS declined_by_host, "
        "count(*) FILTER (WHERE state = 'expired') AS expired, "
        "count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn "
        "FROM proposals WHERE made_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR municipality = $3)",
        first,
        last,
        municipality,
    )
    deviated = await connection.fetchval(
        "SELECT count(*) FROM deviations WHERE reported_on BETWEEN $1 AND $2 AND outcome = 'proposed' "
        "AND ($3::text IS NULL OR municipality = $3)",
        first,
        last,
        municipality,
    )
    return dict(row or {}) | {"deviations": deviated}


async def deviations(
    connection: Connection, municipality: str | None, first: date, last: date
) -> list[Deviation]:
    """Deviations from the order that were reported in a period, the latest first."""
    found = await DEVIATIONS.where(
        connection,
        "reported_on BETWEEN $1 AND $2 AND ($3::text IS NULL OR municipality = $3)",
        first,
        last,
        municipality,
    )
    return sorted(found, key=lambda d: (d.reported_on or last, d.deviation), reverse=True)


async def ladder_of(connection: Connection, participant: str) -> list[Told]:
    """All steps of somebody, over all partners, the first first."""
    return ladder.history(await STEPS.fetch(connection, "participant", [participant]))


async def stays_of(connection: Connection, participant: str) -> list[Any]:
    """Waits of somebody that are over."""
    found = await STAYS.fetch(connection, "participant", [participant])
    return sorted(found, key=lambda stay: stay.joined_on)


def as_policy(municipality: str, valid_from: date, keys: Sequence[str], groups: Sequence[str]) -> Policy:
    """An order that nobody has adopted yet."""
    plain = Policy(municipality, PolicyKind.ORDER, valid_from, "preview")
    return replace(plain, keys=tuple(keys), priority_groups=tuple(groups))
