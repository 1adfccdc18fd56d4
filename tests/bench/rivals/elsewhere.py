"""Starts the peer with the Python of its own environment, in the place of this process."""

from __future__ import annotations

import os
from pathlib import Path

from tests.bench.peer import PYTHON

if __name__ == "__main__":
    os.execv(PYTHON, [str(PYTHON), str(Path(__file__).with_name("quix.py"))])
