"""What lies ahead: the forecast to 31 December, and what if."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query

from services.quota import outlook
from services.quota.routes.parameters import AsKnownOn, AsOf, Day, Whose, snapshot, today
from services.quota.rules.forecast import Forecast, WhatIf
from services.quota.world import World
from shared.messaging.process import Process

_MorePlaces = Annotated[
    Decimal,
    Query(
        ge=-10_000,
        le=10_000,
        decimal_places=2,
        description="What if the number were so much higher, or lower",
    ),
]
_Inflow = Annotated[
    Decimal,
    Query(
        ge=0,
        le=10_000,
        decimal_places=2,
        description="What if a partner joined who brings so many people a year to a contract",
    ),
]
_JoinsOn = Annotated[Day | None, Query(description="From when; from the day itself if left out")]


def router(process: Process[World]) -> APIRouter:
    """Routes of the forecast; they read and write nothing."""
    routes = APIRouter(tags=["ahead"])

    @routes.get("/forecast")
    async def show_forecast(
        municipality: Whose,
        as_of: AsOf = None,
        as_known_on: AsKnownOn = None,
        more_places: _MorePlaces = Decimal(0),
        inflow_a_year: _Inflow = Decimal(0),
        joins_on: _JoinsOn = None,
    ) -> Forecast:
        """How full the number will be on 31 December, with the sum and a range; nothing is changed."""
        what_if = WhatIf(more_places, inflow_a_year, joins_on)
        async with snapshot(process) as connection:
            day = as_of or await today(connection)
            return await outlook.forecast_of(connection, municipality, day, as_known_on, what_if)

    return routes
