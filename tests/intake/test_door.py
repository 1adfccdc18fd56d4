"""The door over HTTP and over the inbox topic, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
import pytest

from shared.contracts import ParticipantStepped, Rung
from shared.messaging.service import Status
from tests.intake.site import BATCH, SINGLE, Site, as_, site, wire
from tests.intake.support import REGION, advised, at, registered
from tests.intake.test_people import offered, taken


@pytest.fixture
async def door(database: str) -> AsyncIterator[Site]:
    async with site(database) as made:
        yield made


def stepped(participant: str = "p-1") -> ParticipantStepped:
    return ParticipantStepped(participant=participant, rung=Rung.LEARN_WORK, stepped_on=date(2020, 3, 1))


def states(receipts: list[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in receipts]


async def test_a_batch_gets_a_receipt_each_in_order_and_what_is_accepted_waits_in_the_outbox(door):
    receipts = await door.receipts(
        "menso",
        wire("menso", registered()),
        wire("menso", registered("p-2"), 1),
        wire("menso", registered(), 2),
    )
    assert states(receipts) == ["accepted", "accepted", "refused"]
    assert (receipts[2]["code"], receipts[2]["field"]) == ("state.conflict", "data.participant")
    published = await door.outbox()
    assert [each["topic"] for each in published] == ["werkbedrijf.menso.intake"] * 2
    assert published[0]["dataref"] == "http://door.example/v1/people/p-1"
    assert published[0]["id"] == wire("menso", registered())["id"]


async def test_one_event_is_taken_in_structured_and_in_binary_mode(door):
    event = wire("menso", registered())
    structured = await door.http.post(
        "/v1/events",
        content=orjson.dumps(event),
        headers=as_("menso") | {"content-type": f"{SINGLE}; charset=utf-8"},
    )
    assert states(structured.json()["receipts"]) == ["accepted"]
    attributes = {
        f"ce-{name}": str(value) for name, value in event.items() if name not in {"data", "datacontenttype"}
    }
    binary = await door.http.post("/v1/events", json=event["data"], headers=as_("menso") | attributes)
    assert states(binary.json()["receipts"]) == ["duplicate"]
    assert binary.json()["receipts"][0]["id"] == structured.json()["receipts"][0]["id"]


async def test_a_repeat_is_a_duplicate_and_the_same_id_for_something_else_is_refused(door):
    first = await door.receipts("menso", wire("menso", registered()))
    again = await door.receipts("menso", wire("menso", registered()))
    assert states(again) == ["duplicate"]
    assert again[0]["id"] == first[0]["id"]
    other = wire("menso", registered("p-2"), id=wire("menso", registered())["id"])
    (reused,) = await door.receipts("menso", other)
    assert (reused["state"], reused["code"]) == ("refused", "id.reused")
    shown = await door.http.get(f"/v1/receipts/{first[0]['id']}", headers=as_("menso"))
    assert shown.json()["state"] == "accepted"


async def test_a_parked_event_says_what_it_waits_for_and_its_receipt_follows_it(door):
    (parked,) = await door.receipts("uwv", wire("uwv", advised()))
    assert (parked["state"], parked["waits_for"]) == ("parked", ["participant:p-1"])
    await door.receipts("menso", wire("menso", registered()))
    shown = (await door.http.get(f"/v1/receipts/{parked['id']}", headers=as_("uwv"))).json()
    assert (shown["state"], shown["waits_for"]) == ("accepted", [])
    assert [each["topic"] for each in await door.outbox()] == [
        "werkbedrijf.menso.intake",
        "werkbedrijf.uwv.intake",
    ]


async def test_a_parked_event_that_is_refused_at_last_says_so_in_its_receipt(door):
    (parked,) = await door.receipts("buurtsupport", wire("buurtsupport", stepped(), 5))
    await door.receipts("menso", wire("menso", registered()))
    shown = (await door.http.get(f"/v1/receipts/{parked['id']}", headers=as_("buurtsupport"))).json()
    assert (shown["state"], shown["code"]) == ("refused", "person.not-yours")


async def test_what_follows_a_parked_acceptance_waits_behind_it_over_batches(door):
    await door.receipts("menso", wire("menso", registered()))
    await door.receipts("buurtsupport", wire("buurtsupport", taken(), 2))
    (behind,) = await door.receipts("buurtsupport", wire("buurtsupport", stepped(), 3))
    assert behind["waits_for"] == ["transfer:t-1"]
    await door.receipts("menso", wire("menso", offered(), 1))
    shown = (await door.http.get(f"/v1/receipts/{behind['id']}", headers=as_("buurtsupport"))).json()
    assert shown["state"] == "accepted"


async def test_a_receipt_is_shown_to_its_own_partner_only(door):
    (receipt,) = await door.receipts("menso", wire("menso", registered()))
    for caller, status in (("menso", 200), ("emco", 404)):
        answer = await door.http.get(f"/v1/receipts/{receipt['id']}", headers=as_(caller))
        assert answer.status_code == status


async def test_what_is_no_receipts_id_is_the_callers_fault_and_not_the_doors(door):
    for number in ("%00", "x" * 5000, "81f037ac4f46d18ed94415ff0e583d9"):
        answer = await door.http.get(f"/v1/receipts/{number}", headers=as_("menso"))
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


async def test_who_is_not_known_gets_401(door):
    for caller in ("", "nobody", "token-of-notifications"):
        answer = await door.send(caller, wire("menso", registered()))
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_speaking_for_another_partner_is_403_and_nothing_of_the_request_is_taken(door):
    mine, theirs = wire("emco", registered()), wire("menso", registered("p-2"))
    answer = await door.send("menso", theirs, mine)
    assert answer.status_code == 403
    assert answer.json()["errors"] == [
        {"field": "[1].source", "detail": f"must be {REGION.partners['menso'].urn}:systeem:<name>"}
    ]
    assert await door.outbox() == []


async def test_what_is_not_the_callers_role_or_lies_ahead_or_looks_personal_is_refused_with_its_code(door):
    ahead = wire("menso", registered("p-2"), time="2199-01-01T00:00:00Z")
    personal = wire("menso", registered("p-3"))
    personal["data"]["remark"] = "bel 0612345678"
    unknown = wire("menso", registered("p-4"), type="nl.werkbedrijf.participants.vanished.v1")
    broken = wire("menso", registered("p-5"))
    broken["data"] |= {"rung": "top", "registered_on": "gisteren"}
    early = wire("menso", registered("p-6"), time="2016-12-31T12:00:00Z")
    large = wire("menso", registered("p-7"))
    large["data"]["remark"] = "x" * 70_000
    receipts = await door.receipts(
        "menso", wire("menso", advised()), ahead, personal, unknown, broken, early, large
    )
    assert [each["code"] for each in receipts] == [
        "role.not-allowed",
        "time.in-future",
        "personal-data.suspected",
        "type.unknown",
        "schema.invalid",
        "partner.not-active",
        "size.too-large",
    ]
    assert receipts[2]["field"] == "data.remark"
    assert "data.rung" in receipts[4]["detail"]
    assert "data.registered_on" in receipts[4]["detail"]
    assert await door.outbox() == []


async def test_no_receipt_of_personal_data_keeps_it(door):
    personal = wire("menso", registered("p-123456782"), id="bel-0612345678")
    (receipt,) = await door.receipts("menso", personal)
    assert receipt["code"] == "personal-data.suspected"
    kept = await door.pool.fetchval("SELECT string_agg(r::text, ' ') FROM receipts r")
    for secret in ("123456782", "0612345678"):
        assert secret not in kept
        assert secret not in orjson.dumps(receipt).decode()


WRONG = [
    ("text/plain", b"{}", 415),
    ("application/json", b"{}", 415),
    ("", b"{}", 415),
    (f"{SINGLE}; charset=latin-1", b"{}", 415),
    (SINGLE, b"{", 400),
    (SINGLE, b"[]", 400),
    (SINGLE, b"", 400),
    (SINGLE, b"{" * 20_000, 400),
    (SINGLE, b'{"x":"' + b"x" * 70_000 + b'"}', 413),
    (BATCH, b"{}", 400),
    (BATCH, b"[1, {}, null]", 400),
    (BATCH, b"[" + b",".join([b"{}"] * 1001) + b"]", 413),
    (BATCH, b"[" + b" " * 200_000 + b"]", 413),
    (BATCH, b"\xff\xfe[]", 400),
    (BATCH, b"[NaN]", 400),
]


async def test_what_is_wrong_with_a_request_as_a_whole_is_a_problem(database):
    async with site(database, door_max_batch_bytes=100_000) as door:
        for content_type, body, status in WRONG:
            headers = as_("menso") | ({"content-type": content_type} if content_type else {})
            answer = await door.http.post("/v1/events", content=body, headers=headers)
            assert (answer.status_code, content_type, body[:20]) == (status, content_type, body[:20])
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status


async def test_a_compressed_request_is_not_unpacked(door):
    answer = await door.send("menso", **{"content-encoding": "gzip"})
    assert answer.status_code == 415


async def test_an_empty_batch_has_no_receipts(door):
    assert await door.receipts("menso") == []


async def test_too_much_is_turned_away_with_the_time_to_come_back(database):
    async with site(database, door_events_per_second=1, door_burst=1000) as door:
        events = [wire("menso", registered(f"p-{n}")) for n in range(600)]
        assert (await door.send("menso", *events)).status_code == 202
        turned = await door.send("menso", *events)
        assert turned.status_code == 429
        assert 190 <= int(turned.headers["retry-after"]) <= 200
        assert (await door.send("emco")).status_code == 202


async def test_what_many_callers_hand_in_at_once_is_taken_once(door):
    event = wire("menso", registered())
    answers = await asyncio.gather(*[door.receipts("menso", event) for _ in range(20)])
    assert sorted(states([answer[0] for answer in answers])) == ["accepted", *["duplicate"] * 19]
    assert len(await door.outbox()) == 1


async def test_over_kafka_a_refusal_comes_back_as_an_event_without_the_data(door):
    personal = wire("menso", registered("p-1"))
    personal["data"]["remark"] = "jan@menso.nl"
    assert (await door.over_kafka("menso", orjson.dumps(personal))).status is Status.REFUSED
    assert (await door.over_kafka("menso", b"{nonsense", 1)).status is Status.REFUSED
    assert (
        await door.over_kafka("menso", orjson.dumps(wire("emco", registered())), 2)
    ).status is Status.REFUSED
    assert (
        await door.over_kafka("menso", orjson.dumps(wire("menso", registered())), 3)
    ).status is Status.ACCEPTED
    first, second, third, taken = await door.outbox()
    assert taken["type"] == "nl.werkbedrijf.participants.registered.v1"
    for refused in (first, second, third):
        assert refused["topic"] == "werkbedrijf.menso.intake"
        assert refused["type"] == "nl.werkbedrijf.events.refused.v1"
        assert refused["data"]["received_from"] == "inbox"
        assert b"jan@" not in orjson.dumps(refused)
    assert [each["data"]["code"] for each in (first, second, third)] == [
        "personal-data.suspected",
        "schema.invalid",
        "source.not-yours",
    ]
    assert first["data"]["field"] == "data.remark"
    assert await door.pool.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_the_inbox_topic_and_http_are_one_door(door):
    event = orjson.dumps(wire("menso", registered()))
    assert (await door.over_kafka("menso", event)).status is Status.ACCEPTED
    (receipt,) = await door.receipts("menso", orjson.loads(event))
    assert receipt["state"] == "duplicate"
    shown = await door.http.get(f"/v1/receipts/{receipt['id']}", headers=as_("menso"))
    assert shown.json()["state"] == "accepted"


async def test_without_the_database_the_door_says_503_and_when_to_come_back(door):
    await door.pool.close()
    answer = await door.send("menso", wire("menso", registered()))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_csv_file_gets_a_receipt_a_row_and_is_only_taken_once(door):
    file = (
        b"type;participant;municipality;rung;registered_on;school_leaver\n"
        b"participants.registered;p-1;0114;day_activity;06-01-2020;nee\n"
        b"participants.registered;p-2;0114;nowhere;06-01-2020;ja\n"
    )
    headers = as_("menso") | {"content-type": "text/csv"}
    answer = await door.http.post("/v1/imports", content=file, headers=headers)
    assert answer.status_code == 202
    receipts = answer.json()["receipts"]
    assert states(receipts) == ["accepted", "refused"]
    assert receipts[1]["field"] == "data.rung"
    again = await door.http.post("/v1/imports", content=file, headers=headers)
    assert states(again.json()["receipts"]) == ["duplicate", "refused"]
    (stated,) = await door.outbox()
    assert stated["source"] == f"{REGION.partners['menso'].urn}:systeem:import"


async def test_what_is_no_csv_is_a_problem(door):
    wrong_type = await door.http.post("/v1/imports", content=b"", headers=as_("menso"))
    unreadable = await door.http.post(
        "/v1/imports", content=b"a,b\n1,2,3\n", headers=as_("menso") | {"content-type": "text/csv"}
    )
    assert (wrong_type.status_code, unreadable.status_code) == (415, 400)
    assert [fault["field"] for fault in unreadable.json()["errors"]] == ["header", "row 1"]


async def test_a_scenarios_clock_dates_the_rows_of_a_file(database):
    async with site(database, clock="scenario") as door:
        await door.pool.execute("INSERT INTO clock (ticked_at) VALUES ($1)", at(60))
        file = (
            b"type,participant,municipality,rung,registered_on,school_leaver\n"
            b"participants.registered,p-1,0114,day_activity,2020-01-06,nee\n"
        )
        await door.http.post("/v1/imports", content=file, headers=as_("menso") | {"content-type": "text/csv"})
        (stated,) = await door.outbox()
        assert stated["time"] == "2020-01-06T10:00:00+00:00"


async def test_what_grows_past_the_limit_when_it_is_passed_on_is_refused_at_the_door(door):
    event = wire("menso", registered())
    room = 64 * 1024 - len(orjson.dumps(event))
    almost = event | {"data": event["data"] | {"extra": "x" * (room - 20)}}
    assert len(orjson.dumps(almost)) <= 64 * 1024
    (receipt,) = await door.receipts("menso", almost)
    assert (receipt["state"], receipt["code"]) == ("refused", "size.too-large")
    smaller = event | {"data": event["data"] | {"extra": "x" * (room - 2000)}}
    assert states(await door.receipts("menso", smaller)) == ["accepted"]
