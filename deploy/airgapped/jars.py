"""`python -m deploy.airgapped.jars FOLDER` copies the broker's jars there, fetching them first if need be."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console

from deploy.local.kafka import ensure_jars
from deploy.local.progress import Steps
from deploy.local.servers import ensure_java
from deploy.local.settings import LocalSettings


def main(folder: Path) -> None:
    """Copy the jars into `folder`."""
    settings = LocalSettings()
    with Steps(Console(stderr=True)) as steps:
        java = ensure_java(settings, steps)
        jars = ensure_jars(settings.home / "kafka" / "lib", java, settings.log("maven"))
    shutil.copytree(jars, folder, ignore=lambda _, names: [name for name in names if name[0] == "."])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
