"""The `werkbedrijf` command: what it offers."""

from __future__ import annotations

import logging

import typer

from deploy.cli import dead_letters, emit, provision, rebuild, stack

app = typer.Typer(
    name="werkbedrijf",
    help="The event backbone of a regional werkbedrijf: the local stack, and what an operator does.",
    no_args_is_help=True,
    add_completion=False,
    # A fault of ours shows its trace, without the values in it: those may be a person's.
    pretty_exceptions_show_locals=False,
)
stack.register(app)
provision.register(app)
emit.register(app)
rebuild.register(app)
app.add_typer(dead_letters.app, name="dead-letters")


@app.callback()
def main() -> None:
    """Set what all commands share."""
    # What the Kafka client retries it also logs as an error; the commands say themselves what went wrong.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    app()
