"""The page `/`: what the service is, its channels and which of them work, links for staff."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from speakup.pages import Pages
from speakup.settings import Common

PHONE = "8-800-080-8089"
"""The free number, as the company publishes it."""


def router(settings: Common, *, takes_calls: bool = False) -> APIRouter:
    """The page's route. `takes_calls`: the phone is connected."""
    routes, pages = APIRouter(), Pages()

    @routes.get("/", include_in_schema=False)
    async def home(request: Request) -> HTMLResponse:
        return pages.show(
            request,
            "home.html",
            phone=PHONE,
            email=settings.email_address,
            takes_calls=takes_calls,
        )

    return routes
