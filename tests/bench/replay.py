"""A rebuild in a process of its own, as an operator runs one.

`STAGE=matching python -m tests.bench.replay`, with the settings of the service.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import resource
import time
from typing import Any, Final

import orjson

from shared.messaging.process import Process
from shared.messaging.rebuild import rebuild

SAYS: Final = "rebuilt: "


async def main(name: str) -> None:
    """Rebuild, and say how many records were read and what it took."""
    process: Process[Any] = importlib.import_module(f"services.{name}.wiring").build()[0]
    settings = process.settings
    started, used = time.perf_counter(), _processor_s()
    events = await rebuild(
        process.service,
        package=f"services.{name}",
        bootstrap=settings.kafka_bootstrap_servers,
        topics=process.topics,
        operator=settings.operator,
        into=settings.database_url.get_secret_value(),
    )
    found = {
        "events": events,
        "seconds": time.perf_counter() - started,
        "processor_s": _processor_s() - used,
        "tables": list(process.service.tables),
    }
    print(SAYS + orjson.dumps(found).decode(), flush=True)  # noqa: T201 - who measures waits for it


def _processor_s() -> float:
    """Seconds of processor used by this process, and by the one that read the log for it and has ended."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + of_children.ru_utime + of_children.ru_stime


if __name__ == "__main__":
    asyncio.run(main(os.environ["STAGE"]))
