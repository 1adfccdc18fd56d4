"""One message a step: a step is told once, a message comes to one end, and nobody gets a letter twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Final

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told

Step = tuple[str, str]
"""Which text, and of what."""


def _contract(data: dict[str, Any]) -> Step | None:
    counts = data["rung"] == "sheltered_work" and data["contract"] != "none"
    return ("contract-started", data["placement"]) if counts else None


def _decision(data: dict[str, Any]) -> Step | None:
    return None if data["outcome"] == "withdrawn" else (f"decision-{data['outcome']}", data["decided_on"])


def _declined(data: dict[str, Any]) -> Step:
    return f"proposal-declined-{'self' if data['by'] == 'participant' else 'other'}", data["proposal"]


def _withdrawn(data: dict[str, Any]) -> Step | None:
    told = data["reason"] in {"place-withdrawn", "reservation-lost"}
    return ("proposal-withdrawn", data["proposal"]) if told else None


TOLD: Final[dict[str, Callable[[dict[str, Any]], Step | None]]] = {
    "participants.registered": lambda data: ("welcome", data["registered_on"]),
    "participants.advised": lambda data: (f"advice-{data['outcome']}", data["advised_on"]),
    "participants.decided": _decision,
    "waiting.joined": lambda data: ("waiting-joined", data["joined_on"]),
    "waiting.left": lambda data: ("waiting-left", data["left_on"]) if data["reason"] == "withdrawn" else None,
    "bridges.offered": lambda data: ("bridge-offered", data["offered_on"]),
    "proposals.made": lambda data: ("proposal-made", data["proposal"]),
    "proposals.accepted": lambda data: ("proposal-accepted", data["proposal"]),
    "proposals.declined": _declined,
    "proposals.expired": lambda data: ("proposal-expired", data["proposal"]),
    "proposals.withdrawn": _withdrawn,
    "placements.started": _contract,
}
"""What is told to the person, as the README of notifications lists it."""


_EMMEN: Final = "0114"


class OneMessageAStep:
    """Compares the steps with the messages queued, these with their ends, and those with the mails."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._messages: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._queued: Counter[str] = Counter()
        self._whose: dict[str, str] = {}
        self._ends: dict[str, list[str]] = defaultdict(list)
        self._elsewhere: set[str] = set()

    def see(self, told: Told) -> None:
        """Note steps, messages and ends."""
        if not told.first or told.stream == "inbox":
            return
        data = told.data
        if told.type == "participants.registered" and data["municipality"] != _EMMEN:
            self._elsewhere.add(told.key)
        if told.type in TOLD:
            step = TOLD[told.type](data)
            if step is not None:
                self._steps[told.key, step[0]].add(step[1])
        elif told.type == "notifications.queued":
            self._queued[data["notification"]] += 1
            self._whose[data["notification"]] = told.key
            self._messages[told.key, data["template"]].add(data["notification"])
        elif told.stream == "notifications" and (told.type != "notifications.failed" or data["final"]):
            self._ends[data["notification"]].append(data.get("code") or told.type)

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """Steps without a message, messages without an end, and letters that went out twice."""
        found = []
        # What is still to be sent has no end yet; there is no more of that than the service says.
        to_be_sent = (await evidence.ask("notifications", "/v1/pending"))["jobs"]
        endless = [name for name in self._queued if not self._ends[name]]
        if len(endless) > to_be_sent:
            what = f"{len(endless)} messages came to no end, and {to_be_sent} are still to be sent"
            found.append(Violation("lost", self._whose[endless[0]], what))
        for person, template in self._steps.keys() | self._messages.keys():
            # Who lives elsewhere is written to by another operator, and by nobody here.
            here = person not in self._elsewhere
            steps = len(self._steps[person, template]) if here else 0
            messages = len(self._messages[person, template])
            if steps != messages:
                counts_as = "lost" if steps > messages else "messages_doubled"
                found.append(Violation(counts_as, person, f"{steps} steps `{template}`, {messages} messages"))
        for name, times in self._queued.items():
            if times > 1:
                found.append(Violation("messages_doubled", name, f"queued {times} times"))
            ends = self._ends[name]
            if len(ends) > 1 and ends != ["outcome-unknown", "notifications.sent"]:
                found.append(Violation("messages_doubled", name, f"came to several ends: {ends}"))
        mails = evidence.mails()
        found += [
            Violation("messages_doubled", n, f"handed over {k} times") for n, k in mails.items() if k > 1
        ]
        found += [
            Violation("messages_doubled", n, "sent without being queued")
            for n in mails
            if n not in self._whose
        ]
        for name, ends in self._ends.items():
            if "notifications.sent" in ends and not mails[name]:
                found.append(Violation("lost", name, "said to be sent, and the mail server never got it"))
            if ends and mails[name] and not {"notifications.sent", "outcome-unknown"} & set(ends):
                found.append(
                    Violation("messages_doubled", name, f"the mail server got it, and it says {ends}")
                )
        return found
