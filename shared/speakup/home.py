"""The page `/`: what the service is, its channels and which of them work, links for staff."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic_settings import BaseSettings, SettingsConfigDict

from speakup.pages import Pages

PHONE = "8-800-080-8089"
"""The free number, as the company publishes it."""


class Face(BaseSettings):
    """What the page shows of the installation."""

    model_config = SettingsConfigDict(env_prefix="SPEAKUP_", frozen=True, extra="ignore")

    email_address: str = "speakup@localhost"


def router() -> APIRouter:
    """The page's route."""
    routes, pages, face = APIRouter(), Pages(), Face()

    @routes.get("/", include_in_schema=False)
    async def home(request: Request) -> HTMLResponse:
        return pages.show(request, "home.html", phone=PHONE, email=face.email_address)

    return routes
