"""Names and addresses: who may fill, see and empty an entry, and that every look is written down."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from services.intake.rules.guidance import Guidance
from services.intake.vault import may_keep
from shared.contracts import LeaveReason, ParticipantErased, ParticipantLeft
from tests.intake.site import VAULT_TOKEN, Site, as_, site, wire
from tests.intake.support import registered
from tests.intake.test_people import offered, taken

ENTRY = {
    "name": "Robin de Vries",
    "channel": "email",
    "consent": True,
    "language": "nl",
    "email": "robin@voorbeeld.example",
    "address": {"street": "Hoofdstraat", "number": "1 a", "postcode": "7811 AB", "city": "Emmen"},
}


@pytest.fixture
async def door(database: str) -> AsyncIterator[Site]:
    async with site(database) as made:
        yield made


async def put(door: Site, partner: str = "menso", participant: str = "p-1", **changed: Any) -> httpx.Response:
    return await door.http.put(f"/v1/people/{participant}", json=ENTRY | changed, headers=as_(partner))


async def look(door: Site, caller: str, participant: str = "p-1", **headers: str) -> httpx.Response:
    return await door.http.get(f"/v1/people/{participant}", headers=as_(caller) | headers)


async def look_at(door: Site, caller: str, *looks: dict[str, str]) -> httpx.Response:
    return await door.http.post("/v1/people/looks", json={"looks": looks}, headers=as_(caller))


@pytest.mark.parametrize(
    ("guide", "last", "owner", "may"),
    [
        ("menso", "menso", None, True),
        ("menso", "menso", "buurtsupport", True),
        ("buurtsupport", "buurtsupport", "menso", False),
        (None, None, None, True),
        (None, None, "menso", True),
        (None, None, "buurtsupport", False),
        (None, "menso", "menso", True),
        (None, "buurtsupport", None, False),
    ],
)
def test_the_guide_keeps_an_entry_and_while_there_is_none_who_filled_it(guide, last, owner, may):
    assert may_keep(Guidance(guide=guide, last=last), owner, "menso") is may


async def test_the_guide_fills_and_sees_an_entry_and_notifications_sees_it_with_its_own_token(door):
    assert (await put(door)).status_code == 204
    await door.receipts("menso", wire("menso", registered()))
    own, reader = await look(door, "menso"), await look(door, VAULT_TOKEN)
    assert own.json() == reader.json() == ENTRY
    assert own.headers["cache-control"] == "no-store"


async def test_another_partner_neither_fills_nor_sees_nor_empties_it(door):
    await door.receipts("menso", wire("menso", registered()))
    await put(door)
    for answer in (
        await put(door, "buurtsupport"),
        await look(door, "emco"),
        await door.http.delete("/v1/people/p-1", headers=as_("buurtsupport")),
    ):
        assert answer.status_code == 403
        assert "Robin" not in answer.text
    assert (await look(door, "nobody")).status_code == 401
    assert (await door.http.put("/v1/people/p-1", json=ENTRY, headers=as_(VAULT_TOKEN))).status_code == 401


async def test_every_look_is_written_down_with_who_and_what_for(door):
    await put(door)
    await look(door, VAULT_TOKEN, **{"x-purpose": "nl.werkbedrijf.proposals.made.v1"})
    await look(door, "menso")
    await look(door, "buurtsupport")
    looks = await door.pool.fetch("SELECT who, action, purpose FROM vault_looks ORDER BY id")
    assert [tuple(each) for each in looks] == [
        ("menso", "put", "not stated"),
        ("vault-token", "look", "nl.werkbedrijf.proposals.made.v1"),
        ("menso", "look", "not stated"),
    ]


async def test_after_a_hand_over_the_new_guide_sees_the_entry_and_the_old_one_does_not(door):
    await put(door)
    await door.receipts("menso", wire("menso", registered()), wire("menso", offered(), 1))
    await door.receipts("buurtsupport", wire("buurtsupport", taken(), 2))
    assert (await look(door, "menso")).status_code == 403
    assert (await look(door, "buurtsupport")).json() == ENTRY


async def test_emptying_leaves_nothing_and_erasing_closes_the_entry_for_good(door):
    await put(door)
    assert (await door.http.delete("/v1/people/p-1", headers=as_("menso"))).status_code == 204
    assert (await look(door, VAULT_TOKEN)).status_code == 404
    assert (await door.http.delete("/v1/people/p-1", headers=as_("menso"))).status_code == 404
    await put(door)
    left = ParticipantLeft(participant="p-1", left_on=date(2020, 6, 1), reason=LeaveReason.OTHER)
    erased = ParticipantErased(participant="p-1", erased_on=date(2020, 6, 2))
    await door.receipts(
        "menso", wire("menso", registered()), wire("menso", left, 1), wire("menso", erased, 2)
    )
    assert await door.pool.fetchval("SELECT count(*) FROM vault") == 0
    assert (await look(door, VAULT_TOKEN)).status_code == 410
    assert (await put(door)).status_code == 410


WRONG: list[dict[str, Any]] = [
    {"name": ""},
    {"channel": "pigeon"},
    {"channel": "sms"},
    {"email": None},
    {"email": "robin"},
    {"consent": "ja"},
    {"address": {"street": "x"}},
    {"bsn": "123456789"},
    {"hobby": "chess"},
]


async def test_an_entry_that_is_not_valid_names_its_faults_and_not_its_values(door):
    for wrong in WRONG:
        answer = await put(door, **wrong)
        assert (answer.status_code, wrong) == (400, wrong)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]
        assert "123456789" not in answer.text


async def test_a_citizen_service_number_is_for_government_and_never_for_notifications(door):
    assert (await put(door, bsn="123456782")).status_code == 403
    urn = "urn:nld:oin:00000099000000114000"
    await door.pool.execute(
        "UPDATE partners SET data = jsonb_set(data, '{urn}', $1) WHERE partner = 'menso'", urn
    )
    assert (await put(door, bsn="123456782")).status_code == 204
    assert (await look(door, "menso")).json()["bsn"] == "123456782"
    assert "bsn" not in (await look(door, VAULT_TOKEN)).json()


async def test_an_id_that_no_event_can_have_has_no_entry(door):
    for participant in ("p 1", "-", "jan@menso.nl", "x" * 101):
        assert (await put(door, participant=participant)).status_code == 400


async def test_who_asks_about_many_gets_of_each_what_a_question_alone_would_get(door):
    await door.receipts("menso", wire("menso", registered()))
    await door.receipts("menso", wire("menso", registered("p-2")))
    await put(door)
    await put(door, participant="p-2")
    await door.receipts(
        "menso", wire("menso", ParticipantErased(participant="p-2", erased_on=date(2021, 1, 1)))
    )
    people = ["p-2", "p-1", "p-3"]
    asked = [{"participant": person, "purpose": f"for {person}"} for person in people]
    for caller, statuses in (
        (VAULT_TOKEN, [410, 200, 404]),
        ("menso", [410, 200, 404]),
        ("emco", [410, 403, 404]),
    ):
        answer = await look_at(door, caller, *asked)
        alone = [await look(door, caller, person) for person in people]
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        looks = answer.json()["looks"]
        assert [each["participant"] for each in looks] == people
        assert [each["status"] for each in looks] == statuses == [each.status_code for each in alone]
        for each, one in zip(looks, alone, strict=True):
            assert each.get("entry") == (one.json() if one.status_code == 200 else None)


async def test_of_many_looks_at_once_each_that_was_shown_is_written_down(door):
    await door.receipts("menso", wire("menso", registered()))
    await put(door)
    await look_at(
        door,
        VAULT_TOKEN,
        {"participant": "p-1", "purpose": "welcome"},
        {"participant": "p-9", "purpose": "welcome"},
        {"participant": "p-1"},
    )
    looks = await door.pool.fetch(
        "SELECT participant, who, action, purpose FROM vault_looks ORDER BY id OFFSET 1"
    )
    assert [tuple(each) for each in looks] == [
        ("p-1", "vault-token", "look", "welcome"),
        ("p-1", "vault-token", "look", "not stated"),
    ]


@pytest.mark.parametrize(
    "looks",
    [
        {},
        {"looks": []},
        {"looks": [{"participant": "p-1"}] * 101},
        {"looks": [{"participant": "../x"}]},
        {"looks": [{"participant": "p-1", "purpose": "x" * 201}]},
        {"looks": [{"participant": "p-1", "more": 1}]},
    ],
)
async def test_a_question_about_many_that_is_none_is_refused(door, looks):
    answer = await door.http.post("/v1/people/looks", json=looks, headers=as_(VAULT_TOKEN))
    assert answer.status_code == 400
    assert await door.pool.fetchval("SELECT count(*) FROM vault_looks") == 0


async def test_who_has_no_token_may_ask_about_nobody(door):
    assert (await look_at(door, "nobody", {"participant": "p-1"})).status_code == 401
