"""The profiles that an admin sets at run time: clocks, retention, alerts."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from case_router.api.answers import problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.profiles import MODELS, AlertsProfile, RetentionProfile
from case_router.sla import Sla
from case_router.store import history
from speakup.staff import Role, Staff

P = TypeVar("P", bound=BaseModel)


def router(parts: Parts) -> APIRouter:
    """`GET` and `PUT /profiles/{sla,retention,alerts}`."""
    routes = APIRouter(
        prefix=f"{PREFIX}/profiles",
        tags=["profiles"],
        dependencies=[IN_THE_DOCS],
        responses=problems(401, 404, 422),
    )
    admin = Depends(parts.caller(frozenset({Role.admin})))

    @routes.get("/sla", summary="Read the SLA profile")
    async def get_sla(staff: Staff = admin) -> Sla:
        """Until when reporters are owed what."""
        return await _get(parts, Sla)

    @routes.put("/sla", summary="Set the SLA profile")
    async def put_sla(profile: Sla, staff: Staff = admin) -> Sla:
        """For the clocks that begin from now on; a case keeps the due dates that it has."""
        return await _put(parts, staff, profile)

    @routes.get("/retention", summary="Read the retention profile")
    async def get_retention(staff: Staff = admin) -> RetentionProfile:
        """After how long closed cases are proposed for erasure."""
        return await _get(parts, RetentionProfile)

    @routes.put("/retention", summary="Set the retention profile")
    async def put_retention(profile: RetentionProfile, staff: Staff = admin) -> RetentionProfile:
        """Nothing is erased by it: that is proposed, and decided by two people."""
        return await _put(parts, staff, profile)

    @routes.get("/alerts", summary="Read the alerts profile")
    async def get_alerts(staff: Staff = admin) -> AlertsProfile:
        """How insistent alerts of urgent cases are."""
        return await _get(parts, AlertsProfile)

    @routes.put("/alerts", summary="Set the alerts profile")
    async def put_alerts(profile: AlertsProfile, staff: Staff = admin) -> AlertsProfile:
        """Holds for alerts that are sent from now on."""
        return await _put(parts, staff, profile)

    return routes


async def _get(parts: Parts, model: type[P]) -> P:
    async with parts.engine.connect() as connection:
        return await parts.profiles.get(connection, model)


async def _put(parts: Parts, staff: Staff, profile: P) -> P:
    async with parts.engine.begin() as connection:
        await parts.profiles.put(connection, profile, UUID(staff.account_id))
        await history.note(
            connection,
            "profile.changed",
            [None],
            account_id=UUID(staff.account_id),
            subject=MODELS[type(profile)],
        )
    return profile
