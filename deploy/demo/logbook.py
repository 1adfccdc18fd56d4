"""The whole log as it stands: every record of every topic, for comparing two tellings."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.topics import Topics


async def whole_log(bootstrap: str, topics: Topics) -> dict[str, list[tuple[bytes, bytes]]]:
    """Key and value of every record, by partner and stream; the registry is compacted and left out."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    await admin.start()
    try:
        described = await admin.describe_topics()
    finally:
        await admin.close()
    partitions = [
        TopicPartition(topic["topic"], each["partition"])
        for topic in described
        if topic["topic"].startswith(f"{topics.prefix}.") and topic["topic"] != topics.registry
        for each in topic["partitions"]
    ]
    name = {p.topic: ".".join(topics.parse(p.topic)) for p in partitions}
    log: dict[str, list[tuple[bytes, bytes]]] = {each: [] for each in name.values()}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        unread = {p for p in partitions if ends[p]}
        while unread:
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                log[name[partition.topic]] += [(r.key or b"", r.value or b"") for r in records]
            unread = {p for p in unread if await consumer.position(p) < ends[p]}
    finally:
        await consumer.stop()
    return log
