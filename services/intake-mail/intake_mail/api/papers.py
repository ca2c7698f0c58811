"""What the desk prints: separator sheets and the register."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from intake_mail import papers, store
from intake_mail.api.answers import problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from speakup.i18n import language_of
from speakup.staff import Staff

REGISTER_ROWS = 20_000

PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "PDF"}
}


def router(parts: DeskParts) -> APIRouter:
    """`/separators.pdf` and `/register.pdf`."""
    routes = APIRouter(prefix=PREFIX, tags=["letters"], dependencies=[IN_THE_DOCS])
    clerk, keeper = Depends(parts.clerk()), Depends(parts.keeper())

    @routes.get(
        "/separators.pdf",
        summary="Separator sheets",
        response_class=Response,
        responses=PDF | problems(401, 404, 422),
    )
    async def separators(
        request: Request, count: Annotated[int, Query(ge=1, le=100)] = 10, _: Staff = clerk
    ) -> Response:
        """One goes before each letter of a pile that is scanned at once; they are used again."""
        made = await asyncio.to_thread(papers.separator_sheets, count, language_of(request))
        return pdf(made, "separators")

    @routes.get(
        "/register.pdf",
        summary="The register, printed",
        response_class=Response,
        responses=PDF | problems(401, 404, 422, 503),
    )
    async def register(
        request: Request,
        year: Annotated[int | None, Query(ge=2000, le=9999)] = None,
        staff: Staff = keeper,
    ) -> Response:
        """All letters of a year, or of all years, oldest first."""
        async with parts.parts.engine.connect() as connection:
            lines = await store.lines(connection, year=year, limit=REGISTER_ROWS)
        made = await asyncio.to_thread(
            papers.register,
            lines[::-1],
            year=year,
            language=language_of(request),
            printed_at=datetime.now(parts.parts.settings.timezone),
            printed_by=staff.name,
        )
        return pdf(made, "register")

    return routes


def pdf(content: bytes, name: str) -> Response:
    """To be shown and printed by the browser."""
    return Response(
        content,
        media_type="application/pdf",
        headers={"content-disposition": f'inline; filename="{name}.pdf"'},
    )
