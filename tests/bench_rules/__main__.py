"""Measure the rules and write the figures to var/bench/rules.json: `python -m tests.bench_rules`.

Every module of this folder that has `measure() -> dict` adds its figures, in a process of its own, so that
what one leaves in memory does not slow down the next.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

import tests.bench_rules

WHERE: Final = Path("var/bench/rules.json")


def main(asked: list[str]) -> int:
    """All modules, or the one that is asked for, whose figures are then only printed."""
    if asked:
        measure = getattr(import_module(f"tests.bench_rules.{asked[0]}"), "measure", None)
        print(json.dumps({} if measure is None else measure()))  # noqa: T201 - this is a command
        return 0
    names = sorted(m.name for m in iter_modules(tests.bench_rules.__path__) if not m.name.startswith("_"))
    found: dict[str, float] = {}
    for name in names:
        command = [sys.executable, "-m", "tests.bench_rules", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        found |= figures
        for key, figure in figures.items():
            print(f"{name:10} {key:24} {figure:10.4f}", flush=True)  # noqa: T201 - this is a command
    WHERE.parent.mkdir(parents=True, exist_ok=True)
    WHERE.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"written to {WHERE}")  # noqa: T201 - this is a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
