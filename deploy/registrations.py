"""The registry's records: what it says of each partner now, and what is stated to make it say more."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.partners_file import PartnerFile
from shared.contracts.base import Role, Stream
from shared.contracts.registry import PartnerChanged, PartnerRegistered
from shared.messaging.event import CONTENT_TYPE, Event, decode, encode
from shared.messaging.registry import AMSTERDAM, Partner

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:werkbedrijf:provision")
_READ_MS: Final = 1000


class Registrations:
    """States partners on the registry topic, in the name of the partner with the role regie.

    Args:
        bootstrap: The cluster.
        topic: The registry.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic

    async def state(
        self, files: Sequence[PartnerFile], *, fresh: bool, update: bool, vaults: Mapping[str, str]
    ) -> list[tuple[str, str, str]]:
        """State what the registry does not say yet.

        Args:
            files: Who takes part.
            fresh: Whether the registry was created a moment ago, so that there is nothing to read: its
                leader may not be known to all yet, on which a consumer would wait for long.
            update: Whether to state a change where the registry says otherwise.
            vaults: Addresses of vaults where they differ from those in the files.

        Returns:
            For each partner its name, `created`, `exists`, `changed` or `differs`, and the fields.
        """
        known = {} if fresh else await self._known()
        # The partner with the role regie first: a reader knows by it who may enter the others.
        ordered = sorted(files, key=lambda file: Role.REGIE not in file.record.roles)
        regie = ordered[0].record
        events: list[Event] = []
        lines = []
        for file in ordered:
            record = _with_vault(file.record, vaults)
            _, before = known.get(record.partner, (0, None))
            fields = _differences(before, record)
            if before is None:
                events.append(_event(regie, record))
                lines.append((record.partner, "created", ""))
            elif not fields:
                lines.append((record.partner, "exists", ""))
            elif update:
                events.append(_event(regie, _changed(record), after=known[record.partner][0]))
                lines.append((record.partner, "changed", fields))
            else:
                lines.append((record.partner, "differs", fields))
        await self._publish(events)
        return lines

    async def _known(self) -> dict[str, tuple[int, Partner]]:
        """The newest record of each partner, with its offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            partition = TopicPartition(self._topic, 0)
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            known: dict[str, tuple[int, Partner]] = {}
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(timeout_ms=_READ_MS)).values():
                    for record in records:
                        read = decode(record.value or b"", partner="", stream=Stream.REGISTRY)
                        if isinstance(read, Event) and isinstance(
                            read.data, PartnerRegistered | PartnerChanged
                        ):
                            known[read.data.partner] = (record.offset, read.data)
            return known
        finally:
            await consumer.stop()

    async def _publish(self, events: Sequence[Event]) -> None:
        if not events:
            return
        producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            headers = [("content-type", CONTENT_TYPE.encode())]
            for event in events:
                await producer.send_and_wait(
                    self._topic, encode(event), key=event.key.encode(), headers=headers
                )
        finally:
            await producer.stop()


def _event(regie: PartnerRegistered, record: Partner, after: int | None = None) -> Event:
    """The event that states a partner; the same statement has the same id, so that a repeat is recognised.

    Args:
        regie: In whose name it is stated.
        record: What is stated.
        after: Offset of the record that it replaces: a change back and forth is two statements.
    """
    # A registration is recorded as of the day from which it counts: the same files give the same bytes.
    effective = datetime.combine(record.agreement.effective_on, time.min, AMSTERDAM)
    now = datetime.now(UTC)
    said = "\x1f".join((record.TYPE, record.model_dump_json(), "" if after is None else str(after)))
    return Event(
        id=str(uuid.uuid5(_NAMESPACE, said)),
        source=f"{regie.urn}:systeem:provision",
        time=min(effective, now) if after is None else now,
        key=record.kafka_key,
        data=record,
        partner="",
        stream=Stream.REGISTRY,
    )


def _with_vault(record: PartnerRegistered, vaults: Mapping[str, str]) -> PartnerRegistered:
    if record.vault is None or record.partner not in vaults:
        return record
    return record.model_copy(update={"vault": vaults[record.partner]})


def _changed(record: PartnerRegistered) -> PartnerChanged:
    return PartnerChanged.model_validate_json(record.model_dump_json())


def _differences(before: Partner | None, now: Partner) -> str:
    """Names of the fields in which two records of a partner differ."""
    if before is None:
        return ""
    old, new = before.model_dump(mode="json"), now.model_dump(mode="json")
    return ", ".join(name for name in new if old.get(name) != new[name])
