"""The statistics API: figures of a period as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.settings import Settings
from reporting.summary import BadPeriodError, Period, summarise
from speakup.problems import Problem
from speakup.staff import Role, Verifier, require

READERS = frozenset({Role.auditor, Role.officer, Role.admin, Role.chair})

Day = Annotated[str | None, Query(json_schema_extra={"format": "date"})]


def router(engine: AsyncEngine, settings: Settings, verifier: Verifier) -> APIRouter:
    """Routes under `/api/v1/reports`."""
    routes = APIRouter(prefix="/api/v1/reports", tags=["reports"])

    @routes.get("/summary", dependencies=[Depends(require(verifier, READERS))])
    async def summary(
        from_: Annotated[Day, Query(alias="from")] = None, to: Day = None
    ) -> dict[str, Any]:
        """Cases by channel, kind, language, status and month of receipt; calls by language and month, and
        those `abandoned`: without a submission.

        `from` and `to` are days in the time zone told, both included, each may be left out.
        """
        try:
            period = Period.parse(from_, to)
        except BadPeriodError as error:
            raise Problem(422, str(error)) from None
        return {
            "from": period.first,
            "to": period.last,
            "timezone": settings.timezone.key,
            **asdict(await summarise(engine, period)),
        }

    return routes
