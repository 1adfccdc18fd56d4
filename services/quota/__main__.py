"""`python -m services.quota`."""

from __future__ import annotations

from services.quota.wiring import build
from shared.web.app import serve

if __name__ == "__main__":
    serve(build)
