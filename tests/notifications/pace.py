"""How fast messages go out: a backlog, PostgreSQL, a mail server and a vault, each a process of its own.

`python -m tests.notifications.pace --messages 10000` tells messages a second, and the processor time of
each process a message. The mail server is the one of the local stack: it answers when a message is on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from deploy.local import smtp
from deploy.local.ports import free_port
from services.notifications import jobs
from tests.delivery.databases import empty_database
from tests.notifications.servers import Post, Vault, vault_server
from tests.notifications.site import Site, open_site, welcome
from tests.servers import own_folder, postgres_server

_BATCH = 500
_DOUBT = """
    SELECT avg(ms) AS mean, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
    FROM (SELECT extract(epoch FROM ended_at - handed_over_at)::float8 * 1000 AS ms FROM attempts)
"""


def _mail(tell: Connection, folder: str) -> None:
    port = free_port()
    tell.send(port)
    asyncio.run(smtp.serve(Path(folder), "127.0.0.1", port))


def _vault(tell: Connection, people: int) -> None:
    async def serve() -> None:
        vault = Vault()
        for number in range(people):
            vault.know(f"p-{number}")
        async with vault_server(vault) as made:
            tell.send(made.port)
            while True:
                await asyncio.sleep(60)
                vault.asked.clear()

    asyncio.run(serve())


@contextlib.contextmanager
def _process(target: Any, *arguments: Any) -> Iterator[tuple[int, Any]]:
    """A process and the first thing that it tells."""
    here, there = multiprocessing.Pipe()
    made = multiprocessing.get_context("spawn").Process(target=target, args=(there, *arguments), daemon=True)
    made.start()
    try:
        yield made.pid or 0, here.recv()
    finally:
        made.join(0 if target is not _send else 10)
        made.kill()
        made.join()


def processor_s(pid: int) -> float:
    """User and system time of a process, and of those that it waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(each) for each in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def of_postgres(postmaster: int) -> float:
    """The same of the server and all that work for it."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    total = processor_s(postmaster)
    for child in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += processor_s(int(child))
    return total


@contextlib.asynccontextmanager
async def _site(dsn: str, mail_port: int, vault_port: int) -> AsyncIterator[Site]:
    post, vault = Post(), Vault(port=vault_port)
    post.port = mail_port
    async with open_site(dsn, post, vault) as site:
        yield site


def _send(tell: Connection, dsn: str, mail_port: int, vault_port: int, profile: str) -> None:
    """Send all there is, and tell what it took."""

    async def run() -> None:
        async with _site(dsn, mail_port, vault_port) as site:
            before = time.process_time()
            started = time.perf_counter()
            async with site.sending():
                while await jobs.count(site.pool):  # noqa: ASYNC110 - it is another task that counts down
                    await asyncio.sleep(0.05)
                took = time.perf_counter() - started
            used = time.process_time() - before
            tell.send((took, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(asyncio.run, run())
        profiler.dump_stats(profile)
    else:
        uvloop.run(run())


async def _queue(site: Site, people: int) -> None:
    for start in range(0, people, _BATCH):
        some = range(start, min(people, start + _BATCH))
        await site.take(*[welcome(site, f"p-{number}") for number in some])


async def measure(messages: int, profile: str) -> None:
    """One backlog, from the first message to the last."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        # With commits that wait for the disk, unlike the one of the tests.
        server = stack.enter_context(postgres_server(stack.enter_context(own_folder("postgres")))).dsn
        mail_pid, mail_port = stack.enter_context(_process(_mail, folder))
        vault_pid, vault_port = stack.enter_context(_process(_vault, messages))
        async with empty_database(server) as dsn, _site(dsn, mail_port, vault_port) as site:
            postmaster = await _postmaster(site.pool)
            await _queue(site, messages)
            before = [processor_s(mail_pid), processor_s(vault_pid), of_postgres(postmaster)]
            scanned = await _scanned(site.pool)
            with _process(_send, dsn, mail_port, vault_port, profile) as (_, told):
                took, used, memory = told
                after = [processor_s(mail_pid), processor_s(vault_pid), of_postgres(postmaster)]
            rows = await _scanned(site.pool)
            states = await site.pool.fetch("SELECT state, count(*) FROM messages GROUP BY state")
            (doubt,) = await site.pool.fetch(_DOUBT)
        taken = len(list(Path(folder).glob("*.eml")))  # noqa: ASYNC240 - all is over
    tell = sys.stdout.write
    tell(f"{messages} messages in {took:.1f} s: {messages / took:.0f} a second, {memory:.0f} MB\n")
    tell(f"  {[tuple(row) for row in states]}, {taken} taken by the mail server\n")
    tell(f"  in doubt for {doubt['mean']:.1f} ms in the mean, {doubt['p99']:.1f} at the 99th percentile\n")
    spent = [used, *(now - then for now, then in zip(after, before, strict=True))]
    for name, seconds in zip(("notifications", "mail server", "vault", "PostgreSQL"), spent, strict=True):
        tell(f"  {name}: {seconds / messages * 1000:.2f} ms of processor a message\n")
    read = {name: rows[name] - scanned[name] for name in rows if rows[name] != scanned[name]}
    tell(f"  rows read by sequential scans: {read}\n")


async def under_kills(messages: int, every_s: float) -> None:
    """One backlog, while the process that sends it is killed again and again, however far it has come."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        server = stack.enter_context(postgres_server(stack.enter_context(own_folder("postgres")))).dsn
        _, mail_port = stack.enter_context(_process(_mail, folder))
        _, vault_port = stack.enter_context(_process(_vault, messages))
        async with empty_database(server) as dsn, _site(dsn, mail_port, vault_port) as site:
            await _queue(site, messages)
            started, kills = time.perf_counter(), 0
            while await jobs.count(site.pool):
                here, there = multiprocessing.Pipe()
                arguments = (there, dsn, mail_port, vault_port, "")
                sending = multiprocessing.get_context("spawn").Process(target=_send, args=arguments)
                sending.start()
                ended = await asyncio.to_thread(here.poll, every_s)
                sending.kill()
                sending.join()
                kills += not ended
            took = time.perf_counter() - started
            found = await site.pool.fetch("SELECT state, code, count(*) FROM messages GROUP BY state, code")
        ids = [_message_id(path) for path in Path(folder).glob("*.eml")]  # noqa: ASYNC240 - all is over
    sys.stdout.write(
        f"{messages} messages in {took:.1f} s with {kills} kills: {messages / took:.0f} a second\n"
        f"  {[tuple(row) for row in found]}, {len(ids)} taken, {len(ids) - len(set(ids))} twice\n"
    )


def _message_id(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("Message-ID"))


async def _postmaster(pool: asyncpg.Pool[Any]) -> int:
    folder = await pool.fetchval("SHOW data_directory")
    return int((Path(folder) / "postmaster.pid").read_text(encoding="ascii").partition("\n")[0])


async def _scanned(pool: asyncpg.Pool[Any]) -> dict[str, int]:
    await asyncio.sleep(1.2)  # backends tell their figures once a second
    return dict(await pool.fetch("SELECT relname, seq_tup_read FROM pg_stat_user_tables"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--profile", default="", help="where to keep a profile of the process that sends")
    parser.add_argument("--kill-every", type=float, default=0.0, help="seconds after which it is killed")
    asked = parser.parse_args()
    if asked.kill_every:
        asyncio.run(under_kills(asked.messages, asked.kill_every))
    else:
        asyncio.run(measure(asked.messages, asked.profile))
