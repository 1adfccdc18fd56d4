"""The ledger's database: what a batch touches is read and written set-based."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from services.quota.rules.contracts import Placement
from services.quota.rules.held import Closed, Held
from services.quota.rules.mergers import Merger, family
from services.quota.rules.policies import Tally
from services.quota.rules.reservations import Reservation
from services.quota.rules.stock import Change, Day, Line, Stock
from services.quota.rules.waiting import Wait
from services.quota.touched import Touched
from services.quota.world import (
    BY_MUNICIPALITY,
    BY_PARTICIPANT,
    BY_PLACEMENT,
    BY_WHAT_THEY_HOLD,
    CAPACITIES,
    DOMICILES,
    EARMARKS,
    MERGERS,
    PLACEMENTS,
    POLICIES,
    REPORTS,
    RESERVATIONS,
    SPELLS,
    STATEMENTS,
    TARGETS,
    WAITS,
    Book,
    World,
)
from shared.messaging.rows import Rows
from shared.messaging.service import Connection
from shared.messaging.transaction import Together


async def load(connection: Connection, touched: Touched, serves: frozenset[str] | None) -> World:
    """Read what a batch touches."""
    mergers = await _load_mergers(connection, touched)
    pairs = [(m.predecessor, m.municipality) for m in mergers] + sorted(touched.merging)
    ledgers = family(touched.ledgers, pairs)
    asked = {
        (code, day)
        for code in family({municipality for municipality, _ in touched.asked}, pairs)
        for day in {day for _, day in touched.asked}
    }
    placements = await _load_placements(connection, touched)
    people = touched.participants | {placement.participant for placement in placements}
    contracts = [placement.placement for placement in placements]
    reports = await REPORTS.fetch(connection, "day", {day for _, day in touched.reported})
    return World(
        serves=serves,
        targets=Book(TARGETS, BY_MUNICIPALITY, await TARGETS.fetch(connection, "municipality", ledgers)),
        policies=Book(POLICIES, BY_MUNICIPALITY, await POLICIES.fetch(connection, "municipality", ledgers)),
        mergers=Book(MERGERS, {}, mergers),
        domiciles=Book(DOMICILES, BY_PARTICIPANT, await DOMICILES.fetch(connection, "participant", people)),
        placements=Book(PLACEMENTS, BY_PARTICIPANT, placements),
        statements=Book(STATEMENTS, BY_PLACEMENT, await STATEMENTS.fetch(connection, "placement", contracts)),
        earmarks=Book(EARMARKS, BY_PLACEMENT, await EARMARKS.fetch(connection, "placement", contracts)),
        spells=Book(SPELLS, BY_PARTICIPANT, await SPELLS.fetch(connection, "participant", people)),
        waits=Book(WAITS, BY_PARTICIPANT, await _load_waits(connection, touched, reports, pairs)),
        reservations=Book(
            RESERVATIONS, BY_WHAT_THEY_HOLD, await _load_reservations(connection, touched, asked, contracts)
        ),
        capacities=await CAPACITIES.fetch(connection, "municipality", family(touched.capacities, pairs)),
        reports=reports,
        stock=Stock(await _levels(connection, asked)),
        held=Held(await _held(connection, touched, asked)),
    )


async def save(connection: Together, world: World) -> None:
    """Write what changed."""
    await TARGETS.save(connection, world.targets)
    await POLICIES.save(connection, world.policies)
    await MERGERS.save(connection, world.mergers)
    await DOMICILES.save(connection, world.domiciles)
    await PLACEMENTS.save(connection, world.placements)
    await STATEMENTS.save(connection, world.statements)
    await EARMARKS.save(connection, world.earmarks)
    await SPELLS.save(connection, world.spells)
    await WAITS.save(connection, world.waits)
    await RESERVATIONS.save(connection, world.reservations)
    await CAPACITIES.save(connection, world.capacities)
    await REPORTS.save(connection, world.reports)
    await _save_stock(connection, world.stock.changed)


async def _load_mergers(connection: Connection, touched: Touched) -> Rows[Merger]:
    """All of them, where a municipality is looked at: a country has a few hundred at most."""
    if not (touched.ledgers or touched.asked or touched.merging or touched.capacities):
        return Rows(MERGERS)
    return await MERGERS.all(connection)


async def _load_placements(connection: Connection, touched: Touched) -> list[Placement]:
    """Those of the people named, and of the people whose placements are named.

    Not in one condition: with an OR between them no index is used, and all placements are read.
    """
    found = list(await PLACEMENTS.fetch(connection, "participant", touched.participants))
    others = touched.placements - {placement.placement for placement in found}
    theirs = {other.participant for other in await PLACEMENTS.fetch(connection, "placement", others)}
    return found + list(await PLACEMENTS.fetch(connection, "participant", theirs))


async def _load_waits(
    connection: Connection, touched: Touched, reports: Rows[Any], pairs: Sequence[tuple[str, str]]
) -> list[Wait]:
    """Those of the people named; once a month, for the report, the whole list."""
    found = list(await WAITS.fetch(connection, "participant", touched.waiting))
    due = family({whose for whose, day in touched.reported if (whose, day) not in reports}, pairs)
    if due:
        listed = "participant IN (SELECT participant FROM waits WHERE municipality = ANY($1))"
        found += await WAITS.where(connection, listed, sorted(due))
    return found


async def _load_reservations(
    connection: Connection, touched: Touched, asked: Iterable[Day], contracts: Sequence[str]
) -> list[Reservation]:
    """Those that are named, the people's, what their contracts took; for a tick all that hold room."""
    found: list[Reservation] = []
    if touched.reservations or touched.holders or contracts:
        found += await RESERVATIONS.where(
            connection,
            "reservation = ANY($1) OR (participant = ANY($2) AND state = 'granted') OR placement = ANY($3)",
            sorted(touched.reservations),
            sorted(touched.holders),
            sorted(contracts),
        )
    if touched.ticks:
        found += await RESERVATIONS.where(
            connection,
            _HOLDING,
            sorted({municipality for municipality, _ in asked}),
            touched.since,
        )
    return found


