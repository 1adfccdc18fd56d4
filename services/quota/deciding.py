"""What the ledger decides: what it grants, refuses, takes back, tells and reports because of an event."""

from __future__ import annotations

from collections.abc import Sequence

from services.quota.rules import capacity, contracts, mergers, policies, reported, reservations, waiting
from services.quota.world import World
from shared.contracts import (
    ClockTicked,
    PlacementChanged,
    PlacementStarted,
    RefusalCode,
    ReservationRequested,
    WaitingLeft,
)
from shared.contracts.placements import ContractKind
from shared.messaging.event import Event
from shared.messaging.refusal import Refused
from shared.messaging.registry import amsterdam_date
from shared.messaging.service import Draft


def answer(world: World, event: Event, data: ReservationRequested) -> Sequence[Draft]:
    """Grant room or refuse it, once; for a year to come by what counts on its first day."""
    today = amsterdam_date(event.time)
    day = reservations.looked_at(data.year, today)
    whose = mergers.successor(list(world.mergers), data.municipality, day)
    if {whose, data.municipality}.isdisjoint(world.serves or ()) or data.reservation in world.reservations:
        return ()
    adopted = world.adopted(whose, data.year, day)
    held = world.held.at(adopted.codes, event.time)
    days = policies.reservation_days(world.policies.of("municipality", whose), today)
    return [reservations.answer(data, world.room(adopted, day, held), today, days)]


def give_back(world: World, event: Event, data: reservations.Closing) -> Sequence[Draft]:
    """The proposal fell, and its room is free for the next."""
    reason = reservations.why_closed(data)
    if data.reservation is None or reason is None:
        return ()
    known = world.reservations.get(data.reservation)
    return reservations.release(known, reason, amsterdam_date(event.time))


def left_the_list(world: World, event: Event, data: WaitingLeft) -> Sequence[Draft]:
    """Who no longer waits, for another reason than a place, needs no room."""
    reason = reservations.why_left(data.reason)
    if reason is None:
        return ()
    open_ = sorted(world.reservations.of("granted", data.participant), key=lambda r: r.reservation)
    day = amsterdam_date(event.time)
    return [released for known in open_ for released in reservations.release(known, reason, day)]


def use(world: World, event: Event, data: PlacementStarted | PlacementChanged) -> Sequence[Draft]:
    """A contract that begins to count takes the room that was held for it."""
    refuse_contradiction(world, event, data)
    said = world.statements.of("placement", data.placement)
    stands = any(statement.contract is not ContractKind.NONE for statement in said)
    start = (
        contracts.stated(data, 1, event.time)
        if isinstance(data, PlacementStarted)
        else contracts.start_of(said)
    )
    if not contracts.counts(start) or data.contract is ContractKind.NONE or stands:
        return ()
    place = start.place if start and start.place else ""
    since = data.starts_on if isinstance(data, PlacementStarted) else data.changed_on
    open_ = world.reservations.of("granted", data.participant)
    return reservations.use(open_, data.placement, place, since, amsterdam_date(event.time))


def refuse_contradiction(world: World, event: Event, data: contracts.Fact) -> Sequence[Draft]:
    """Nobody states anything of another host's placement, or another person's.

    Raises:
        Refused: it is not theirs.
    """
    known = world.placements.get(data.placement)
    if contracts.contradicts(data, event.partner, known):
        raise Refused(
            RefusalCode.STATE_CONFLICT, "the placement is of another host or person", "data.placement"
        )
    return ()


def on_tick(world: World, event: Event, _data: ClockTicked) -> Sequence[Draft]:
    """Expire what is overdue; say how full the number is where that is news; report a month that is over."""
    today = amsterdam_date(event.time)
    drafts: list[Draft] = []
    for municipality in world.valid(today):
        codes = world.adopted(municipality, today.year, today).codes
        holding = world.holding(codes)
        drafts += reservations.expire(holding, today)
        held = capacity.held_before(holding, event.time, today)
        targets = [t for code in codes for t in world.targets.of("municipality", code)]
        for year, day in capacity.days(targets, today):
            adopted = world.adopted(municipality, year, day)
            said = capacity.capacity(municipality, year, day, world.room(adopted, day, held))
            if world.capacities.get((municipality, year)) != capacity.stated(said):
                drafts.append(said)
    on = reported.month_before(today)
    return drafts + [report for whose in world.valid(on) for report in _report(world, event, whose)]


def _report(world: World, event: Event, municipality: str) -> Sequence[Draft]:
    today = amsterdam_date(event.time)
    on = reported.month_before(today)
    adopted = world.adopted(municipality, on.year, on)
    if not adopted.numbers or (municipality, on) in world.reports:
        return ()
    in_force = {fund: change.in_force for fund, change in world.level(adopted.codes, on).items()}
    # What matching says on this very tick may be known already or not: it counts from the next one on.
    waits = [wait for wait in world.waits if wait.known_at < event.time]
    listed = waiting.listed(waits, adopted.codes, on)
    numbers, counting = adopted.numbers, adopted.counting
    return [reported.report(municipality, on, today, numbers, counting, in_force, listed)]
