"""Which fund pays for a contract, where the municipality decides that for one contract."""

from __future__ import annotations

from datetime import date
from typing import Self

from shared.contracts.base import CalendarDate, Data, Fund, Municipality, OpaqueId, Role, Stream, Text


class FundAssigned(
    Data, name="funds.assigned", stream=Stream.INTAKE, key="municipality", role=Role.MUNICIPALITY
):
    """From a day on this contract is paid from this fund; it moves there, and nothing else of it changes.

    Contracts that nothing is said of fill the funds in their order: ministry, redistribution, council.
    """

    municipality: Municipality
    """Whose number it counts for; the assignment holds while the person lives there."""
    placement: OpaqueId
    """The contract."""
    fund: Fund | None
    """Who pays; null puts it back among those that fill the funds in their order."""
    from_on: CalendarDate
    """First day on which it is so."""
    reason: Text
    """Why: the decision it rests on."""

    @classmethod
    def sample(cls) -> Self:
        """The council takes over a contract."""
        return cls(
            municipality="0114",
            placement="pl-88",
            fund=Fund.COUNCIL,
            from_on=date(2022, 1, 1),
            reason="Raadsbesluit extra plekken 2022 (aangenomen)",
        )