async def _held(connection: Connection, touched: Touched, asked: Iterable[Day]) -> dict[str, Closed]:
    """What is held, and what was closed since; what was used is held no more, its contract counts."""
    found: dict[str, dict[datetime | None, Tally]] = {municipality: {} for municipality, _ in asked}
    if not found:
        return {}
    for row in await connection.fetch(_HELD, sorted(found), touched.since):
        found[row["municipality"]][row["closed_at"]] = Tally(row["contracts"], row["hours"])
    return dict(found)


# What may hold room for what is decided at a moment, or later; found by `reservations_holding`.
_HOLDING: Final = (
    "expires_on IS NOT NULL AND municipality = ANY($1) AND (closed_at IS NULL OR closed_at >= $2)"
)
_HELD: Final = (
    "SELECT municipality, closed_at, count(*) AS contracts, sum(hours) AS hours FROM reservations "
    f"WHERE {_HOLDING} AND state <> 'used' GROUP BY municipality, closed_at"
)


async def _levels(connection: Connection, asked: set[Day]) -> dict[Day, dict[str, Change]]:
    """Contracts in force and agreed to start, by municipality and day, and by fund."""
    found: dict[Day, dict[str, Change]] = {day: {} for day in asked}
    if not asked:
        return found
    municipalities, days = zip(*sorted(asked), strict=True)
    rows = await connection.fetch(
        "SELECT a.municipality, a.day, s.fund, "
        "coalesce(sum(s.contracts) FILTER (WHERE s.day <= a.day), 0)::bigint AS contracts, "
        "coalesce(sum(s.hours) FILTER (WHERE s.day <= a.day), 0) AS hours, "
        "coalesce(sum(s.starting_contracts) FILTER (WHERE s.day > a.day), 0)::bigint AS starting_contracts, "
        "coalesce(sum(s.starting_hours) FILTER (WHERE s.day > a.day), 0) AS starting_hours "
        "FROM unnest($1::text[], $2::date[]) AS a (municipality, day) "
        "JOIN stock s USING (municipality) GROUP BY a.municipality, a.day, s.fund",
        list(municipalities),
        list(days),
    )
    for row in rows:
        found[row["municipality"], row["day"]][row["fund"]] = Change(
            Tally(row["contracts"], row["hours"]), Tally(row["starting_contracts"], row["starting_hours"])
        )
    return found


async def _save_stock(connection: Together, changed: Mapping[Line, Change]) -> None:
    """Add to the days; one on which nothing changes any more is no row, so that a rebuild is the same."""
    if not changed:
        return
    lines = sorted(changed)
    keys: list[list[str] | list[date]] = [
        [municipality for municipality, _, _ in lines],
        [day for _, day, _ in lines],
        [fund for _, _, fund in lines],
    ]
    columns: Sequence[list[Any]] = [
        *keys,
        [changed[line].in_force.contracts for line in lines],
        [changed[line].in_force.hours for line in lines],
        [changed[line].starting.contracts for line in lines],
        [changed[line].starting.hours for line in lines],
    ]
    await connection.execute(
        "INSERT INTO stock AS s "
        "(municipality, day, fund, contracts, hours, starting_contracts, starting_hours) "
        "SELECT * FROM unnest("
        "$1::text[], $2::date[], $3::text[], $4::bigint[], $5::numeric[], $6::bigint[], $7::numeric[]) "
        "ON CONFLICT (municipality, day, fund) DO UPDATE SET contracts = s.contracts + excluded.contracts, "
        "hours = s.hours + excluded.hours, "
        "starting_contracts = s.starting_contracts + excluded.starting_contracts, "
        "starting_hours = s.starting_hours + excluded.starting_hours",
        *columns,
    )
    await connection.execute(
        "DELETE FROM stock USING unnest($1::text[], $2::date[], $3::text[]) AS t (municipality, day, fund) "
        "WHERE stock.municipality = t.municipality AND stock.day = t.day AND stock.fund = t.fund "
        "AND contracts = 0 AND hours = 0 AND starting_contracts = 0 AND starting_hours = 0",
        *keys,
    )
