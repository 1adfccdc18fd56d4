"""`python -m services.intake`."""

from __future__ import annotations

from services.intake.wiring import build
from shared.web.app import serve

if __name__ == "__main__":
    serve(build)
