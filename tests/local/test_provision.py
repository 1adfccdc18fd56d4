"""Topics and registry are made once, compared afterwards, and changed only when that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.settings import ROOT
from deploy.partners_file import PartnerFile, load_all
from deploy.provision import LOCAL, Layout, Outcome, ProvisionFault, provision
from shared.contracts.base import Stream
from shared.contracts.registry import PartnerChanged, PartnerRegistered
from shared.messaging.event import Event, decode
from shared.messaging.registry import Registry
from shared.messaging.topics import Topics

FILES = load_all(ROOT / "deploy" / "partners")


async def registry(bootstrap: str, topics: Topics) -> list[Event]:
    """What the registry topic holds, in order."""
    partition = TopicPartition(topics.registry, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        events: list[Event] = []
        while len(events) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                read = [decode(record.value, partner="", stream=Stream.REGISTRY) for record in records]
                events += [event for event in read if isinstance(event, Event)]
        return events
    finally:
        await consumer.stop()


async def settings_of(bootstrap: str, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {setting[0]: setting[1] for setting in answer.resources[0][4]}
    finally:
        await admin.close()


async def carry_out(
    bootstrap: str, topics: Topics, layout: Layout = LOCAL, **options: Any
) -> dict[str, Outcome]:
    report = await provision(bootstrap, FILES, topics=topics, layout=layout, **options)
    return {line.name: line.outcome for line in (*report.topics, *report.partners)}


def only(outcomes: dict[str, Outcome]) -> set[Outcome]:
    return set(outcomes.values())


async def test_every_stream_of_every_partner_gets_its_topic_and_a_second_time_changes_nothing(
    kafka: str, topic_prefix: str
) -> None:
    topics = Topics(topic_prefix)
    first = await carry_out(kafka, topics)
    assert only(first) == {Outcome.CREATED}
    assert {name for name in first if name.startswith(topic_prefix)} == {topics.registry} | {
        topics.of(file.record.partner, stream) for file in FILES for stream in file.streams
    }
    before = await registry(kafka, topics)
    assert only(await carry_out(kafka, topics)) == {Outcome.EXISTS}
    assert await registry(kafka, topics) == before


async def test_every_setting_that_could_lose_records_is_set(kafka: str, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    await carry_out(kafka, topics)
    intake = await settings_of(kafka, topics.of("menso", Stream.INTAKE))
    inbox = await settings_of(kafka, topics.of("menso", Stream.INBOX))
    register = await settings_of(kafka, topics.registry)
    assert (intake["retention.ms"], intake["cleanup.policy"]) == ("-1", "delete")
    assert inbox["retention.ms"] == str(30 * 24 * 60 * 60 * 1000)
    assert register["cleanup.policy"] == "compact"
    assert {each["message.timestamp.type"] for each in (intake, inbox, register)} == {"LogAppendTime"}
    assert {each["max.message.bytes"] for each in (intake, inbox, register)} == {"1048576"}


async def test_drift_is_shown_and_partitions_grow_only_when_asked(kafka: str, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    await carry_out(kafka, topics)
    wider = Layout(partitions=4, replication=1, min_insync=1)
    menso = topics.of("menso", Stream.INTAKE)
    assert (await carry_out(kafka, topics, wider))[menso] is Outcome.DIFFERS
    assert (await carry_out(kafka, topics, wider, grow=True))[menso] is Outcome.GROWN
    assert (await carry_out(kafka, topics, wider))[menso] is Outcome.EXISTS
    strict = Layout(partitions=4, replication=1, min_insync=2)
    report = await provision(kafka, FILES, topics=topics, layout=strict)
    assert {line.detail for line in report.topics} == {"min.insync.replicas is 1, not 2"}


async def test_the_registry_can_be_believed_from_its_first_record(kafka: str, topic_prefix: str) -> None:
    topics = Topics(topic_prefix)
    await carry_out(kafka, topics)
    known: list[PartnerRegistered | PartnerChanged] = []
    for event in await registry(kafka, topics):
        assert Registry.of(known).objection(event) is None
        assert isinstance(event.data, PartnerRegistered)
        known.append(event.data)
    assert sorted(each.partner for each in known) == sorted(file.record.partner for file in FILES)


async def test_the_same_files_give_the_same_records_on_another_cluster(kafka: str, topic_prefix: str) -> None:
    here, there = Topics(topic_prefix), Topics(f"{topic_prefix}b")
    await carry_out(kafka, here)
    await carry_out(kafka, there)
    assert await registry(kafka, here) == await registry(kafka, there)


async def test_a_partner_is_changed_only_when_asked_and_each_change_is_a_statement_of_its_own(
    kafka: str, topic_prefix: str
) -> None:
    topics = Topics(topic_prefix)
    await carry_out(kafka, topics)
    moved: dict[str, Any] = {"vaults": {"menso": "http://127.0.0.1:1"}}
    assert (await carry_out(kafka, topics, **moved))["menso"] is Outcome.DIFFERS
    nothing: dict[str, Any] = {}
    for options in (moved, nothing, moved):
        assert (await carry_out(kafka, topics, update=True, **options))["menso"] is Outcome.CHANGED
    changes = [event for event in await registry(kafka, topics) if isinstance(event.data, PartnerChanged)]
    assert len({event.id for event in changes}) == len(changes) == 3


async def test_a_partner_that_joins_later_gets_its_topics_while_the_others_stay(
    kafka: str, topic_prefix: str
) -> None:
    topics = Topics(topic_prefix)
    first: list[PartnerFile] = [file for file in FILES if file.record.partner != "buurtsupport"]
    await provision(kafka, first, topics=topics, layout=LOCAL)
    outcomes = await carry_out(kafka, topics)
    created = {name for name, outcome in outcomes.items() if outcome is Outcome.CREATED}
    assert created == {
        "buurtsupport",
        *(topics.of("buurtsupport", s) for s in (Stream.INBOX, Stream.INTAKE, Stream.PROFILES)),
    }


async def test_more_copies_than_brokers_is_one_line_with_the_way_out(kafka: str, topic_prefix: str) -> None:
    with pytest.raises(ProvisionFault, match="needs --replication") as fault:
        await carry_out(kafka, Topics(topic_prefix), Layout(partitions=1, replication=99, min_insync=1))
    assert "\n" not in str(fault.value)


async def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ProvisionFault, match="refuses or does not answer"):
        await carry_out("127.0.0.1:1", Topics("x"))
