"""What was found, as tables: one function a table, none where that part was not measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Found = Mapping[str, Any]

_COMPUTED: Final = (
    "Computed: so many times one instance, if each has a processor of its own and so has all that an event "
    "costs in PostgreSQL and Kafka; locks, disk and the one relay a database are not in it."
)
_SPREAD: Final = 1.25
"""The best round over the worst; above it a figure is marked as noisy."""
_NAMES: Final = {
    "ours": "ours",
    "bare": "(a) bare aiokafka and asyncpg loop",
    "newcomer": "(b) newcomer's FastStream handler",
}
_RATES: Final = {
    "intake": "Intake: events a second from its inbox topics to the partners' streams",
    "matching": "Matching: events a second, four statements a person of which one puts them on the list",
    "quota": "Quota: requests that are granted and contracts that use them, a second",
    "notifications": "Notifications: events a second from matching to queued messages",
    "journey": "Journey: decisions a second from the door's topic to two queued messages each",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A table, and what must be said below it."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def tables(found: Found) -> list[Shown]:
    """Every table there is something for."""
    return [table for make in _TABLES for table in make(found)]


def _rates(found: Found) -> Iterator[Shown]:
    headings = (
        "",
        "median /s",
        "rounds /s",
        "processor µs an event",
        "PostgreSQL's",
        "Kafka's",
        "ours is",
    )
    for name, title in _RATES.items():
        if "ours" in found.get(name, {}):
            yield Shown(title, headings, [_contender(found[name], each) for each in _NAMES])


def _contender(row: Found, name: str) -> Sequence[str]:
    rounds = row["rounds"][name]
    noisy = " (noisy)" if max(rounds) > _SPREAD * min(rounds) else ""
    ratio = {
        "ours": "",
        "bare": f"{row['ratio_bare']:.0%} of it",
        "newcomer": f"{row['ratio_newcomer']:.1f} times it",
    }
    servers = row["servers_us_per_event"][name]
    return (
        _NAMES[name],
        f"{row[name]:,.0f}{noisy}",
        ", ".join(f"{rate:,.0f}" for rate in rounds),
        f"{row['processor_us_per_event'][name]:,.0f}",
        f"{servers['postgresql']:,.0f}",
        f"{servers['kafka']:,.0f}",
        ratio[name],
    )


def _catching_up(found: Found) -> Iterator[Shown]:
    if "catching_up" in found:
        row = found["catching_up"]
        yield Shown(
            "Matching, all at once from empty: facts come before what they build on",
            ("events /s", "parked meanwhile"),
            [(f"{row['rate']:,.0f}", f"{row['parked']:,}")],
        )


def _peer(found: Found) -> Iterator[Shown]:
    peer = found.get("peer", {})
    if "absent" in peer:
        yield Shown("(c) A peer framework", ("left out",), [(peer["absent"],)])
    elif peer:
        notes = [f"{peer['name']} does not:\n\n" + "\n".join(f"- {each}" for each in peer["does_not"])]
        rates = ", ".join(f"{rate:,.0f}" for rate in peer["rounds"])
        yield Shown(
            f"(c) {peer['name']} at matching's work, all at once from empty",
            ("median /s", "rounds /s", "processor µs an event"),
            [(f"{peer['matching']:,.0f}", rates, f"{peer['processor_us_per_event']:,.0f}")],
            notes,
        )


def _steps(found: Found) -> Iterator[Shown]:
    if "stages_us" in found:
        by_kind = found["stages_us"]
        yield Shown(
            "Processor of matching by step, in memory without servers, µs an event",
            ("", *by_kind),
            [
                (step, *[f"{steps[step]:.1f}" for steps in by_kind.values()])
                for step in next(iter(by_kind.values()))
            ],
        )


def _walls(found: Found) -> Iterator[Shown]:
    walls = found.get("walls_ms")
    if not walls:
        return
    every = list(walls.values())
    rows = [_line("events in a batch", [each["events_a_batch"] for each in every])]
    rows.append(_line("**a batch, in all**", [each["batch_ms"] for each in every]))
    rows += [_line(stage, [each["batch"][stage] for each in every]) for stage in every[0]["batch"]]
    rows += [
        _line(f"consumer: {stage}", [each["beside"][stage] for each in every]) for stage in every[0]["beside"]
    ]
    rows.append(_line("**the relay meanwhile, in all**", [each["relay_ms"] for each in every]))
    rows += [
        _line(f"relay: {stage}", [each["relay"][stage] for each in every]) for stage in every[0]["relay"]
    ]
    yield Shown("Where the wall time of a batch goes, on the real servers, ms a batch", ("", *walls), rows)


def _line(name: str, values: Sequence[float]) -> Sequence[str]:
    return (name, *[f"{value:,.2f}" for value in values])


def _latencies(found: Found) -> Iterator[Shown]:
    rows = [
        _latency(title, found[name])
        for name, title in (("journey", "sending apart"), ("sending", "sending at work as well"))
        if "p50_ms" in found.get(name, {})
    ]
    if rows:
        headings = ("", "decisions /s", "p50", "p90", "p99", "longest", "202 at p50", "202 at p99", "missing")
        yield Shown("Door to queued message, ms", headings, rows)


def _latency(title: str, row: Found) -> Sequence[str]:
    names = ("p50_ms", "p90_ms", "p99_ms", "max_ms", "door_p50_ms", "door_p99_ms")
    return (title, f"{row['rate_per_s']:.0f}", *[f"{row[name]:,.0f}" for name in names], str(row["missing"]))


def _way(found: Found) -> Iterator[Shown]:
    if found.get("way"):
        rows = [
            (row["where"], row["hop"], f"{row['p50_ms']:,.1f}", f"{row['p99_ms']:,.1f}")
            for row in found["way"]
        ]
        yield Shown(
            "Where the time goes from the door to the queued message, ms", ("", "", "p50", "p99"), rows
        )


def _stack(found: Found) -> Iterator[Shown]:
    if "stack" in found:
        stack = found["stack"]
        yield Shown(
            "`werkbedrijf up`, seconds until all is ready",
            ("from empty folders", "with data", "down"),
            [tuple(f"{stack[name]:.1f}" for name in ("cold_s", "warm_s", "down_s"))],
        )
    if "rss_mb" in found:
        yield Shown(
            "Each service",
            ("", "ready after s", "idle MiB", "after the load MiB"),
            [
                (name, f"{found['ready_s'][name]:.2f}", str(found["rss_idle_mb"][name]), str(after))
                for name, after in found["rss_mb"].items()
            ],
        )


def _growth(found: Found) -> Iterator[Shown]:
    growing = found.get("growing")
    if growing:
        title = "What an event costs among so many people, over what it costs among 1,000"
        headings = (
            "",
            "people",
            "rows there",
            "processor µs before",
            "after",
            "times",
            "service's alone",
            "wall µs before",
            "after",
            "times",
        )
        yield Shown(title, headings, [_grown(name, each) for name, each in growing.items()])


def _grown(name: str, row: Found) -> Sequence[str]:
    few, many = row["few"], row["many"]
    return (
        name,
        f"{row['people']:,}",
        f"{many['rows']:,}",
        f"{few['processor_us']:,.0f}",
        f"{many['processor_us']:,.0f}",
        f"{row['processor']:.2f}",
        f"{row['service']:.2f}",
        f"{few['wall_us']:,.0f}",
        f"{many['wall_us']:,.0f}",
        f"{row['wall']:.2f}",
    )


def _rebuild(found: Found) -> Iterator[Shown]:
    if "rebuild" in found:
        yield Shown(
            "Rebuild from offset 0",
            ("", "events", "seconds", "events /s", "processor s", "PostgreSQL's s"),
            [
                (
                    name,
                    f"{row['events']:,}",
                    f"{row['seconds']:.1f}",
                    f"{row['rate']:,.0f}",
                    f"{row['processor_s']:.1f}",
                    f"{row['postgresql_s']:.1f}",
                )
                for name, row in found["rebuild"].items()
            ],
        )


def _scale(found: Found) -> Iterator[Shown]:
    if "scale" in found:
        yield Shown(
            "Instances of matching on twelve partitions",
            (
                "",
                "measured /s",
                "processor µs: instances",
                "PostgreSQL",
                "Kafka",
                "computed /s",
                "on processors",
            ),
            [_instances(count, row) for count, row in found["scale"].items()],
            [_COMPUTED],
        )


def _instances(count: str, row: Found) -> Sequence[str]:
    used = row["processor_us"]
    computed = "as measured" if count == "1" else f"{row['computed']:,.0f} (computed)"
    return (
        count,
        f"{row['measured']:,.0f}",
        *[f"{used[name]:,.0f}" for name in ("instances", "postgresql", "kafka")],
        computed,
        f"{row['computed_processors']:.1f}",
    )


_TABLES: Final[Sequence[Callable[[Found], Iterator[Shown]]]] = (
    _rates,
    _catching_up,
    _peer,
    _walls,
    _steps,
    _latencies,
    _way,
    _stack,
    _growth,
    _rebuild,
    _scale,
)
