"""The command that states events through the door, as a partner's back office would."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from deploy.cli.http import Services, said_by
from deploy.cli.output import CommandFault, err, plainly
from shared.contracts.envelope import BATCH_CONTENT_TYPE

_BATCH = 500
"""Events in one request at most; the door takes 1,000."""
_BYTES = 8 * 1024 * 1024
"""Bytes in one request at most; the door takes 16 MiB."""
_TRIES = 10
_LONGEST_WAIT_S = 30.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(emit)


def emit(
    file: Annotated[
        str, typer.Argument(help="A file with one CloudEvent a line, as JSON; - reads from standard input.")
    ],
    partner: Annotated[str, typer.Option("--as", help="The partner that states them.")],
    door: Annotated[
        str | None, typer.Option(help="Address of the door; by default the local stack's.")
    ] = None,
) -> None:
    """State events through the door and print a receipt a line; exit code 1 if one was refused."""
    with plainly():
        events = _read(file)
        services = Services()
        token = services.tokens.doors.get(partner)
        if token is None:
            raise CommandFault(
                f"There is no partner {partner} here; there are {', '.join(sorted(services.tokens.doors))}."
            )
        refused = 0
        for batch in _batches(events):
            for receipt in _send(door or services.door().url, token, batch):
                # For programs as well as people: a receipt a line, as the door gave it.
                typer.echo(json.dumps(receipt, ensure_ascii=False))
                refused += receipt.get("state") == "refused"
        if refused:
            err.print(f"{refused} of {len(events)} refused.", highlight=False)
            raise typer.Exit(1)


def _read(file: str) -> list[bytes]:
    """Every event of the file; all are read before one is sent, so that a broken line sends nothing."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFault(f"{file} cannot be read: {error}.") from None
    events = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                events.append(json.dumps(json.loads(line)).encode())
            except ValueError as error:
                raise CommandFault(f"{file}, line {number} is not JSON: {error}. Nothing was sent.") from None
    if not events:
        raise CommandFault(f"{file} holds no event.")
    return events


def _batches(events: Sequence[bytes]) -> Iterator[list[bytes]]:
    """As few requests as the door's limits allow."""
    batch: list[bytes] = []
    size = 0
    for event in events:
        if batch and (len(batch) == _BATCH or size + len(event) > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event) + 1
    yield batch


def _send(door: str, token: str, batch: Sequence[bytes]) -> list[dict[str, Any]]:
    """Send one request, again where the door asks to come back, and return its receipts."""
    headers = {"authorization": f"Bearer {token}", "content-type": BATCH_CONTENT_TYPE}
    content = b"[" + b",".join(batch) + b"]"
    for _ in range(_TRIES):
        try:
            answer = httpx.post(f"{door}/v1/events", headers=headers, content=content, timeout=60)
        except httpx.HTTPError as error:
            raise CommandFault(
                f"The door at {door} does not answer: {error!s}. "
                "See `werkbedrijf status`; sending the same file again is harmless."
            ) from None
        if answer.status_code not in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
            break
        time.sleep(min(float(answer.headers.get("retry-after", "1")), _LONGEST_WAIT_S))
    receipts: list[dict[str, Any]] = said_by("The door", answer)["receipts"]
    return receipts
