"""CSV becomes events, and what cannot be read is said all at once."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.imports import Row, event_of, rows_of
from services.intake.reading import Turned
from shared.contracts import PlaceOffered, Stream
from shared.messaging.event import Event, decode
from shared.messaging.refusal import Refusal
from tests.intake.support import registered

URN = "urn:nld:kvknr:90000002"


def read(row: Row) -> Any:
    wire = orjson.dumps(event_of(row, urn=URN, time="2020-01-06T09:00:00+00:00"))
    return decode(wire, partner="menso", stream=Stream.INBOX)


def faults(text: str | bytes) -> tuple[int, Any]:
    with pytest.raises(Turned) as turned:
        rows_of(text.encode() if isinstance(text, str) else text)
    return turned.value.answer.status_code, orjson.loads(turned.value.answer.body)


def test_a_row_is_an_event_of_the_contract():
    text = (
        "type,participant,municipality,rung,registered_on,school_leaver\n"
        "participants.registered,p-1,0114,day_activity,2020-01-06,false\n"
    )
    (row,) = rows_of(text.encode())
    read_ = read(row)
    assert isinstance(read_, Event)
    assert read_.data == registered()
    assert read_.source == f"{URN}:systeem:import"


def test_a_file_as_a_dutch_spreadsheet_saves_it_is_read():
    text = (
        "\ufefftype;place;rung;municipalities;seats;hours_min;hours_max;postcode4;kinds;offers;from_on;until_on\r\n"
        "places.offered;emco-1;sheltered_work;0114|0109;2;20;27,5;7821;groen;own-pace|small-team;1-12-2020;\r\n"
        "\r\n"
    )
    (row,) = rows_of(text.encode())
    data = read(row).data
    assert isinstance(data, PlaceOffered)
    assert (str(data.hours_max), data.seats, str(data.from_on), data.until_on) == (
        "27.5",
        2,
        "2020-12-01",
        None,
    )
    assert data.municipalities == ("0114", "0109")


def test_the_same_row_is_the_same_event_again_and_another_is_another():
    head = "type,participant,resumed_on\n"
    first, second, repeat = rows_of((head + "participants.resumed,p-1,2020-01-06\n" * 1).encode()) + rows_of(
        (head + "participants.resumed,p-1,2020-01-07\nparticipants.resumed,p-1,2020-01-06").encode()
    )
    assert first == repeat
    assert first.id != second.id


def test_what_a_row_says_of_id_and_time_is_kept():
    (row,) = rows_of(b"id,time,type,participant\nx-1,2019-01-01T00:00:00+01:00,participants.left,p-1\n")
    assert (row.id, row.time) == ("x-1", "2019-01-01T00:00:00+01:00")


def test_a_cell_that_does_not_fit_is_refused_with_its_field():
    (row,) = rows_of(
        b"type,participant,municipality,rung,registered_on,school_leaver\n"
        b"participants.registered,p-1,0114,day_activity,gisteren,misschien\n"
    )
    refusal = read(row)
    assert "data.registered_on" in refusal.detail
    assert "data.school_leaver" in refusal.detail


def test_every_fault_of_a_file_is_named_at_once():
    status, body = faults("type,participant,participant\na,b\nc,d,e,f\n")
    assert status == 400
    assert [fault["field"] for fault in body["errors"]] == ["header", "row 1", "row 2"]
    assert faults("participant\np-1\n")[0] == 400
    assert faults("")[0] == 400
    assert faults(b"type,x\n\xff\xfe,1\n")[0] == 400
    assert faults("type,x\n" + "a,b\n" * 1001)[0] == 413


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_no_file_breaks_the_reader(text):
    with contextlib.suppress(Turned):
        for row in rows_of(f"type{text}".encode("utf-8", "replace")):
            assert isinstance(read(row), Event | Refusal)
