"""What came with a submission as files: attachments, the whole text, the message as it came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import problems
from case_router.api.downloads import download
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import cases
from case_router.store.narratives import open_content
from case_router.store.rows import AnyRow
from speakup.logs import get_logger
from speakup.problems import Problem, not_found
from speakup.seal import CannotOpenError
from speakup.staff import Staff
from speakup.submission import Attachment, Blob, Content

SUBMISSION = "/cases/{number}/submissions/{submission_id}"

Index = Annotated[int, Path(ge=0, le=100_000, description="The attachment's `index`.")]

ANSWERS = problems(401, 403, 404, 410) | {
    200: {"description": "The bytes, to be saved.", "content": {"application/octet-stream": {}}}
}
"""Of a route that gives a file."""

T = TypeVar("T")

log = get_logger("case-router")


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/submissions/{submission_id}/…`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.get(
        f"{SUBMISSION}/attachments/{{index}}",
        summary="Download an attachment",
        response_class=Response,
        responses=ANSWERS,
    )
    async def attachment(
        number: Number, submission_id: UUID, index: Index, staff: Staff = reader
    ) -> Response:
        """Always as a download: what strangers send is never opened by the browser."""
        content = await _open(parts, staff, number, submission_id, f"attachment/{index}")
        return await attached(parts, content.attachments, index)

    @routes.get(
        f"{SUBMISSION}/raw",
        summary="Download the message as it came",
        response_class=Response,
        responses=ANSWERS,
    )
    async def raw(number: Number, submission_id: UUID, staff: Staff = reader) -> Response:
        """For what can't be read by machine, and for a court. Without its routing headers."""
        content = await _open(parts, staff, number, submission_id, "raw")
        if content.raw is not None:
            return download(content.raw, "", f"{number}.eml")
        if content.raw_blob is None:
            raise not_found()
        return download(await fetch(parts, content.raw_blob), "", f"{number}.eml")

    @routes.get(
        f"{SUBMISSION}/text",
        summary="Download the whole text",
        response_class=Response,
        responses=ANSWERS,
    )
    async def text(number: Number, submission_id: UUID, staff: Staff = reader) -> Response:
        """UTF-8; needed where the case shows the text `cut`."""
        content = await _open(parts, staff, number, submission_id, "text")
        if content.full_text is None:
            return download(content.text.encode(), "", f"{number}.txt")
        return download(await fetch(parts, content.full_text), "", f"{number}.txt")

    return routes


def _open(
    parts: Parts, staff: Staff, number: str, submission_id: UUID, what: str
) -> Awaitable[Content]:
    return read_part(
        parts,
        staff,
        Where(number, "submission_id", submission_id, what),
        rows=cases.submissions_of,
        opened=open_content,
    )


class Where(NamedTuple):
    """A file of a case."""

    number: str
    column: str
    """That tells the submission or reply which it belongs to."""
    part_id: UUID
    what: str
    """Which of its files."""


async def read_part(
    parts: Parts,
    staff: Staff,
    where: Where,
    *,
    rows: Callable[[AsyncConnection, str], Awaitable[Sequence[AnyRow]]],
    opened: Callable[[bytes, str, UUID, bytes], T | None],
) -> T:
    """A submission's or a reply's narrative, its reading noted. Raises Problem 404, 410."""
    number, column, part_id, what = where

    async def find(connection: AsyncConnection, number: str) -> AnyRow | None:
        found = await rows(connection, number)
        return next((row for row in found if getattr(row, column) == part_id), None)

    row = await noted(parts, staff, number, "file.read", find, subject=f"{part_id}/{what}")
    key = await parts.vault.key_of(number)
    narrative = opened(key, number, part_id, row.content_locked) if key else None
    if narrative is None:
        raise Problem(410, "The case's narrative was erased, or can't be opened any more.")
    return narrative


async def attached(parts: Parts, files: Sequence[Attachment], index: int) -> Response:
    """One of the files, as a download. Raises Problem 404, 410."""
    if index >= len(files):
        raise not_found()
    file = files[index]
    return download(await fetch(parts, file.blob), file.name, f"attachment-{index}")


async def fetch(parts: Parts, blob: Blob) -> bytes:
    """What is in the object store, opened. Raises Problem 410."""
    try:
        return await parts.blobs.get(blob)
    except (FileNotFoundError, CannotOpenError):
        log.exception("blob_lost", digest=blob.digest)
        raise Problem(
            410, "The file isn't in the object store any more, or was damaged. Tell the admin."
        ) from None
