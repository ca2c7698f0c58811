"""A letter's pages: their pictures, and what is corrected of their text."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from intake_mail.api import found
from intake_mail.api.answers import Letter, problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from intake_mail.api.drafts import Body, OnPaper, Told
from intake_mail.desk import TEXT_CHARACTERS
from speakup.events import Language
from speakup.problems import not_found
from speakup.staff import Staff

Rotation = Literal[0, 90, 180, 270]


class PageChange(Body):
    """What is said of a page; what isn't named stays."""

    text: Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS), OnPaper] = ""
    rotation: Rotation = 0
    dropped: bool = False
    handwritten: bool = False


class ReadAgain(Body):
    """How the page is to be read."""

    language: Language | None = None
    rotation: Rotation = 0


def router(parts: DeskParts) -> APIRouter:
    """What is done with one page."""
    routes = APIRouter(
        prefix=f"{PREFIX}/{{letter_id}}/pages/{{page_id}}",
        tags=["letters"],
        dependencies=[IN_THE_DOCS],
    )
    reader = Depends(parts.reader())
    told = problems(401, 403, 404, 409, 422, 503)

    @routes.patch("", summary="Correct a page", response_model=Letter, responses=told)
    async def change(
        request: Request, letter_id: UUID, page_id: UUID, body: PageChange, _: Staff = reader
    ) -> Response:
        """Text that a person wrote is never written over by the machine, unless it is asked to read again."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        with Told(request):
            await parts.desk.change_page(letter_id, page_id, changes)
        return await found.shown(parts, request, letter_id)

    @routes.post("/read", summary="Read a page again", response_model=Letter, responses=told)
    async def read(
        request: Request, letter_id: UUID, page_id: UUID, body: ReadAgain, _: Staff = reader
    ) -> Response:
        """In one language, or in all three; its text goes."""
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        with Told(request):
            await parts.desk.read_again(letter_id, page_id, changes)
        return await found.shown(parts, request, letter_id)

    @routes.get(
        "/picture",
        summary="A page's picture",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, **problems(401, 403, 404, 503)},
    )
    async def picture(letter_id: UUID, page_id: UUID, _: Staff = reader) -> Response:
        """As it was scanned, not turned. No browser keeps it."""
        async with parts.parts.engine.connect() as connection:
            opened = await parts.parts.rows.get(connection, letter_id)
        pages = opened.draft.pages if opened is not None and opened.state == "draft" else ()
        blob = next((page.blob for page in pages if page.page_id == page_id), None)
        if blob is None:
            raise not_found()
        png = await parts.parts.blobs.get(blob)
        return Response(png, media_type="image/png")

    return routes
