"""The peer: matching's work on Quix Streams, as its own guide would have it written.

The four topics are concatenated, what is known of a person is kept in the state of its key (RocksDB, with a
changelog on Kafka), and when all is known that the person waits is published. A repeat is known by its id.

This file runs in an environment of its own, without anything of this project (requirements/bench.txt).

What it does not do, and matching does:

- rows that others can ask for: its state is in files of the process, by key, and nothing else finds it;
- one transaction over state and statements: it works at least once (its default), so a crash publishes again,
  under another id;
- who may state what, schemas, refusals, dead letters, order in the outbox, a rebuild that can be compared;
- anything over more than one person: its state is by key, so there is no list in order and no round over it.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Final

from quixstreams import Application, State
from quixstreams.dataframe import StreamingDataFrame

TYPES: Final = ("participants.registered", "profiles.stated", "participants.advised", "participants.decided")
TOPICS: Final = ("menso.intake", "menso.profiles", "uwv.intake", "gemeente-emmen.intake")
BATCH: Final = 500
"""Records between two commits; as many as ours has in a batch."""


def in_matching(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """Remember what is stated of a person; once all is known, who is granted sheltered work waits."""
    name = f"{event['source']}/{event['id']}"
    if state.exists(name):
        return []
    state.set(name, True)  # noqa: FBT003 - the value is the argument
    state.set(event["type"].removeprefix("nl.werkbedrijf.").removesuffix(".v1"), event["data"])
    known = [state.get(each) for each in TYPES]
    if None in known or state.exists("waits"):
        return []
    person, _, advice, decision = known
    if decision["outcome"] != "granted":
        return []
    waits = {
        "participant": decision["participant"],
        "municipality": decision["municipality"],
        "joined_on": decision["decided_on"],
        "decided_on": decision["decided_on"],
        "school_leaver": person["school_leaver"],
        "requested_on": advice["requested_on"],
        "advised_on": advice["advised_on"],
    }
    state.set("waits", waits)
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "urn:nld:kvknr:90000002:systeem:peer",
            "type": "nl.werkbedrijf.waiting.joined.v1",
            "time": datetime.now(UTC).isoformat(),
            "partitionkey": event["partitionkey"],
            "causationid": event["id"],
            "correlationid": event.get("correlationid") or event["id"],
            "data": waits,
        }
    ]


def main() -> None:
    """Run until killed."""
    prefix = os.environ["TOPIC_PREFIX"]
    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group=f"{prefix}.quix-matching",
        auto_offset_reset="earliest",
        commit_every=BATCH,
        state_dir=os.environ["STATE_FOLDER"],
        auto_create_topics=True,
        producer_extra_config={"enable.idempotence": True, "acks": "all"},
        loglevel="INFO",
    )
    frames = [app.dataframe(app.topic(f"{prefix}.{topic}", key_deserializer="str")) for topic in TOPICS]
    together = reduce(StreamingDataFrame.concat, frames)
    answers = app.topic(f"{prefix}.menso.matching", key_serializer="str")
    together.apply(in_matching, stateful=True, expand=True).to_topic(answers)
    app.run()


if __name__ == "__main__":
    main()
