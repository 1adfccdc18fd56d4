"""Reports: the council's, what was reported before, and the monthly CBS file."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from services.quota import reporting
from services.quota.routes.parameters import AsKnownOn, Day, Whose, YearAsked, snapshot, today
from services.quota.rules.council import Compared, CouncilReport
from services.quota.world import World
from shared.contracts import FiguresReported
from shared.messaging.process import Process

_LONGEST = 20
"""Years in one report at most: each is a question to the whole ledger."""


def router(process: Process[World]) -> APIRouter:
    """Routes of the reports."""
    routes = APIRouter(tags=["reports"])

    @routes.get("/council")
    async def show_council(
        municipality: Whose, first: YearAsked, last: YearAsked, as_known_on: AsKnownOn = None
    ) -> CouncilReport:
        """The figures for the council, a year each, with the text; the running year as it is today."""
        if not first <= last < first + _LONGEST:
            raise HTTPException(400, f"last must be {first} or later, and {_LONGEST} years in all at most")
        async with snapshot(process) as connection:
            day = await today(connection)
            return await reporting.council_report(connection, municipality, (first, last), day, as_known_on)

    @routes.get("/reports")
    async def show_reports(municipality: Whose) -> list[FiguresReported]:
        """Every month that was reported, exactly as it was said then."""
        async with process.pool.acquire() as connection:
            return await reporting.reported(connection, municipality)

    @routes.get("/reports/{day}")
    async def show_report(day: Annotated[Day, Path()], municipality: Whose) -> Compared:
        """One report as it was said, beside what is known of that day now."""
        async with snapshot(process) as connection:
            found = await reporting.compared(connection, municipality, day)
        if found is None:
            raise HTTPException(404, f"Nothing was reported of {day}: reports are of the last day of a month")
        return found

    @routes.get(
        "/srg",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def show_srg(
        municipality: Whose,
        year: YearAsked,
        month: Annotated[int, Query(ge=1, le=12)],
        as_known_on: AsKnownOn = None,
    ) -> Response:
        """The CBS file of a month, without any BSN: the holder of the vault fills that in."""
        async with snapshot(process) as connection:
            text = await reporting.srg_file(connection, municipality, date(year, month, 1), as_known_on)
        name = f"srg-{municipality}-{year}-{month:02d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    return routes
