"""Asks the vault of a person's guide for name and address, at the moment of sending and not before.

What it answers is kept in no table and in no log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from services.notifications.rules.sending import Failed, Later, Suppressed, Verdict, may_be_asked
from shared.contracts import FailureCode, MessageChannel, SuppressReason

_TIMEOUT_S: Final = 5.0
_MAX_BYTES: Final = 64 * 1024
_OK: Final = 200
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
_GONE: Final = 410


class Entry(BaseModel):
    """What the vault says of a person, as far as a message needs it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: str | None = None
    email: str | None = None
    channel: str | None = None
    consent: bool = False

    def objection(self) -> SuppressReason | None:
        """Why this person gets no e-mail: only who asked for it does (Awb art. 2:8)."""
        if self.channel != MessageChannel.EMAIL or not self.consent:
            return SuppressReason.NO_CONSENT
        if not self.email:
            return SuppressReason.NO_ADDRESS
        return None


@dataclass(frozen=True, slots=True)
class NoEntry:
    """The vault gave nothing to write to.

    Attributes:
        reply: HTTP status, where there was an answer.
    """

    verdict: Verdict
    reply: int | None = None


class Vaults:
    """The vaults of all guides.

    Args:
        tokens: bearer token for each partner's vault.
        token: for a partner that is not in `tokens`.
    """

    def __init__(self, *, token: SecretStr, tokens: dict[str, SecretStr]) -> None:
        self._token = token
        self._tokens = tokens
        # No proxies from the environment and no redirects: the token goes to the address that was checked.
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def look_up(
        self, *, guide: str, dataref: str | None, vault: str | None, purpose: str
    ) -> Entry | NoEntry:
        """Ask who is behind `dataref`.

        Args:
            vault: the address of the guide's vault, as the registry has it.
            purpose: what it is asked for; the vault notes it with every look.
        """
        if dataref is None:
            return NoEntry(Suppressed(SuppressReason.NO_ADDRESS))
        if not may_be_asked(dataref, vault):
            return NoEntry(Failed(FailureCode.VAULT_REFUSED))
        token = self._tokens.get(guide, self._token).get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "X-Purpose": purpose}
        try:
            answer = await self._http.get(dataref, headers=headers)
        except httpx.HTTPError:
            return NoEntry(Later(FailureCode.VAULT_UNREACHABLE))
        return _read(answer)


def _read(answer: httpx.Response) -> Entry | NoEntry:
    status = answer.status_code
    if status == _NOT_FOUND:
        return NoEntry(Suppressed(SuppressReason.NO_ADDRESS), status)
    if status == _GONE:
        return NoEntry(Suppressed(SuppressReason.ERASED), status)
    if status in _UNAUTHORISED:
        # A token that was changed on one side only is soon mended; the message need not be lost by it.
        return NoEntry(Later(FailureCode.VAULT_REFUSED), status)
    if status != _OK or len(answer.content) > _MAX_BYTES:
        return NoEntry(Later(FailureCode.VAULT_UNREACHABLE), status)
    try:
        return Entry.model_validate_json(answer.content)
    except ValidationError:
        return NoEntry(Later(FailureCode.VAULT_UNREACHABLE), status)
