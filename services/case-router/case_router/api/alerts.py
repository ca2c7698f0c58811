"""The alert of an urgent case: how often it went out, and that somebody has taken it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import Answer, problems
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.store import alerts, cases, history
from speakup.problems import not_found
from speakup.staff import Staff


class AlertRead(Answer):
    """An alert; it is sent again until it is acknowledged."""

    case_number: str = Field(examples=["2481632047"])
    raised_at: datetime
    sent_at: datetime | None = Field(description="Last; null: not yet.")
    times: int = Field(description="How often it was sent.")
    acknowledged_at: datetime | None
    by: str | None = Field(description="Who acknowledged it.", examples=["officer"])


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/alert` and `POST /cases/{number}/alert/acknowledged`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.get(
        "/cases/{number}/alert", summary="Read an urgent case's alert", responses=problems(401, 404)
    )
    async def read_alert(number: Number, staff: Staff = caller) -> AlertRead:
        """404 where there is none."""
        alert = await noted(parts, staff, number, "case.alert_read", alerts.of_case)
        return AlertRead.model_validate(alert)

    @routes.post(
        "/cases/{number}/alert/acknowledged",
        summary="Take an urgent case",
        responses=problems(401, 404),
    )
    async def acknowledge(number: Number, staff: Staff = caller) -> AlertRead:
        """The alert isn't sent again. Whoever was first is named; a second time changes nothing, so it takes no
        `If-Match`.
        """
        account_id = UUID(staff.account_id)
        async with parts.engine.begin() as connection:
            await _read(connection, staff, number)
            if await alerts.acknowledge(connection, number, account_id):
                await history.note(
                    connection, "alert.acknowledged", [number], account_id=account_id
                )
            return await _read(connection, staff, number)

    return routes


async def _read(connection: AsyncConnection, staff: Staff, number: str) -> AlertRead:
    case = await cases.get(connection, staff, number)
    alert = await alerts.of_case(connection, number) if case is not None else None
    if alert is None:
        raise not_found()
    return AlertRead.model_validate(alert)
