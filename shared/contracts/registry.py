"""The registry: who takes part, in which role, and under which agreement; and the scenario's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.base import (
    CalendarDate,
    Data,
    Instant,
    Part,
    PartnerName,
    Role,
    ServiceName,
    Stream,
    Text,
)
from shared.contracts.checks import require_unique
from shared.contracts.vocabulary import Municipalities

PartnerUrn = Annotated[str, StringConstraints(pattern=r"^urn:nld:(oin:[0-9]{20}|kvknr:[0-9]{8})$")]
"""Who the organisation is: an OIN for government, a number of the trade register for others."""

BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@/]+(/[^\s?#]*)?$", max_length=300)]
"""The address under which a service is reached, without credentials, query or fragment."""


class PartnerService(Part):
    """A service that a partner runs, and for whom."""

    service: ServiceName
    """The service."""
    for_municipalities: Municipalities = ()
    """For whose residents; empty for a partner's own door."""


class Agreement(Part):
    """Under which agreement a partner takes part."""

    name: Text
    """What it is called."""
    effective_on: CalendarDate
    """First day on which the partner's events are accepted."""


class _Partner(Data):
    """A partner's whole record."""

    partner: PartnerName
    """Short name, also the second part of its topics."""
    display_name: Text
    """Name as people know it."""
    urn: PartnerUrn
    """Who the organisation is."""
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))]
    """What it may state."""
    municipalities: Municipalities
    """Municipalities it works for; for a municipality: itself."""
    services: Annotated[tuple[PartnerService, ...], Field(max_length=len(ServiceName))] = ()
    """Services it runs."""
    vault: BaseUrl | None = None
    """Where its vault of personal data answers, for whom may ask; null without one."""
    agreement: Agreement
    """The agreement it joined under."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_unique("roles", self.roles)
        require_unique("municipalities", self.municipalities)
        require_unique("services", tuple(each.service for each in self.services))
        if Role.MUNICIPALITY in self.roles and not self.municipalities:
            raise ValueError("municipalities must name the municipality that the partner is")
        return self

    @property
    def source(self) -> str:
        """The CloudEvents source of its events."""
        return f"{self.urn}:systeem:{self.partner}"

    @classmethod
    def sample(cls) -> Self:
        """Menso, which guides people and runs matching (the number is fictive)."""
        return cls(
            partner="menso",
            display_name="Menso",
            urn="urn:nld:kvknr:90000002",
            roles=(Role.GUIDE,),
            municipalities=("0114",),
            services=(
                PartnerService(service=ServiceName.INTAKE),
                PartnerService(service=ServiceName.MATCHING, for_municipalities=("0114",)),
            ),
            vault="http://127.0.0.1:18101",
            agreement=Agreement(
                name="Uitvoering beschut werk 2017 (aangenomen)", effective_on=date(2017, 1, 1)
            ),
        )


class PartnerRegistered(
    _Partner, name="partners.registered", stream=Stream.REGISTRY, key="partner", role=Role.REGIE
):
    """A partner takes part."""


class PartnerChanged(
    _Partner, name="partners.changed", stream=Stream.REGISTRY, key="partner", role=Role.REGIE
):
    """A partner's record is different; this replaces all that was said of it."""


class ClockTicked(Data, name="clock.ticked", stream=Stream.REGISTRY, role=Role.REGIE):
    """It is that late now, in a scenario; in production each service ticks itself."""

    at: Instant
    """What time it is."""

    @classmethod
    def sample(cls) -> Self:
        """A morning in January."""
        return cls(at=datetime(2017, 1, 23, 8, 0, tzinfo=UTC))
