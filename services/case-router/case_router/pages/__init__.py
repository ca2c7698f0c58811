"""The pages `/cases`: server-rendered, one file a page, made of what the case API answers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from case_router.api.parts import Parts
from case_router.pages import assets, board, changing, day, files, inbox, one_case, uploading
from case_router.pages.desk import Desk, page_route
from case_router.pages.inside import Api

__all__ = ["BODIES", "router"]

BODIES = changing.BODIES | uploading.BODIES
"""For `Service.bodies`."""


def router(parts: Parts, api: Sequence[APIRouter]) -> APIRouter:
    """All pages; `api`: the routers of the case API."""
    desk = Desk(parts, Api(api))
    routes = APIRouter(include_in_schema=False, route_class=page_route(desk))
    # What has a name of its own before what is named by a case.
    for module in (assets, inbox, day, board, files, uploading, changing, one_case):
        module.add(routes, desk)
    return routes
