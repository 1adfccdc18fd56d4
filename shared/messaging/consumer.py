"""FastStream's batch subscriber, with every default that loses data set otherwise.

The subscriber hands over raw records and is told nothing about JSON: a parser that raises makes
FastStream skip the record under every ack policy, so ours cannot raise.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import stamina
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from shared.messaging.ahead import MAX_RECORDS, Ahead
from shared.messaging.database import TRANSIENT, Unreachable, is_transient
from shared.messaging.faults import Place, passing
from shared.messaging.offsets import Batch, Offsets
from shared.messaging.service import Outcome, Record

log = logging.getLogger(__name__)

Process = Callable[[Sequence[Record]], Awaitable[Any]]

_FETCH_WAIT_MS: Final = 100
"""How long Kafka may hold a question that it has no answer to. While it does, no other is asked, and one that
was asked while a batch was being worked on leaves out the partitions of that batch."""
_HEARTBEATS: Final = 3
"""Heartbeats in a session: one that is late must not cost the partitions."""
_REBALANCE_TIMEOUT_MS: Final = 60_000
"""Longer than any batch: who is still working when partitions move must be waited for."""
_METADATA_MAX_AGE_MS: Final = 5_000
"""How soon a new partner's topics are found."""
_RETRY_BUDGET_S: Final = 30.0
"""How long a batch waits for the database inside the handler. Then it is nacked, which rewinds."""
_DRAIN_S: Final = 30.0
_CUT_OFF_S: Final = 1.0
_MIB: Final = 1024 * 1024


def make_broker(bootstrap: str, client_id: str) -> KafkaBroker:
    """A broker connection for consuming; what we publish goes through the relay."""
    return KafkaBroker(
        bootstrap.split(","),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        allow_auto_create_topics=False,
        # `stop` has waited by then; what would not end in time is cut off.
        graceful_timeout=_CUT_OFF_S,
        metadata_max_age_ms=_METADATA_MAX_AGE_MS,
        # Injected arguments would send every batch through a worker thread.
        apply_types=False,
        logger=log,
        log_level=logging.DEBUG,
    )


