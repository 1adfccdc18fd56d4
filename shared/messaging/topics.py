"""Topic names: `<prefix>.<partner>.<stream>` and the registry, `<prefix>.registry`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

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
        return self.registry if stream is Stream.REGISTRY else f"{self.prefix}.{partner}.{stream}"

    def parse(self, topic: str) -> tuple[str, Stream]:
        """Partner and stream of a topic; the registry belongs to no partner and gives ''.

        Raises:
            ValueError: the topic is not one of ours.
        """
        if topic == self.registry:
            return "", Stream.REGISTRY
        prefix = f"{self.prefix}."
        partner, _, stream = topic.removeprefix(prefix).rpartition(".")
        # A partner may make topics under its own name, and `<prefix>.<partner>.registry` is not the registry.
        if not topic.startswith(prefix) or not re.fullmatch(PARTNER, partner) or stream == Stream.REGISTRY:
            raise ValueError(f"{topic} is not a topic under {self.prefix}")
        return partner, Stream(stream)

    def pattern(self, streams: Iterable[Stream], inbox_of: Iterable[str] = ()) -> str:
        """A subscription: these streams of all partners, the registry, and some partners' inboxes."""
        prefix = re.escape(self.prefix)
        shared = "|".join(sorted(s for s in streams if s is not Stream.REGISTRY))
        parts = [rf"{PARTNER}\.(?:{shared})"] if shared else []
        inboxes = "|".join(sorted(re.escape(p) for p in inbox_of))
        if inboxes:
            parts.append(rf"(?:{inboxes})\.{Stream.INBOX}")
        parts.append(str(Stream.REGISTRY))
        return rf"^{prefix}\.(?:{'|'.join(parts)})$"
