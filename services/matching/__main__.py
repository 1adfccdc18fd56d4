"""`python -m services.matching`."""

from __future__ import annotations

from services.matching.wiring import build
from shared.web.app import serve

if __name__ == "__main__":
    serve(build)
