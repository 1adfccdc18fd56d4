"""Asking a real vault over HTTP who a message is for."""

from __future__ import annotations

import asyncio
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


async def test_many_are_asked_about_in_one_question_and_each_gets_its_own_answer(
    vault: Vault, vaults: Vaults
) -> None:
    people = [f"p-{number}" for number in range(230)]
    for person in people[:200]:
        vault.know(person, name=f"Jan {person}")
    answers = await vaults.look_up([question(vault, person) for person in people])
    assert [each.name for each in answers if isinstance(each, Entry)] == [f"Jan {p}" for p in people[:200]]
    assert answers[200:] == [NoEntry(Suppressed(SuppressReason.NO_ADDRESS), 404)] * 30
    assert vault.about_many == [100, 100, 30]


async def test_a_vault_that_knows_no_question_about_many_is_asked_about_each(
    vault: Vault, vaults: Vaults
) -> None:
    vault.answers_many = False
    for person in ("p-1", "p-2"):
        vault.know(person)
    for _ in range(2):
        answers = await vaults.look_up([question(vault, person) for person in ("p-1", "p-2", "p-3")])
        assert [isinstance(each, Entry) for each in answers] == [True, True, False]
    # Once it was asked about many, and then no more.
    assert [path.rpartition("/")[2] for path, _ in vault.asked] == ["looks", *["p-1", "p-2", "p-3"] * 2]


async def test_the_answer_about_one_does_not_spoil_those_about_others(vault: Vault, vaults: Vaults) -> None:
    vault.know("p-1", consent="yes")
    vault.know("p-2")
    bad, good = await vaults.look_up([question(vault, person) for person in ("p-1", "p-2")])
    assert bad == NoEntry(Later(FailureCode.VAULT_UNREACHABLE), 200)
    assert isinstance(good, Entry)


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{}",
        b"not json",
        b'{"looks": 1}',
        b'{"looks": [1]}',
        b'{"looks": [{"participant": ["p-1"], "status": 200}]}',
        b'{"looks": [{"participant": "p-1", "status": "x"}]}',
        b'{"looks": [{"participant": "p-9", "status": 200, "entry": {"consent": true}}]}',
        b'{"x": "' + b"y" * 150_000 + b'"}',
    ],
)
async def test_an_answer_about_many_that_is_none_is_asked_for_again(
    vault: Vault, vaults: Vaults, raw: bytes
) -> None:
    vault.raw = raw
    answers = await vaults.look_up([question(vault, person) for person in ("p-1", "p-2")])
    assert answers == [NoEntry(Later(FailureCode.VAULT_UNREACHABLE), 200)] * 2


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (401, Later(FailureCode.VAULT_REFUSED)),
        (403, Later(FailureCode.VAULT_REFUSED)),
        (503, Later(FailureCode.VAULT_UNREACHABLE)),
        (302, Later(FailureCode.VAULT_UNREACHABLE)),
    ],
)
async def test_a_refused_question_about_many_counts_for_each(
    vault: Vault, vaults: Vaults, status: int, verdict: Later
) -> None:
    vault.status = status
    answers = await vaults.look_up([question(vault, person) for person in ("p-1", "p-2")])
    assert answers == [NoEntry(verdict, status)] * 2


@pytest.mark.parametrize("host", ["xn--zzzzzz", "\u2603.example", "[::1", "a..b"])
async def test_an_address_that_is_none_spoils_nobody_elses_answer(
    vault: Vault, vaults: Vaults, host: str
) -> None:
    vault.know("p-1")
    nowhere = f"http://{host}/menso"
    asked = [
        Question("emco", f"{nowhere}/v1/people/p-2", nowhere, "notification:welcome"),
        question(vault, "p-1"),
    ]
    bad, good = await vaults.look_up(asked)
    assert bad == NoEntry(Later(FailureCode.VAULT_UNREACHABLE))
    assert isinstance(good, Entry)


async def test_a_question_about_many_goes_to_each_guides_vault_with_its_token(vault: Vault) -> None:
    vaults = Vaults(token=SecretStr("other"), tokens={"menso": SecretStr(TOKEN)})
    async with vault_server() as second:
        asked = [question(vault, "p-1"), question(second, "p-2", guide="buurtsupport")]
        asked += [question(vault, "p-3"), question(second, "p-4", guide="buurtsupport")]
        # Outside the vault that the registry names: neither alone nor among others.
        asked.append(Question("menso", f"{second.url}/v1/people/p-5", vault.url, "notification:welcome"))
        answers = await vaults.look_up(asked)
        await vaults.close()
        assert {headers["authorization"] for _, headers in vault.asked} == {f"Bearer {TOKEN}"}
        assert {headers["authorization"] for _, headers in second.asked} == {"Bearer other"}
    assert answers[4] == NoEntry(Failed(FailureCode.VAULT_REFUSED))


async def test_a_vault_that_does_not_answer_in_time_is_left_alone_for_a_while(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.vault._TIMEOUT_S", 0.2)
    monkeypatch.setattr("services.notifications.vault._SILENT_S", 0.5)
    vaults = Vaults(token=SecretStr(TOKEN), tokens={})

    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1") as server:
        silent = Vault(port=server.sockets[0].getsockname()[1])
        vault.know("p-1")
        asked = [question(silent, person) for person in ("p-1", "p-2")]
        clock = asyncio.get_running_loop().time
        began = clock()
        assert await vaults.look_up(asked) == [NoEntry(Later(FailureCode.VAULT_UNREACHABLE))] * 2
        assert clock() - began >= 0.2
        began = clock()
        away, there = await vaults.look_up([asked[0], question(vault)])
        assert clock() - began < 0.15
        assert away == NoEntry(Later(FailureCode.VAULT_UNREACHABLE))
        assert isinstance(there, Entry)
        await asyncio.sleep(0.5)
        began = clock()
        await vaults.look_up(asked)
        assert clock() - began >= 0.2
    await vaults.close()