def make_producer(bootstrap: str, client_id: str) -> AIOKafkaProducer:
    """An idempotent producer for the relay."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap.split(","),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        # The relay makes its batches itself: there is nothing to wait for.
        linger_ms=0,
        max_batch_size=256 * 1024,
        max_request_size=_MIB,
        request_timeout_ms=30_000,
        metadata_max_age_ms=_METADATA_MAX_AGE_MS,
    )


def subscribe(
    broker: KafkaBroker,
    *,
    group: str,
    pattern: str,
    session_timeout_s: float,
    process: Process,
    ahead: Ahead,
    instance: str = "",
) -> Member:
    """Subscribe to all topics that match, as one member of the group.

    Args:
        ahead: fetches the next batch.
        instance: the member's name, if it has one that it keeps over a restart.

    Poison never raises: `process` makes it a dead letter. What is transient is retried here, with
    growing pauses; only when that budget is spent does the batch fail, and NACK rewinds it.
    """
    member = Member(ahead)

    async def parse(message: tuple[Record, ...], _original: Any) -> KafkaMessage:
        first = message[0]
        return KafkaAckableMessage(
            body=b"",
            headers={},
            message_id=f"{first.topic}-{first.partition}-{first.offset}",
            raw_message=message,
            consumer=Batch(member.offsets, member.consumer, message),
        )

    async def leave_raw(message: KafkaMessage, _original: Any) -> Any:
        return message.raw_message

    subscriber = broker.subscriber(
        pattern=pattern,
        batch=True,
        group_id=group,
        group_instance_id=instance or None,
        max_records=MAX_RECORDS,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        session_timeout_ms=round(session_timeout_s * 1000),
        heartbeat_interval_ms=min(3_000, round(session_timeout_s * 1000 / _HEARTBEATS)),
        rebalance_timeout_ms=_REBALANCE_TIMEOUT_MS,
        max_poll_interval_ms=300_000,
        # Each fetch must leave memory for the rest: 150 MB is the promise for a whole service.
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        fetch_max_bytes=8 * _MIB,
        max_partition_fetch_bytes=_MIB,
        parser=parse,
        decoder=leave_raw,
        listener=member,
    )
    member.subscriber = subscriber
    subscriber.get_msg = ahead.batch  # type: ignore[method-assign]

    @subscriber
    async def handle(raw: Any) -> None:
        await _retrying(process, raw)
        passing(Place.BEFORE_OFFSET_COMMIT)

    return member


async def stop(broker: KafkaBroker, member: Member) -> None:
    """Finish the batch in hand, tell Kafka how far it came, and leave the group."""
    member.subscriber.running = False
    await member.settle()
    member.leave()
    await broker.stop()


def last_poll(member: Member | None) -> float | None:
    """When Kafka last answered this consumer, in seconds of the epoch; None before the first time."""
    consumer = None if member is None else member.consumer
    if consumer is None:
        return None
    polls = [consumer.last_poll_timestamp(partition) for partition in consumer.assignment()]
    return max((poll / 1000 for poll in polls if poll), default=None)


async def start(broker: KafkaBroker, bootstrap: str, *, wait_s: float) -> None:
    """Start consuming, waiting up to `wait_s` seconds for Kafka.

    FastStream reports itself started without a broker and then never tries again, so the trying is
    done here.

    Raises:
        Unreachable: Kafka did not answer in time.
    """
    try:
        async for attempt in stamina.retry_context(
            on=(KafkaError, OSError), attempts=None, timeout=wait_s, wait_initial=0.2, wait_max=2.0
        ):
            with attempt:
                if attempt.num > 1:
                    log.warning("Kafka does not answer yet, attempt %d", attempt.num)
                await _ask(bootstrap)
                await broker.start()
    except (KafkaError, OSError) as error:
        raise Unreachable(f"Kafka did not answer within {wait_s:.0f} s: {error}") from error


async def _ask(bootstrap: str) -> None:
    """See whether Kafka answers; a broker object that failed to start would leave its parts unclosed."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap.split(","))
    try:
        await client.bootstrap()
    finally:
        await client.close()


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """This process as one of its group.

    Partitions are given up only after the batch in hand is committed, to the database and to Kafka. Otherwise
    the next owner works on the same records at the same time.
    """

    subscriber: Any = None

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._paced: AIOKafkaClient | None = None
        self.offsets = Offsets(ahead)

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client library's own; None while it is not started."""
        return self.subscriber.consumer

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:  # noqa: ARG002
        """Kafka is about to take all partitions back."""
        await self.settle()

    async def settle(self) -> None:
        """Finish the batch in hand, and no other, and tell Kafka."""
        if self.consumer is not None:
            self._ahead.rewind(self.consumer)
        wait_release = getattr(self.subscriber.lock, "wait_release", None)
        if wait_release is not None:
            await wait_release(_DRAIN_S)
        if self.consumer is not None:
            self._ahead.rewind(self.consumer)
            await self.offsets.settle(self.consumer)

    def leave(self) -> None:
        """See to it that the group is left at the stop, so that others need not wait for a session to end."""
        if self.consumer is not None:
            # One with a name would stay: the client library takes every stop for a restart.
            self.consumer._coordinator._group_instance_id = None  # noqa: SLF001 - there is no other way

    def _pace(self) -> None:
        """Have each fetch wait its turn; the client library asks again as soon as it has an answer."""
        client = self.consumer and self.consumer._client  # noqa: SLF001 - there is no setting for it
        if client is None or client is self._paced:
            return
        self._paced, send = client, client.send

        async def in_turn(node: int, request: Any, **how: Any) -> Any:
            if isinstance(request, FetchRequest):
                await self._ahead.turn()
            return await send(node, request, **how)

        client.send = in_turn

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Kafka has given these."""
        self._pace()
        log.info("assigned %d partitions", len(assigned))


async def _retrying(process: Process, records: Sequence[Record]) -> Sequence[Outcome]:
    async for attempt in stamina.retry_context(
        on=lambda error: is_transient(error) if isinstance(error, TRANSIENT) else False,
        attempts=None,
        timeout=_RETRY_BUDGET_S,
        wait_initial=0.1,
        wait_max=5.0,
    ):
        with attempt:
            if attempt.num > 1:
                log.warning("the database does not answer; batch of %d waits", len(records))
            outcomes: Sequence[Outcome] = await process(records)
            return outcomes
    raise AssertionError("unreachable: the last attempt raises")  # pragma: no cover
