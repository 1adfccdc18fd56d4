"""The ledger's database: what a batch touches is read and written set-based."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.quota.rules.contracts import Placement
from services.quota.rules.figures import Basis
from services.quota.rules.policies import Tally
from services.quota.rules.reservations import Reservation, State
from services.quota.rules.stock import Change, Day, Stock
from services.quota.world import (
    BY_MUNICIPALITY,
    BY_PARTICIPANT,
    BY_PLACEMENT,
    BY_WHAT_THEY_HOLD,
    CAPACITIES,
    DOMICILES,
    PLACEMENTS,
    POLICIES,
    RESERVATIONS,
    STATEMENTS,
    TARGETS,
    Book,
    Touched,
    World,
)
from shared.messaging.service import Connection


async def load(connection: Connection, touched: Touched, serves: frozenset[str] | None) -> World:
    """Read what a batch touches."""
    placements = await _load_placements(connection, touched)
    people = touched.participants | {placement.participant for placement in placements}
    return World(
        serves=serves,
        targets=Book(
            TARGETS, BY_MUNICIPALITY, await TARGETS.fetch(connection, "municipality", touched.ledgers)
        ),
        policies=Book(
            POLICIES, BY_MUNICIPALITY, await POLICIES.fetch(connection, "municipality", touched.ledgers)
        ),
        domiciles=Book(DOMICILES, BY_PARTICIPANT, await DOMICILES.fetch(connection, "participant", people)),
        placements=Book(PLACEMENTS, BY_PARTICIPANT, placements),
        statements=Book(
            STATEMENTS,
            BY_PLACEMENT,
            await STATEMENTS.fetch(connection, "placement", [p.placement for p in placements]),
        ),
        reservations=Book(RESERVATIONS, BY_WHAT_THEY_HOLD, await _load_reservations(connection, touched)),
        capacities=await CAPACITIES.fetch(connection, "municipality", touched.capacities),
        stock=Stock(await _levels(connection, touched.asked)),
    )


async def save(connection: Connection, world: World) -> None:
    """Write what changed."""
    await TARGETS.save(connection, world.targets)
    await POLICIES.save(connection, world.policies)
    await DOMICILES.save(connection, world.domiciles)
    await PLACEMENTS.save(connection, world.placements)
    await STATEMENTS.save(connection, world.statements)
    await RESERVATIONS.save(connection, world.reservations)
    await CAPACITIES.save(connection, world.capacities)
    await _save_stock(connection, world.stock.changed)


async def basis(connection: Connection, municipality: str) -> Basis:
    """All that is known of a municipality, for its figures; not for a batch."""
    placements = (
        "SELECT p.placement FROM placements p JOIN domiciles d USING (participant) WHERE d.municipality = $1"
    )
    return Basis(
        municipality=municipality,
        targets=list(await TARGETS.where(connection, "municipality = $1", municipality)),
        policies=list(await POLICIES.where(connection, "municipality = $1", municipality)),
        domiciles=list(
            await DOMICILES.where(
                connection,
                f"participant IN (SELECT participant FROM placements WHERE placement IN ({placements}))",
                municipality,
            )
        ),
        placements=list(await PLACEMENTS.where(connection, f"placement IN ({placements})", municipality)),
        statements=list(await STATEMENTS.where(connection, f"placement IN ({placements})", municipality)),
        reservations=list(
            await RESERVATIONS.where(
                connection,
                f"(municipality = $1 OR placement IN ({placements})) AND expires_on IS NOT NULL",
                municipality,
            )
        ),
    )


async def last_reservations(
    connection: Connection, municipality: str, state: State | None, limit: int
) -> list[Reservation]:
    """The last reservations asked for, the newest first."""
    rows = await RESERVATIONS.where(
        connection,
        "reservation IN (SELECT reservation FROM reservations WHERE municipality = $1 "
        "AND ($2::text IS NULL OR state = $2) ORDER BY requested_at DESC, reservation DESC LIMIT $3)",
        municipality,
        state,
        limit,
    )
    return sorted(rows, key=lambda r: (r.requested_at, r.reservation), reverse=True)


async def _load_placements(connection: Connection, touched: Touched) -> list[Placement]:
    if not touched.participants and not touched.placements:
        return []
    rows = await PLACEMENTS.where(
        connection,
        "participant = ANY($1) OR placement = ANY($2)",
        sorted(touched.participants),
        sorted(touched.placements),
    )
    return list(rows)


async def _load_reservations(connection: Connection, touched: Touched) -> list[Reservation]:
    """Those that are named, those of the people, and those that hold room in the ledgers looked at."""
    found: list[Reservation] = []
    if touched.reservations or touched.participants:
        found += await RESERVATIONS.where(
            connection,
            "reservation = ANY($1) OR (participant = ANY($2) AND state = 'granted')",
            sorted(touched.reservations),
            sorted(touched.participants),
        )
    if touched.since is not None:
        found += await RESERVATIONS.where(
            connection,
            "expires_on IS NOT NULL AND municipality = ANY($1) AND (closed_at IS NULL OR closed_at >= $2)",
            sorted({municipality for municipality, _ in touched.asked}),
            touched.since,
        )
    return found


async def _levels(connection: Connection, asked: set[Day]) -> dict[Day, Tally]:
    """Contracts in force or agreed to start, by municipality and day."""
    if not asked:
        return {}
    municipalities, days = zip(*sorted(asked), strict=True)
    rows = await connection.fetch(
        "SELECT a.municipality, a.day, "
        "coalesce(sum(CASE WHEN s.day <= a.day THEN contracts ELSE starting_contracts END), 0)::bigint "
        "AS contracts, "
        "coalesce(sum(CASE WHEN s.day <= a.day THEN hours ELSE starting_hours END), 0) AS hours "
        "FROM unnest($1::text[], $2::date[]) AS a (municipality, day) "
        "LEFT JOIN stock s USING (municipality) GROUP BY a.municipality, a.day",
        list(municipalities),
        list(days),
    )
    return {(row["municipality"], row["day"]): Tally(row["contracts"], row["hours"]) for row in rows}


async def _save_stock(connection: Connection, changed: Mapping[Day, Change]) -> None:
    """Add to the days; one on which nothing changes any more is no row, so that a rebuild is the same."""
    if not changed:
        return
    days = sorted(changed)
    columns: Sequence[list[Any]] = [
        [municipality for municipality, _ in days],
        [day for _, day in days],
        [changed[day].in_force.contracts for day in days],
        [changed[day].in_force.hours for day in days],
        [changed[day].starting.contracts for day in days],
        [changed[day].starting.hours for day in days],
    ]
    await connection.execute(
        "INSERT INTO stock AS s (municipality, day, contracts, hours, starting_contracts, starting_hours) "
        "SELECT * FROM "
        "unnest($1::text[], $2::date[], $3::bigint[], $4::numeric[], $5::bigint[], $6::numeric[]) "
        "ON CONFLICT (municipality, day) DO UPDATE SET contracts = s.contracts + excluded.contracts, "
        "hours = s.hours + excluded.hours, "
        "starting_contracts = s.starting_contracts + excluded.starting_contracts, "
        "starting_hours = s.starting_hours + excluded.starting_hours",
        *columns,
    )
    await connection.execute(
        "DELETE FROM stock USING unnest($1::text[], $2::date[]) AS t (municipality, day) "
        "WHERE stock.municipality = t.municipality AND stock.day = t.day AND contracts = 0 AND hours = 0 "
        "AND starting_contracts = 0 AND starting_hours = 0",
        *columns[:2],
    )
