"""Topics and registry, made from the partner files; saying it again changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.partners_file import PartnerFile
from deploy.registrations import Registrations
from shared.contracts.base import Stream
from shared.messaging.topics import Topics

log = logging.getLogger(__name__)

_DAY_MS = 24 * 60 * 60 * 1000
_INBOX_DAYS = 30
_CREATE_MS = 30_000
_LOOKS = 100


class ProvisionFault(Exception):  # noqa: N818  # the cluster says no; the message says what to do
    """The cluster refuses what was asked; one line says why and the way out."""


class Outcome(StrEnum):
    """What became of one topic or one partner."""

    CREATED = "created"
    EXISTS = "exists"
    DIFFERS = "differs"
    GROWN = "grown"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Layout:
    """How topics are laid out over a cluster.

    Attributes:
        partitions: Partitions of every partner's topic; the registry has one.
        replication: Copies of each partition.
        min_insync: Copies that must have a record before it is acknowledged.
    """

    partitions: int = 12
    replication: int = 3
    min_insync: int = 2


LOCAL = Layout(partitions=3, replication=1, min_insync=1)
"""For a cluster of one node."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one topic or partner, and what there is to say of it."""

    name: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What `provision` found and did."""

    topics: tuple[Line, ...]
    partners: tuple[Line, ...]

    def summary(self) -> str:
        """One line: how many of each."""
        return f"{_count(self.topics, 'topic')}; {_count(self.partners, 'partner')}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


async def provision(
    bootstrap: str,
    files: Sequence[PartnerFile],
    *,
    topics: Topics,
    layout: Layout,
    grow: bool = False,
    update: bool = False,
    vaults: Mapping[str, str] | None = None,
) -> Report:
    """Create the topics that are missing and register the partners that are not known yet.

    Args:
        bootstrap: The cluster, `host:port,...`.
        files: Who takes part; one of them has the role regie, in whose name it is stated.
        topics: Names under one prefix.
        layout: Partitions and copies.
        grow: Add partitions where a topic has fewer. A key may then move to another partition, so
            that its order is not kept across the change: do it while nothing is under way.
        update: State `partners.changed` where a file says otherwise than the registry.
        vaults: Addresses of partners' vaults where they differ from those in the files.

    Raises:
        ProvisionFault: The cluster cannot be reached or refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="werkbedrijf-provision")
    try:
        await admin.start()
        try:
            lines = await _provision_topics(
                admin, list(wanted_topics(files, topics, layout)), layout, grow=grow
            )
        finally:
            await admin.close()
        fresh = any(line.name == topics.registry and line.outcome is Outcome.CREATED for line in lines)
        registrations = Registrations(bootstrap, topics.registry)
        stated = await registrations.state(files, fresh=fresh, update=update, vaults=vaults or {})
    except (KafkaError, OSError) as error:
        raise ProvisionFault(
            f"Kafka at {bootstrap} refuses or does not answer: {error or type(error).__name__}. "
            "See that it runs and that the address is right."
        ) from error
    return Report(
        tuple(lines), tuple(Line(name, Outcome(outcome), detail) for name, outcome, detail in stated)
    )


def wanted_topics(files: Iterable[PartnerFile], topics: Topics, layout: Layout) -> Iterable[_Wanted]:
    """Every topic with its configuration: the registry and each partner's streams."""
    common = {
        "min.insync.replicas": str(layout.min_insync),
        # The broker's time, not the sender's: what a partner's clock says cannot make records vanish or stay.
        "message.timestamp.type": "LogAppendTime",
        # An event is 64 KiB at most; a compressed batch of them may be more.
        "max.message.bytes": str(1024 * 1024),
    }
    yield _Wanted(topics.registry, 1, {**common, "cleanup.policy": "compact"})
    for file in files:
        for stream in file.streams:
            kept = _INBOX_DAYS * _DAY_MS if stream is Stream.INBOX else -1
            config = {**common, "cleanup.policy": "delete", "retention.ms": str(kept)}
            yield _Wanted(topics.of(file.record.partner, stream), layout.partitions, config)


async def _provision_topics(
    admin: AIOKafkaAdminClient, wanted: Sequence[_Wanted], layout: Layout, *, grow: bool
) -> list[Line]:
    answer = await admin.create_topics(
        [
            NewTopic(each.name, each.partitions, layout.replication, topic_configs=dict(each.config))
            for each in wanted
        ],
        timeout_ms=_CREATE_MS,
    )
    outcomes = {}
    for topic, code, message, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise ProvisionFault(
                f"Topic {topic} could not be created: {message or error.__name__}. "
                f"Asked were {layout.replication} copies; a cluster of fewer brokers needs --replication."
            )
        outcomes[topic] = not code
    there = [each for each in wanted if not outcomes[each.name]]
    found = {line.name: line for line in await _compare(admin, there, grow=grow)} if there else {}
    return [found.get(each.name) or Line(each.name, Outcome.CREATED) for each in wanted]


async def _compare(admin: AIOKafkaAdminClient, there: Sequence[_Wanted], *, grow: bool) -> list[Line]:
    """What differs between topics as they are and as they should be."""
    described = {
        topic["topic"]: topic for topic in await admin.describe_topics([each.name for each in there])
    }
    configs = await _configs(admin, [each.name for each in there])
    lines = []
    for each in there:
        partitions = len(described[each.name]["partitions"])
        drift = [
            f"{name} is {configs[each.name].get(name)}, not {value}"
            for name, value in each.config.items()
            if configs[each.name].get(name) != value
        ]
        if partitions < each.partitions and grow:
            await _grow(admin, each.name, each.partitions)
            drift.insert(0, f"from {partitions} to {each.partitions} partitions")
            lines.append(Line(each.name, Outcome.GROWN, "; ".join(drift)))
            continue
        if partitions != each.partitions:
            drift.insert(0, f"has {partitions} partitions, not {each.partitions}")
        lines.append(Line(each.name, Outcome.DIFFERS if drift else Outcome.EXISTS, "; ".join(drift)))
    return lines


async def _grow(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    """Add partitions and wait until the brokers tell of them."""
    answer = await admin.create_partitions({topic: NewPartitions(partitions)}, timeout_ms=_CREATE_MS)
    for _, code, message, *_ in answer.topic_errors:
        if code:
            raise ProvisionFault(
                f"Topic {topic} could not grow: {message or for_code(code).__name__}. Try again later."
            )
    for _ in range(_LOOKS):
        [described] = await admin.describe_topics([topic])
        if len(described["partitions"]) == partitions:
            return
        await asyncio.sleep(0.1)
    raise ProvisionFault(f"Topic {topic} has grown, but the brokers do not tell of it yet. Try again later.")


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    # An entry of the answer: error, its message, kind of resource, name, settings (name, value, ...).
    return {
        resource[3]: {setting[0]: setting[1] for setting in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


def _count(lines: Sequence[Line], noun: str) -> str:
    counted = Counter(line.outcome for line in lines)
    return f"{noun}s: {', '.join(f'{counted[each]} {each}' for each in Outcome if counted[each]) or 'none'}"
