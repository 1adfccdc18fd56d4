"""Every metric, once: name, unit and meaning. Labels never carry ids, names or addresses."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.contracts.base import ServiceName
from shared.messaging.service import Outcome

_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

EVENTS: Final = Counter(
    "werkbedrijf_inbox_events", "Records by what became of them", ["service", "partner", "status"]
)
REJECTED: Final = Counter(
    "werkbedrijf_inbox_rejected", "Records refused, by the contract's code", ["service", "partner", "reason"]
)
BATCH_SECONDS: Final = Histogram(
    "werkbedrijf_batch_seconds", "Time from first statement to commit", ["service"], buckets=_BUCKETS
)
BATCH_EVENTS: Final = Counter("werkbedrijf_batch_events", "Records in committed batches", ["service"])
PUBLISHED: Final = Counter("werkbedrijf_outbox_published", "Events that the broker acknowledged")
RELAY_FAILURES: Final = Counter("werkbedrijf_relay_failures", "Times the relay had to start anew")
OUTBOX_PENDING: Final = Gauge("werkbedrijf_outbox_pending_messages", "Events not yet acknowledged")
OUTBOX_AGE: Final = Gauge("werkbedrijf_outbox_oldest_age_seconds", "Age of the oldest of them")
DEAD_LETTERS: Final = Gauge("werkbedrijf_dlq_messages", "Dead letters that wait for a person")
PARKED: Final = Gauge("werkbedrijf_parked_events", "Facts that wait for the fact they build on")
LAST_POLL: Final = Gauge("werkbedrijf_last_successful_poll_timestamp_seconds", "When Kafka last answered")
MESSAGES: Final = Counter(
    "werkbedrijf_messages", "Messages to people by what became of them", ["template", "outcome"]
)
READY: Final = Gauge("werkbedrijf_ready", "1 while the service is ready")


def batch(service: ServiceName, events: int, seconds: float) -> None:
    """A batch was committed."""
    BATCH_SECONDS.labels(service).observe(seconds)
    BATCH_EVENTS.labels(service).inc(events)


def outcomes(service: ServiceName, outcomes: Sequence[Outcome]) -> None:
    """What became of a batch's records, added up first: a call a record would show in the profile."""
    statuses: Tally[tuple[str, str]] = Tally()
    reasons: Tally[tuple[str, str]] = Tally()
    for outcome in outcomes:
        partner = _partner(outcome.record.topic)
        statuses[partner, outcome.status] += 1
        if outcome.refusal is not None:
            reasons[partner, outcome.refusal.code] += 1
    for (partner, status), n in statuses.items():
        EVENTS.labels(service, partner, status).inc(n)
    for (partner, reason), n in reasons.items():
        REJECTED.labels(service, partner, reason).inc(n)


def _partner(topic: str) -> str:
    # Bounded by the topics that `provision` made: a stranger cannot add labels.
    parts = topic.split(".")
    return parts[-2] if len(parts) > 2 else parts[-1]  # noqa: PLR2004 - prefix.partner.stream
