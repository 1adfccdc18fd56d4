"""Brokers that do not reach each other, while everybody else reaches them all.

Each broker's process has a group of its own, and packets of one group to the other's ports are dropped or
turned away by rules in a network namespace that is ours alone: nothing of it outlives the campaign, and
nothing of the machine's own rules is touched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from deploy.local.kafka import KafkaServer
from tests.chaos.ground.disks import OWN_NET

_FIRST_GROUP: Final = 61_000
_TABLE: Final = "inet chaos"


@dataclass(frozen=True, slots=True)
class End:
    """A broker as the rules know it: the group of its process, and where its peers reach it."""

    group: int
    ports: tuple[int, ...]


def bring_up() -> None:
    """Let a network of our own reach itself."""
    if os.environ.get(OWN_NET):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def grouped(server: KafkaServer, folder: Path) -> tuple[KafkaServer, End | None]:
    """The same broker as a process of a group of its own, where brokers can be parted."""
    if not os.environ.get(OWN_NET):
        return server, None
    group = _FIRST_GROUP + server.node
    program = folder.resolve() / f"java-of-{server.node}"
    # A process of another group forgets that it is to end with us, and is told once more.
    program.write_text(
        f'#!/bin/sh\nexec setpriv --regid {group} --keep-groups --pdeathsig KILL {server.java.program} "$@"\n'
    )
    program.chmod(0o755)
    java = replace(server.java, program=program)
    return replace(server, java=java), End(group, (server.port, server.controller_port))


def part(one: End, others: Sequence[End], *, silently: bool) -> None:
    """Let nothing through between one broker and the others, in either direction, until `join`.

    Args:
        silently: what is sent is lost; else it is answered with a reset.
    """
    how = "drop" if silently else "reject with tcp reset"
    groups = ", ".join(str(each.group) for each in others)
    there = ", ".join(str(port) for each in others for port in each.ports)
    here = ", ".join(map(str, one.ports))
    _rules(
        f"add table {_TABLE}\n"
        f"add chain {_TABLE} out {{ type filter hook output priority 0; }}\n"
        f"add rule {_TABLE} out meta skgid {one.group} tcp dport {{ {there} }} {how}\n"
        f"add rule {_TABLE} out meta skgid {{ {groups} }} tcp dport {{ {here} }} {how}\n"
    )


def join() -> None:
    """All brokers reach each other."""
    if os.environ.get(OWN_NET):
        _rules(f"add table {_TABLE}\ndelete table {_TABLE}")


def _rules(said: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=said.encode(), capture_output=True, check=True)
