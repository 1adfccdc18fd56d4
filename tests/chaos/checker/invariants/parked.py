"""Parked facts are taken up: when all has been said, nothing waits for anything."""

from __future__ import annotations

from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.invariants.invariant import Violation
from tests.chaos.checker.log import Told
from tests.delivery.region import SERVICES


class ParkedTakenUp:
    """Asks every service what still waits."""

    def see(self, told: Told) -> None:
        """Nothing on the topics says what is parked."""

    async def verdict(self, evidence: Evidence) -> list[Violation]:
        """What waits for a fact though every fact was stated."""
        return [
            Violation("lost", row["waits_for"][0].partition(":")[2], f"parked in {service}: {row['id']}")
            for service in SERVICES
            for row in await evidence.ask(service, "/ops/parked")
        ]
