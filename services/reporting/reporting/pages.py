"""The page `/reports`: the figures of a period as plain tables."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from babel.dates import format_skeleton
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from reporting.api import READERS
from reporting.settings import Settings
from reporting.summary import BadPeriodError, Period, summarise
from speakup.i18n import language_of
from speakup.pages import Pages
from speakup.problems import not_found
from speakup.staff import Verifier, bearer


def router(engine: AsyncEngine, settings: Settings, verifier: Verifier) -> APIRouter:
    """The page's route."""
    routes = APIRouter()
    pages = Pages(Path(__file__).parent / "templates")

    @routes.get("/reports", include_in_schema=False)
    async def reports(request: Request) -> Response:
        token = bearer(request)
        staff = verifier.verify(token) if token else None
        if staff is None:
            # The language that was asked for goes along.
            lang = f"&lang={language_of(request)}" if "lang" in request.query_params else ""
            return RedirectResponse(f"/login?next=/reports{lang}", 303)
        if staff.role not in READERS:
            raise not_found()
        first, last = (request.query_params.get(name, "") for name in ("from", "to"))
        try:
            summary = await summarise(engine, Period.parse(first, last))
        except BadPeriodError:
            summary = None
        return pages.show(
            request,
            "reports.html",
            status=422 if summary is None else 200,
            summary=summary,
            first=first,
            last=last,
            zone=settings.timezone.key,
            months=_months(
                [*summary.month, *summary.calls.month] if summary else [], language_of(request)
            ),
        )

    return routes


def _months(months: list[str], language: str) -> dict[str, str]:
    return {
        month: format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=language)
        for month in months
    }
