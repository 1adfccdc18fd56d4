"""Who is calling: a partner by its token, or who may ask the vault."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException

from services.intake.settings import IntakeSettings
from shared.web.tokens import bearer, holder

_VAULT: Final = ""
"""Stands for who holds the vault's token; no partner has an empty name."""


class Callers:
    """The tokens that open this door."""

    def __init__(self, settings: IntakeSettings) -> None:
        self._partners = {name: token.get_secret_value() for name, token in settings.door_tokens.items()}
        self._all = {**self._partners, _VAULT: settings.vault_token.get_secret_value()}

    def partner(self, request: Request) -> str:
        """The partner that calls.

        Raises:
            HTTPException: 401.
        """
        found = holder(bearer(request), self._partners)
        if found is None:
            raise _unknown()
        return found

    def partner_or_reader(self, request: Request) -> str | None:
        """The partner that calls, or None for who holds the vault's token.

        Raises:
            HTTPException: 401.
        """
        found = holder(bearer(request), self._all)
        if found is None:
            raise _unknown()
        return None if found == _VAULT else found


def _unknown() -> HTTPException:
    return HTTPException(401, "A valid bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
