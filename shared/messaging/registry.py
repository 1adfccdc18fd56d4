"""Who may state what: the partners as the registry topic tells them, kept in each service's database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.contracts import ClockTicked, PartnerChanged, PartnerRegistered, RefusalCode
from shared.contracts.base import Data, Role, ServiceName, Stream
from shared.messaging.event import Event
from shared.messaging.refusal import Refusal

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_MUNICIPALITY: Final = frozenset({Role.MUNICIPALITY})
"""What only a municipality states, it states for itself: not its neighbour's number or decision."""

Partner = PartnerRegistered | PartnerChanged


@dataclass(frozen=True, slots=True)
class Registry:
    """The partners at this moment, by name."""

    partners: Mapping[str, Partner]

    @classmethod
    def of(cls, partners: Iterable[Partner]) -> Registry:
        """A registry of these partners."""
        return cls({partner.partner: partner for partner in partners})

    @classmethod
    def read(cls, texts: Iterable[str]) -> Registry:
        """A registry of the partners with these entries, each as JSON."""
        return cls.of(map(_parsed, texts))

    def with_role(self, role: Role) -> list[Partner]:
        """Partners that have the role, in order of name."""
        return [p for _, p in sorted(self.partners.items()) if role in p.roles]

    def municipality(self, code: str) -> Partner | None:
        """The partner that is the municipality with this CBS code."""
        return next((p for p in self.with_role(Role.MUNICIPALITY) if code in p.municipalities), None)

    def source_of(self, operator: str, service: ServiceName) -> str | None:
        """The `source` of what a service states for its operator; None while the operator is unknown."""
        partner = self.partners.get(operator)
        return None if partner is None else f"{partner.urn}:systeem:werkbedrijf-{service}"

    def objection(self, event: Event) -> Refusal | None:
        """Why this event is not its sender's to state, or None when it is.

        The partner comes from the topic, which a broker's ACL proves; `source` is only a claim.
        """
        if event.stream is Stream.REGISTRY:
            return self._registry_objection(event)
        partner = self.partners[event.partner]
        if not event.source.startswith(f"{partner.urn}:systeem:"):
            return Refusal(
                RefusalCode.SOURCE_NOT_YOURS,
                f"{event.partner} states as {partner.urn}:systeem:<name>",
                "source",
            )
        if not _may_state(partner, event.data):
            return Refusal(RefusalCode.ROLE_NOT_ALLOWED, f"not {event.partner}'s to state", "type")
        if event.stream is not Stream.INBOX and event.data.STREAM is not event.stream:
            return Refusal(RefusalCode.ROLE_NOT_ALLOWED, f"belongs on stream {event.data.STREAM}", "type")
        if not _since(partner.agreement.effective_on, event.time):
            return Refusal(
                RefusalCode.PARTNER_NOT_ACTIVE,
                f"the agreement takes effect on {partner.agreement.effective_on}",
                "time",
            )
        return None

    def _registry_objection(self, event: Event) -> Refusal | None:
        if event.data.STREAM is not Stream.REGISTRY:
            return Refusal(RefusalCode.ROLE_NOT_ALLOWED, "not for the registry", "type")
        keepers: list[Partner] = self.with_role(Role.REGIE)
        if not keepers and isinstance(event.data, Partner) and Role.REGIE in event.data.roles:
            keepers = [event.data]  # the first one enters itself; on a real cluster an ACL guards the topic
        if any(event.source.startswith(f"{keeper.urn}:systeem:") for keeper in keepers):
            return None
        return Refusal(
            RefusalCode.SOURCE_NOT_YOURS, "only the partner with the role regie states this", "source"
        )


def _since(day: date, moment: datetime) -> bool:
    # Days of two places lie two apart at most; so of most events the zone need not be asked.
    return (moment.date() - day).days > 2 or amsterdam_date(moment) >= day  # noqa: PLR2004


def amsterdam_date(moment: datetime) -> Any:
    """The calendar date in the Netherlands, where every legal day begins and ends."""
    return moment.astimezone(AMSTERDAM).date()


def _may_state(partner: Partner, data: Data) -> bool:
    if data.SERVICE is not None:
        return any(run.service is data.SERVICE for run in partner.services)
    if data.ROLES == _MUNICIPALITY and getattr(data, "municipality", None) not in partner.municipalities:
        return False
    return not data.ROLES.isdisjoint(partner.roles)


async def load_registry(connection: Any) -> Registry:
    """The registry as the database has it."""
    rows = await connection.fetch("SELECT data::text AS data FROM partners")
    return Registry.read(row["data"] for row in rows)


async def save_partner(connection: Any, partner: Partner) -> None:
    """Let the newest entry of a partner replace the one before."""
    await connection.execute(
        "INSERT INTO partners (partner, data) VALUES ($1, $2) "
        "ON CONFLICT (partner) DO UPDATE SET data = excluded.data",
        partner.partner,
        partner.model_dump(mode="json"),
    )


async def save_tick(connection: Any, tick: ClockTicked) -> None:
    """Remember how far the scenario clock has come; it never goes back."""
    await connection.execute(
        "INSERT INTO clock (ticked_at) VALUES ($1) ON CONFLICT (only_row) "
        "DO UPDATE SET ticked_at = greatest(clock.ticked_at, excluded.ticked_at)",
        tick.at,
    )


_known: dict[str, PartnerRegistered] = {}


def _parsed(text: str) -> PartnerRegistered:
    # A batch reads the registry, and validating six partners costs more than the query.
    if (partner := _known.get(text)) is None:
        partner = _known[text] = PartnerRegistered.model_validate_json(text)
    return partner
