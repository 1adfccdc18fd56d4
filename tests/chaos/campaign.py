"""One campaign from its first process to its report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from tests.chaos.calm import at_rest
from tests.chaos.checker.checker import Findings, check
from tests.chaos.checker.evidence import Evidence
from tests.chaos.driver.driver import Driver, driving
from tests.chaos.driver.ledger import Ledger
from tests.chaos.ending import ended
from tests.chaos.gauge import gauged
from tests.chaos.ground.ground import Ground, prepared
from tests.chaos.ground.servers import apart
from tests.chaos.nemesis.faults.fault import Field
from tests.chaos.nemesis.nemesis import Nemesis
from tests.chaos.nemesis.strikes import Strikes
from tests.chaos.options import Options
from tests.chaos.progress import Progress
from tests.chaos.report import Report

_LAST_DAYS = (1, 8, 1)
"""Days that pass in peace at the end, so that what was left to a tick is done: the second time long enough
for what nobody answered to expire."""
_REST_S = 420.0
"""A message whose vault or mail server was away is tried again after minutes; see the rules of sending."""


async def run(options: Options, say: Callable[[str], None]) -> Report:
    """Run a campaign; whatever happens, none of its processes is left."""
    began = time.monotonic()
    say(f"seed {options.seed}: the same seed gives the same schedule and the same people")
    async with prepared(options) as ground:
        say(f"ground: {options.brokers} broker(s), PostgreSQL, mail and the services, in {ground.folder}")
        with Ledger(ground.folder / "ledger.jsonl") as ledger:
            strikes = Strikes(ground.folder / "strikes.jsonl")
            async with driving(options, ground, ledger) as driver:
                nemesis = Nemesis(options, Field(ground, driver, strikes))
                await driver.prepare()
                reached = await _strike(options, driver, nemesis, strikes, say)
                await nemesis.rest()
                say(f"{time.monotonic() - began:5.0f} s  all is mended; waiting for rest")
                trouble = [f"the nemesis failed: {each}" for each in nemesis.failed]
                trouble += await _settle(ground, driver, say, options.mail_s)
                trouble += ground.fleet.odd
                if ground.fleet.failure is not None:
                    trouble.append(f"nobody watched over the services: {ground.fleet.failure!r}")
                if driver.failure is not None:
                    trouble.append(f"the driver failed: {driver.failure!r}")
            strikes.close()
        say(f"{time.monotonic() - began:5.0f} s  checking")
        findings = await _checked(ground, trouble, say)
        seconds = time.monotonic() - began
        return _report(options, ground, driver, strikes, findings, trouble, seconds, reached=reached)


async def _strike(
    options: Options, driver: Driver, nemesis: Nemesis, strikes: Strikes, say: Callable[[str], None]
) -> bool:
    """Strike until everything wanted is reached; False when it was closed before."""
    tasks = [asyncio.create_task(work) for work in (driver.arrivals(), driver.calendar.run(), nemesis.run())]
    began = said = time.monotonic()
    reached = False
    try:
        async with gauged(driver.ground) as gauge:
            progress = Progress(options, driver, strikes, gauge)
            while not (reached := progress.reached(time.monotonic() - began)):
                now = time.monotonic()
                if any(task.done() for task in tasks) or driver.failure or driver.ground.fleet.failure:
                    break
                if 0 < options.close_after_s < now - began:
                    break
                if now - said >= progress.every_s:
                    said = now
                    say(progress.line(now - began))
                await asyncio.sleep(0.2)
            say(progress.line(time.monotonic() - began))
    finally:
        came_to = await ended(tasks)
    for each in came_to:
        if isinstance(each, Exception):
            raise each
    return reached


async def _settle(ground: Ground, driver: Driver, say: Callable[[str], None], mail_s: float) -> list[str]:
    """Let everything that was begun end; what does not is trouble."""
    for instance in ground.fleet.instances.values():
        instance.crash_at = ""
    try:
        for node in ground.cluster.nodes:
            process = await apart(node.server.start)
            await apart(lambda node=node, process=process: node.server.wait_ready(process, 120))  # type: ignore[misc]
        await apart(ground.database.come_back)
        await ground.fleet.ready()
        async with asyncio.timeout(_REST_S):
            await driver.idle()
        await at_rest(ground, driver, say, mail_s=mail_s)
        # From here on partners say nothing more: an answer may need a day to take effect.
        driver.calendar.forget()
        driver.reacts = False
        for days in _LAST_DAYS:
            await driver.calendar.pass_(days)
            await at_rest(ground, driver, say, mail_s=mail_s / 8)
    except (AssertionError, TimeoutError) as error:
        say(f"no rest: {error}")
        return [f"no rest: {str(error) or 'what the partners had to say was not taken'}"]
    finally:
        driver.ledger.flush()
    return []


async def _checked(ground: Ground, trouble: list[str], say: Callable[[str], None]) -> Findings:
    try:
        return await check(Evidence.of(ground), say)
    except Exception as error:  # noqa: BLE001 - a report that says so is worth more than none
        trouble.append(f"the checker failed: {type(error).__name__}: {error}")
        return Findings()


def _report(
    options: Options,
    ground: Ground,
    driver: Driver,
    strikes: Strikes,
    findings: Findings,
    trouble: list[str],
    seconds: float,
    *,
    reached: bool,
) -> Report:
    with suppress(AssertionError):
        ground.fleet.look()
    disks = [ground.database.disk, *(node.disk for node in ground.cluster.nodes)]
    left_out = (
        {} if all(disk.real for disk in disks) else {"disk-full": "a file system of its own takes root"}
    )
    if not ground.wall.real:
        left_out["wall-clock-leap"] = "it takes root and libfaketime"
    if len(ground.cluster.nodes) > 1 and any(node.end is None for node in ground.cluster.nodes):
        left_out["broker-parted"] = "it takes root and nft"
    return Report(
        seed=options.seed,
        events=driver.ledger.answered,
        log_events=findings.events,
        records=findings.records,
        people=len(driver.people),
        mails=sum(1 for _ in ground.mails.glob("*.eml")),
        kills=ground.fleet.kills.total(),
        kills_by_service=dict(sorted(ground.fleet.kills.items())),
        faults=dict(sorted(strikes.counted.items())),
        seconds=round(seconds, 1),
        brokers=options.brokers,
        plant=options.plant,
        wanted={"kills": options.kills, "events": options.events, "log_events": options.log_events},
        closed_early=not reached,
        counted=dict(findings.counted),
        left_out=left_out,
        trouble=trouble,
        violations=[f"{v.counts_as}: {v.subject}: {v.what}" for v in findings.violations],
        histories=findings.histories,
    )
