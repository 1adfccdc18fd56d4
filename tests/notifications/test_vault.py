"""Asking a real vault over HTTP who a message is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from services.notifications.rules.sending import Failed, Later, Suppressed
from services.notifications.vault import Entry, NoEntry, Question, Vaults
from shared.contracts import FailureCode, SuppressReason
from tests.notifications.servers import TOKEN, Vault, vault_server


@pytest.fixture
async def vaults() -> AsyncIterator[Vaults]:
    made = Vaults(token=SecretStr("wrong"), tokens={"menso": SecretStr(TOKEN)})
    yield made
    await made.close()


async def ask(vaults: Vaults, vault: Vault, *, guide: str = "menso", dataref: str | None = "") -> Any:
    (answer,) = await vaults.look_up([question(vault, guide=guide, dataref=dataref)])
    return answer


def question(
    vault: Vault, person: str = "p-1", *, guide: str = "menso", dataref: str | None = ""
) -> Question:
    where = f"{vault.url}/v1/people/{person}" if dataref == "" else dataref
    return Question(guide=guide, dataref=where, vault=vault.url, purpose="notification:welcome")


async def test_the_vault_says_who_it_is_and_hears_what_for(vault: Vault, vaults: Vaults) -> None:
    vault.know("p-1", birth_date="1990-01-01")
    entry = await ask(vaults, vault)
    assert isinstance(entry, Entry)
    assert (entry.name, entry.email, entry.objection()) == ("Jan de Vries", "p-1@example.org", None)
    ((path, headers),) = vault.asked
    assert path == "/v1/people/p-1"
    assert headers["x-purpose"] == "notification:welcome"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"consent": False}, SuppressReason.NO_CONSENT),
        ({"channel": "letter"}, SuppressReason.NO_CONSENT),
        ({"channel": None}, SuppressReason.NO_CONSENT),
        ({"email": None}, SuppressReason.NO_ADDRESS),
        ({"email": ""}, SuppressReason.NO_ADDRESS),
    ],
)
async def test_who_did_not_ask_for_e_mail_gets_none(
    vault: Vault, vaults: Vaults, entry: dict[str, Any], reason: SuppressReason
) -> None:
    vault.know("p-1", **entry)
    found = await ask(vaults, vault)
    assert found.objection() is reason


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (404, Suppressed(SuppressReason.NO_ADDRESS)),
        (410, Suppressed(SuppressReason.ERASED)),
        (401, Later(FailureCode.VAULT_REFUSED)),
        (403, Later(FailureCode.VAULT_REFUSED)),
        (429, Later(FailureCode.VAULT_UNREACHABLE)),
        (500, Later(FailureCode.VAULT_UNREACHABLE)),
        (503, Later(FailureCode.VAULT_UNREACHABLE)),
    ],
)
async def test_what_a_refusal_of_the_vault_means(
    vault: Vault, vaults: Vaults, status: int, verdict: object
) -> None:
    vault.status = status
    assert await ask(vaults, vault) == NoEntry(verdict, status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"not json", b'{"consent": "yes"}', b'{"x": "' + b"y" * 70_000 + b'"}']
)
async def test_an_answer_that_is_none_is_asked_for_again(vault: Vault, vaults: Vaults, raw: bytes) -> None:
    vault.raw = raw
    assert await ask(vaults, vault) == NoEntry(Later(FailureCode.VAULT_UNREACHABLE), 200)


async def test_a_vault_that_is_away_is_asked_again(vaults: Vaults) -> None:
    async with vault_server() as gone:
        pass
    assert await ask(vaults, gone) == NoEntry(Later(FailureCode.VAULT_UNREACHABLE))


async def test_the_token_does_not_follow_a_redirect(vault: Vault, vaults: Vaults) -> None:
    async with vault_server() as elsewhere:
        vault.status = 302
        vault.headers = f"Location: {elsewhere.url}/v1/people/p-1\r\n"
        assert await ask(vaults, vault) == NoEntry(Later(FailureCode.VAULT_UNREACHABLE), 302)
        assert not elsewhere.asked


async def test_an_address_outside_the_guides_vault_is_not_asked(vault: Vault, vaults: Vaults) -> None:
    async with vault_server() as hostile:
        found = await ask(vaults, vault, dataref=f"{hostile.url}/v1/people/p-1")
        assert found == NoEntry(Failed(FailureCode.VAULT_REFUSED))
        assert not hostile.asked


async def test_each_vault_is_shown_its_own_token(vault: Vault, vaults: Vaults) -> None:
    await ask(vaults, vault, guide="buurtsupport")
    assert vault.asked[0][1]["authorization"] == "Bearer wrong"


async def test_a_person_without_a_vault_has_no_address(vault: Vault, vaults: Vaults) -> None:
    assert await ask(vaults, vault, dataref=None) == NoEntry(Suppressed(SuppressReason.NO_ADDRESS))
