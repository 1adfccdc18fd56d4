"""Topic names: `<prefix>.<partner>.<stream>` and the registry, `<prefix>.registry`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.contracts.base import Stream

PARTNER = r"[a-z0-9-]+"


@dataclass(frozen=True, slots=True)
class Topics:
    """Names under one prefix; tests and shared clusters keep apart by it."""

    prefix: str = "werkbedrijf"

    @property
    def registry(self) -> str:
        """The compacted topic that says who may state what."""
        return f"{self.prefix}.{Stream.REGISTRY}"

    def of(self, partner: str, stream: Stream) -> str:
        """The topic of one partner's stream."""
        return _of(self.prefix, partner, stream)

    def parse(self, topic: str) -> tuple[str, Stream]:
        """Partner and stream of a topic; the registry belongs to no partner and gives ''.

        Raises:
            ValueError: the topic is not one of ours.
        """
        return _parse(self.prefix, topic)

    def pattern(
        self, streams: Iterable[Stream], inbox_of: Iterable[str] = (), *, but: Iterable[str] = ()
    ) -> str:
        """A subscription: these streams of all partners, the registry, and some partners' inboxes.

        Args:
            but: topics that are left out.
        """
        prefix = re.escape(self.prefix)
        left_out = "|".join(sorted(re.escape(topic) for topic in but))
        shared = "|".join(sorted(s for s in streams if s is not Stream.REGISTRY))
        parts = [rf"{PARTNER}\.(?:{shared})"] if shared else []
        inboxes = "|".join(sorted(re.escape(p) for p in inbox_of))
        if inboxes:
            parts.append(rf"(?:{inboxes})\.{Stream.INBOX}")
        parts.append(str(Stream.REGISTRY))
        not_these = f"(?!(?:{left_out})$)" if left_out else ""
        return rf"^{not_these}{prefix}\.(?:{'|'.join(parts)})$"


@lru_cache(maxsize=4096)  # both are asked of every record, and there are few topics
def _of(prefix: str, partner: str, stream: Stream) -> str:
    return f"{prefix}.{Stream.REGISTRY}" if stream is Stream.REGISTRY else f"{prefix}.{partner}.{stream}"


@lru_cache(maxsize=4096)
def _parse(prefix: str, topic: str) -> tuple[str, Stream]:
    if topic == f"{prefix}.{Stream.REGISTRY}":
        return "", Stream.REGISTRY
    partner, _, stream = topic.removeprefix(f"{prefix}.").rpartition(".")
    # A partner may make topics under its own name, and `<prefix>.<partner>.registry` is not the registry.
    ours = topic.startswith(f"{prefix}.") and re.fullmatch(PARTNER, partner) and stream != Stream.REGISTRY
    if not ours:
        raise ValueError(f"{topic} is not a topic under {prefix}")
    return partner, Stream(stream)
