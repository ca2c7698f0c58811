"""What a case's page shows of files: a call's message in another's voice, pictures of pages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from case_router.pages.desk import Desk
from case_router.pages.one_case import Number
from case_router.preview import HEAD
from speakup.problems import Problem, not_found
from speakup.sandbox import SandboxError
from speakup.staff import Staff

Index = Annotated[int, Path(ge=0, le=100_000)]
PageOf = Annotated[int, Query(ge=0, le=10_000)]
MOST_PAGES = 50
"""Shown of one file; the rest is in the file."""


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/{number}/sound/…` and `/cases/{number}/preview/…`."""
    worker = Depends(desk.worker)

    @routes.get("/cases/{number}/sound/{recording_id}")
    async def sound(
        request: Request, number: Number, recording_id: UUID, _: Staff = worker
    ) -> Response:
        answer = await desk.api.get(request, f"/cases/{number}/recordings/{recording_id}")
        return Response(answer.content, media_type="audio/wav")

    async def previewed(request: Request, number: str, source: str, file: str) -> Response:
        count, _picture = await _page(desk, request, file, 0)
        return desk.show(
            request,
            "preview.html",
            number_of=number,
            pages=range(min(count, MOST_PAGES)),
            more=count > MOST_PAGES,
            source=f"/cases/{number}/preview/{source}/picture",
        )

    async def pictured(request: Request, file: str, page: int) -> Response:
        _count, png = await _page(desk, request, file, page)
        return Response(png, media_type="image/png")

    @routes.get("/cases/{number}/preview/file/{file_id}")
    async def preview_own(
        request: Request, number: Number, file_id: UUID, _: Staff = worker
    ) -> Response:
        return await previewed(request, number, f"file/{file_id}", _own(number, file_id))

    @routes.get("/cases/{number}/preview/file/{file_id}/picture")
    async def picture_own(
        request: Request, number: Number, file_id: UUID, page: PageOf = 0, _: Staff = worker
    ) -> Response:
        return await pictured(request, _own(number, file_id), page)

    @routes.get("/cases/{number}/preview/{submission_id}/{index}")
    async def preview(
        request: Request, number: Number, submission_id: UUID, index: Index, _: Staff = worker
    ) -> Response:
        file = _attached(number, submission_id, index)
        return await previewed(request, number, f"{submission_id}/{index}", file)

    @routes.get("/cases/{number}/preview/{submission_id}/{index}/picture")
    async def picture(
        request: Request,
        number: Number,
        submission_id: UUID,
        index: Index,
        page: PageOf = 0,
        _: Staff = worker,
    ) -> Response:
        return await pictured(request, _attached(number, submission_id, index), page)


def _own(number: str, file_id: UUID) -> str:
    """Of a file that staff added: where the API has it."""
    return f"/cases/{number}/files/{file_id}"


def _attached(number: str, submission_id: UUID, index: int) -> str:
    return f"/cases/{number}/submissions/{submission_id}/attachments/{index}"


async def _page(desk: Desk, request: Request, path: str, page: int) -> tuple[int, bytes]:
    """How many pages the file has, and one of them. Raises Problem 404, 409, 503."""
    file = await desk.api.get(request, path)
    try:
        made = await desk.parts.previews.run(HEAD.pack(page) + file.content)
    except SandboxError as error:
        if str(error) in ("closed", "unstartable"):
            raise Problem(503, "Previews can't be made at the moment; download the file.") from None
        if page:
            raise not_found() from None
        raise Problem(409, "There is no preview of this file; download it.") from None
    (count,) = HEAD.unpack_from(made)
    return count, made[HEAD.size :]
