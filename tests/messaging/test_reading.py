"""The quick reader takes what the close one takes and gives the same; what it leaves, that one judges."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import CATALOGUE
from shared.contracts.base import Stream
from shared.contracts.envelope import sample_envelope
from shared.messaging import event as event_module
from shared.messaging.event import decode
from shared.messaging.reading import whole

SOURCE = "urn:nld:kvknr:90000002:systeem:test"
ENVELOPES = {name: sample_envelope(model, SOURCE) for name, model in sorted(CATALOGUE.items())}
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**64 - 1),  # beyond, JSON's readers differ
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "\x00", "\x7f", "x" * 201, "1.0", "2021-01-04", "2021-01-04T09:00:00Z", 1609750800]),
    st.just([]),
    st.just({}),
)


def both(value: bytes, stream: Stream = Stream.INBOX) -> tuple[Any, Any]:
    """What is read of it, and what the close reader alone would make of it."""
    wire = orjson.loads(value)
    return (
        decode(value, partner="menso", stream=stream),
        event_module._closely(wire, "menso", stream, None),
    )


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_sample_is_read_in_one_go_and_the_same(name: str) -> None:
    value = orjson.dumps(ENVELOPES[name])
    assert whole(value, name) is not None
    quick, close = both(value)
    assert quick == close


@given(st.data())
def test_what_is_changed_is_judged_the_same(data: st.DataObject) -> None:
    envelope = dict(ENVELOPES[data.draw(st.sampled_from(sorted(ENVELOPES)))])
    of_data = data.draw(st.booleans())
    part = dict(envelope["data"]) if of_data else envelope
    name = data.draw(st.sampled_from([*sorted(part), "traceparent", "dataref", "causationid", "extra", "No"]))
    if data.draw(st.booleans()):
        part[name] = data.draw(ODD)
    else:
        part.pop(name, None)
    if of_data:
        envelope["data"] = part
    quick, close = both(orjson.dumps(envelope), data.draw(st.sampled_from([Stream.INBOX, Stream.INTAKE])))
    assert quick == close


@given(st.sampled_from(sorted(ENVELOPES)), st.sampled_from(["id", "type", "time", "source", "data"]), ODD)
def test_of_an_attribute_that_stands_there_twice_the_last_counts(name: str, twice: str, odd: Any) -> None:
    envelope = orjson.dumps(ENVELOPES[name])
    added = b"," + orjson.dumps({twice: odd})[1:]
    quick, close = both(envelope[:-1] + added)
    assert quick == close
    front = orjson.dumps({twice: odd})[:-1] + b","
    quick, close = both(front + envelope[1:])
    assert quick == close
