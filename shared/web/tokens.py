"""Bearer tokens, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from fastapi import Request
from starlette.exceptions import HTTPException


def bearer(request: Request) -> str:
    """The token of a request; '' when it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def holder(token: str, tokens: Mapping[str, str]) -> str | None:
    """Whose token it is, or None."""
    found = None
    for name, known in tokens.items():
        if known and hmac.compare_digest(token.encode(), known.encode()):
            found = name
    return found


def require(request: Request, token: str) -> None:
    """Answer 401 unless the request carries this token; an empty token closes the door.

    Raises:
        HTTPException: 401.
    """
    if not token or not hmac.compare_digest(bearer(request).encode(), token.encode()):
        raise HTTPException(401, "A valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
