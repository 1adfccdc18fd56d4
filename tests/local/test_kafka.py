"""The local Kafka: started, killed, found again, as one node and as three; and folders it must not touch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local.faults import LocalFault
from deploy.local.kafka import KafkaServer
from deploy.local.ports import free_port
from tests.servers import FAST_KAFKA, kafka_node, make_kafka_node, own_folder

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def node() -> Iterator[KafkaServer]:
    """A node of this module's own."""
    with own_folder("kafka-own") as folder, kafka_node(folder, settings=FAST_KAFKA) as running:
        yield running


async def create(bootstrap: str, topic: str, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(topic, 1, copies)])
        assert [code for _, code, *_ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        return int((await producer.send_and_wait(topic, value)).offset)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        values: list[bytes] = []
        while len(values) < end:
            values += [r.value for rs in (await consumer.getmany(timeout_ms=500)).values() for r in rs]
        return values
    finally:
        await consumer.stop()


async def test_it_serves_and_a_second_start_finds_the_same_process(
    node: KafkaServer, topic_prefix: str
) -> None:
    running = node.process
    await create(node.bootstrap, topic_prefix)
    assert await produce(node.bootstrap, topic_prefix, b"one") == 0
    assert node.start() == running


async def test_after_a_kill_it_comes_back_with_what_it_acknowledged(
    node: KafkaServer, topic_prefix: str
) -> None:
    await create(node.bootstrap, topic_prefix)
    await produce(node.bootstrap, topic_prefix, b"kept")
    node.kill()
    assert not node.ready()
    node.wait_ready(node.start())
    assert await read(node.bootstrap, topic_prefix) == [b"kept"]


async def test_a_topic_that_nobody_provisioned_is_not_made_by_writing_to_it(
    node: KafkaServer, topic_prefix: str
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=node.bootstrap, request_timeout_ms=1500)
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait(topic_prefix, b"lost?")
        assert topic_prefix not in (await producer.client.fetch_all_metadata()).topics()
    finally:
        await producer.stop()


def test_a_folder_that_was_never_wholly_formatted_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data" / "orders-0").mkdir(parents=True)
    with pytest.raises(LocalFault, match="was never wholly formatted") as fault:
        make_kafka_node(tmp_path).start()
    assert "make clean" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_folder_of_another_node_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n")
    with pytest.raises(LocalFault, match="belongs to node 7 of cluster other"):
        make_kafka_node(tmp_path).start()


def test_its_port_held_by_another_is_refused_before_anything_is_made(
    node: KafkaServer, tmp_path: Path
) -> None:
    with pytest.raises(LocalFault, match=f"Port {node.port}, meant for Kafka, is held by pid"):
        make_kafka_node(tmp_path, port=node.port).start()
    assert list(tmp_path.iterdir()) == []


async def test_three_nodes_make_a_cluster_that_survives_the_loss_of_one(topic_prefix: str) -> None:
    controllers = [free_port() for _ in range(3)]
    voters = [f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, 1)]
    with own_folder("kafka-cluster") as folder:
        nodes = [
            make_kafka_node(
                folder / str(number),
                node=number,
                controller_port=port,
                voters=voters,
                settings={**FAST_KAFKA, "min.insync.replicas": "2"},
            )
            for number, port in enumerate(controllers, 1)
        ]
        try:
            for node, process in [(each, each.start()) for each in nodes]:
                node.wait_ready(process)
            bootstrap = ",".join(each.bootstrap for each in nodes)
            await create(bootstrap, topic_prefix, copies=3)
            await produce(bootstrap, topic_prefix, b"before")
            nodes[0].kill()
            await produce(bootstrap, topic_prefix, b"after")
            assert await read(bootstrap, topic_prefix) == [b"before", b"after"]
        finally:
            for each in nodes:
                each.kill()
