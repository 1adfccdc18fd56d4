"""`python -m tests.chaos.planted`: a service with a bug in it; CHAOS_SERVICE and CHAOS_PLANT say which."""

from __future__ import annotations

import importlib
import os

from shared.web.app import serve
from tests.chaos.plants import PLANTS

if __name__ == "__main__":
    PLANTS[os.environ["CHAOS_PLANT"]]()
    serve(importlib.import_module(f"services.{os.environ['CHAOS_SERVICE']}.wiring").build)
