"""What every command shares: where it prints, and how it ends when something stands in the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import typer
from pydantic import ValidationError
from rich.console import Console

from deploy.local.faults import LocalFault
from deploy.partners_file import PartnerFileError
from deploy.provision import ProvisionFault

out = Console()
err = Console(stderr=True)


class CommandFault(Exception):  # noqa: N818  # an answer to the reader, told in one line
    """A command cannot do what was asked; the message is one line with the way out."""


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turn what can be expected to go wrong into one line and exit code 1, never a traceback."""
    try:
        yield
    except (CommandFault, LocalFault, ProvisionFault, PartnerFileError) as fault:
        fail(str(fault))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        fail(f"A setting is wrong: {wrong}")
    except KeyboardInterrupt:
        fail("Interrupted. What was started runs on; `make down` stops it.")


def fail(line: str) -> None:
    """Print one line to standard error and end with exit code 1."""
    err.print(f"[red]✗[/] {' '.join(line.split())}", highlight=False, soft_wrap=True, markup=True)
    raise typer.Exit(1)
