"""Fetching the broker's jars with Maven, which checks their sums."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from deploy.local.faults import LocalFault
from deploy.local.kafka.java import Java

POM = Path(__file__).parent / "pom.xml"
_STAMP = ".pom-sha256"
_USE_YOUR_OWN = "or use a broker of your own: KAFKA_BOOTSTRAP_SERVERS=host:port"


def ensure_jars(folder: Path, java: Java, log: Path, tell: Callable[[str], None] = lambda _: None) -> Path:
    """See that `folder` holds the jars that `pom.xml` names, fetching them if it does not.

    Args:
        folder: Where they belong.
        java: Runs Maven, so that the broker and Maven need only one Java.
        log: Keeps what Maven said.
        tell: Is given a line of progress now and then.

    Returns:
        The folder.

    Raises:
        LocalFault: Maven is missing or could not fetch them.
    """
    if has_jars(folder):
        return folder
    maven = require_maven()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A test run and the stack may want them at the same moment.
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if has_jars(folder):
            return folder
        # Beside its place and moved there when whole: a fetch that was cut off leaves nothing half.
        fresh = folder.with_name(folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        _fetch(maven, fresh, java, log, tell)
        (fresh / _STAMP).write_text(_wanted(), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return folder


def has_jars(folder: Path) -> bool:
    """Whether `folder` holds the jars that `pom.xml` names now."""
    stamp = folder / _STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _wanted()


def require_maven() -> str:
    """Maven's program.

    Raises:
        LocalFault: There is none.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalFault(
            "Maven, which fetches Kafka's jars, is missing",
            f"Install it (Debian: `apt install maven`), {_USE_YOUR_OWN}.",
        )
    return maven


def _wanted() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _fetch(maven: str, folder: Path, java: Java, log: Path, tell: Callable[[str], None]) -> None:
    # -C: a file whose sum is wrong fails the fetch instead of being warned about.
    command = [maven, "-B", "-C", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    environment = {**os.environ, "JAVA_HOME": str(java.home)}
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            [*command, f"-DoutputDirectory={folder}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        ) as run,
    ):
        fetched = 0
        cause = "it said nothing"
        for line in run.stdout or ():
            kept.write(line)
            if one := re.match(r"(?:\[INFO\] )?Downloaded from [^:]+: \S*/([^/ ]+\.jar)", line):
                fetched += 1
                tell(f"{fetched} fetched, {one[1]}")
            elif "[ERROR]" in line and cause == "it said nothing":
                cause = line.replace("[ERROR]", "").strip()[:300]
    if run.returncode:
        raise LocalFault(
            f"Maven could not fetch Kafka's jars: {cause}",
            f"See {log}; check the network or Maven's mirror settings and try again, {_USE_YOUR_OWN}.",
        )
