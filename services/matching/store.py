"""Matching's database: what a batch touches is read and written set-based.

A batch without a tick reads by the keys that its events name, whatever the number of people known. A
tick reads what stands: open waits with what belongs to them, open places, proposals that live. Both
go by indexes on what stands, since what is over only grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from services.matching.rules import figures as figures_of
from services.matching.rules.figures import InLine
from services.matching.world import (
    ADVICES,
    ANSWERS,
    CAPACITIES,
    DECISIONS,
    DEVIATIONS,
    PEOPLE,
    PLACEMENTS,
    PLACES,
    POLICIES,
    PROFILE_VERSIONS,
    PROFILES,
    PROPOSALS,
    SEATS,
    STAYS,
    STEPS,
    TABLES,
    TRANSFERS,
    WAITING,
    WEIGHED,
    Touched,
    World,
    touched,
)
from shared.messaging.event import Event
from shared.messaging.registry import amsterdam_date
from shared.messaging.rows import Rows
from shared.messaging.service import Connection
from shared.messaging.transaction import Together

_ALIVE = "state IN ('requested', 'open', 'accepted') AND refused_at IS NULL"
_PENDING = "outcome = 'granted' AND (served_until IS NULL OR decided_on > served_until)"

_MAY_COME_BACK = (
    "SELECT DISTINCT participant FROM placements JOIN people USING (participant) "
    "WHERE placements.rung = 'sheltered_work' AND placements.end_reason = 'step-up' "
    "AND people.stepped AND people.rung_on > placements.ended_on"
)
"""Who left sheltered work for a step up and has stepped since (`ladder.comes_back`)."""


async def load(
    connection: Connection,
    events: Sequence[Event],
    serves: frozenset[str] | None,
    speaks_for: dict[str, frozenset[str]],
) -> World:
    """Read what a batch touches."""
    named = touched(events)
    if named.today is None:
        world = await _load_named(connection, named)
    else:
        world = await _load_standing(connection, named, named.today)
    world.serves, world.speaks_for = serves, speaks_for
    return world


async def save(connection: Together, world: World) -> None:
    """Write what changed."""
    for name, table in TABLES.items():
        await table.save(connection, getattr(world, name))


async def _load_named(connection: Connection, named: Touched) -> World:
    living = await PROPOSALS.fetch(connection, "proposal", named.proposals)
    if named.participants:
        living = await PROPOSALS.where(
            connection,
            f"proposal = ANY($1) OR (participant = ANY($2) AND {_ALIVE})",
            sorted(named.proposals),
            sorted(named.participants),
        )
    return World(
        people=await PEOPLE.fetch(connection, "participant", named.participants),
        transfers=await TRANSFERS.fetch(connection, "transfer", named.transfers),
        advices=await ADVICES.fetch(connection, "participant", named.participants),
        decisions=await DECISIONS.fetch(connection, "participant", named.participants),
        profiles=await PROFILES.fetch(connection, "participant", named.participants),
        places=await PLACES.fetch(connection, "place", named.places),
        placements=await PLACEMENTS.fetch(connection, "placement", named.placements),
        policies=await POLICIES.fetch(connection, "municipality", named.municipalities),
        capacities=await CAPACITIES.fetch(connection, "municipality", named.municipalities),
        waiting=await WAITING.fetch(connection, "participant", named.participants),
        proposals=living,
        answers=await ANSWERS.fetch(connection, "proposal", [p.proposal for p in living]),
        seats=await SEATS.fetch(connection, "place", named.places),
        profile_versions=await PROFILE_VERSIONS.fetch(connection, "participant", named.erased),
        deviations=await DEVIATIONS.fetch(connection, "deviation", named.deviations),
        steps=await STEPS.fetch(connection, "participant", named.erased),
    )


async def _load_standing(connection: Connection, named: Touched, today: date) -> World:
    waiting = await WAITING.all(connection)
    returning = {row["participant"] for row in await connection.fetch(_MAY_COME_BACK)}
    decided = named.participants | _names(waiting) | returning
    decisions = await _with(DECISIONS, connection, decided, "participant", f"({_PENDING})")
    living = await _with(PROPOSALS, connection, named.proposals, "proposal", f"({_ALIVE})")
    people = decided | _names(decisions) | _names(living)
    # Who waits already is asked for no advice any more.
    joining = named.participants | returning | {d.participant for d in decisions if d.pending}
    seats = await SEATS.all(connection)
    working = await PLACEMENTS.where(
        connection,
        "coalesce(ended_on, 'infinity') >= $1 OR participant = ANY($2) OR placement = ANY($3)",
        today,
        sorted(people),
        sorted(named.placements),
    )
    used = named.places | {row.place for rows in (living, seats, working) for row in rows}
    return World(
        people=await PEOPLE.fetch(connection, "participant", people),
        transfers=await TRANSFERS.fetch(connection, "transfer", named.transfers),
        advices=await ADVICES.fetch(connection, "participant", joining),
        decisions=decisions,
        profiles=await PROFILES.fetch(connection, "participant", people),
        places=await PLACES.where(
            connection,
            "place = ANY($1) OR coalesce(least(until_on, withdrawn_on - 1), 'infinity') >= $2",
            sorted(used),
            today,
        ),
        placements=working,
        policies=await POLICIES.all(connection),
        capacities=await CAPACITIES.all(connection),
        waiting=waiting,
        stays=await STAYS.fetch(connection, "participant", returning),
        proposals=living,
        answers=await ANSWERS.fetch(connection, "proposal", named.proposals | {p.proposal for p in living}),
        seats=seats,
        profile_versions=await PROFILE_VERSIONS.fetch(connection, "participant", named.erased),
        weighed=await WEIGHED.all(connection),
        deviations=await _with(DEVIATIONS, connection, named.deviations, "deviation", "reported_on IS NULL"),
        steps=await STEPS.fetch(connection, "participant", named.erased),
    )


async def _with(
    table: Any, connection: Connection, names: Iterable[str], column: str, standing: str
) -> Rows[Any]:
    """Rows that stand, and those named."""
    rows: Rows[Any] = await table.where(connection, f"{standing} OR {column} = ANY($1)", sorted(names))
    return rows


def _names(rows: Iterable[Any]) -> set[str]:
    return {row.participant for row in rows}


async def line(connection: Connection, municipality: str, day: date) -> list[InLine]:
    """The list of a municipality at the end of a day."""
    waiting = await WAITING.where(connection, "municipality = $1 AND joined_on <= $2", municipality, day)
    stays = await STAYS.where(
        connection, "municipality = $1 AND left_on > $2 AND joined_on <= $2", municipality, day
    )
    adopted = await POLICIES.fetch(connection, "municipality", [municipality])
    return figures_of.line([*waiting, *stays], list(adopted), municipality, day)


async def figures(connection: Connection, municipality: str | None, day: date) -> tuple[int, int]:
    """How many waited at the end of a day, and how many of them had a bridge."""
    row = await connection.fetchrow(
        "SELECT count(*) AS waiting, count(*) FILTER ("
        "WHERE bridged_on <= $1 AND coalesce(bridge_ended_on, 'infinity') > $1) AS bridged FROM ("
        "SELECT municipality, bridged_on, bridge_ended_on FROM waiting WHERE joined_on <= $1 UNION ALL "
        "SELECT municipality, bridged_on, bridge_ended_on FROM stays WHERE joined_on <= $1 AND left_on > $1"
        ") AS listed WHERE $2::text IS NULL OR municipality = $2",
        day,
        municipality,
    )
    return (row["waiting"], row["bridged"]) if row else (0, 0)


async def today(connection: Connection) -> date:
    """Today, or the day that the scenario clock has come to."""
    ticked = await connection.fetchval("SELECT ticked_at FROM clock")
    day: date = amsterdam_date(ticked if ticked is not None else datetime.now(UTC))
    return day
