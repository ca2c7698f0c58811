"""Files that staff add to a case: evidence, records of talks; sealed, never shown to the reporter."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field, model_validator

from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.downloads import download
from case_router.api.files import ANSWERS, fetch
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.upload import Upload, in_the_docs, keep, large_body
from case_router.store import case_files
from case_router.store.narratives import open_file
from speakup.problems import Problem
from speakup.staff import Staff

FILE_BYTES = 32 * 1024 * 1024
"""Of one file."""
MOST = 200
"""Files of a case."""
PATH = r"/api/v1/cases/\d{10}/files"
BODY_BYTES = FILE_BYTES * 4 // 3 + 64 * 1024


class FileBody(Upload):
    """A file for the case."""

    @model_validator(mode="after")
    def _fits(self) -> FileBody:
        if len(self.content) > FILE_BYTES:
            raise ValueError(f"a file may have {FILE_BYTES >> 20} MiB")
        return self


class FileRead(Answer):
    """A file that staff added; get it by its id."""

    file_id: UUID
    name: str | None = Field(description="Null where it was erased.")
    content_type: str | None = Field(description="As it was said to be; it isn't checked.")
    size: int | None = Field(description="Bytes.")
    made_at: datetime
    by: str


class FilesRead(Answer):
    """Oldest first."""

    items: list[FileRead]


class FileTaken(CaseChanged):
    """The case, and the file's id."""

    file_id: UUID


def router(parts: Parts) -> APIRouter:
    """`/cases/{number}/files`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())
    sent = large_body(parts, FileBody)

    @routes.post(
        "/cases/{number}/files",
        summary="Add a file to a case",
        status_code=201,
        response_model=FileTaken,
        responses=problems(401, 403, 404, 409, 410, 412, 413, 415, 422, 428, 503),
        openapi_extra=in_the_docs(FileBody),
    )
    async def add_file(
        request: Request,
        number: Number,
        body: FileBody = sent,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """Sealed under the case's key; the reporter never gets it. It isn't taken back, but erased with the case."""
        return await make(parts, request, staff, number, body, partial(_add, body))

    @routes.get(
        "/cases/{number}/files", summary="Read a case's files", responses=problems(401, 403, 404)
    )
    async def read_files(number: Number, staff: Staff = reader) -> FilesRead:
        """Those that staff added; a submission's are with the submission. The reading is noted in the audit log."""
        rows = await noted(parts, staff, number, "case.files_read", case_files.of_case)
        key = await parts.vault.key_of(number)
        items = []
        for row in rows:
            file = open_file(key, number, row.file_id, row.file_locked) if key else None
            items.append(
                FileRead(
                    file_id=row.file_id,
                    name=file and file.name,
                    content_type=file and file.content_type,
                    size=file and file.blob.size,
                    made_at=row.made_at,
                    by=row.by,
                )
            )
        return FilesRead(items=items)

    @routes.get(
        "/cases/{number}/files/{file_id}",
        summary="Download a file of a case",
        response_class=Response,
        responses=ANSWERS,
    )
    async def get_file(number: Number, file_id: UUID, staff: Staff = reader) -> Response:
        """Always as a download: nobody has looked at what it is."""
        find = partial(case_files.one, file_id=file_id)
        row = await noted(parts, staff, number, "file.read", find, subject=str(file_id))
        key = await parts.vault.key_of(number)
        file = open_file(key, number, file_id, row.file_locked) if key else None
        if file is None:
            raise Problem(410, "The file was erased, or can't be opened any more.")
        return download(await fetch(parts, file.blob), file.name, f"file-{file_id}")

    return routes


async def _add(body: FileBody, change: Change) -> dict[str, str]:
    if await case_files.count(change.connection, change.number) >= MOST:
        raise Problem(409, f"A case has {MOST} files at most.")
    key = await change.key()
    (file,) = await keep(change.parts, [body])
    file_id = await case_files.add(change.connection, key, change.number, change.account_id, file)
    await change.note("file.added", file_id)
    return {"file_id": str(file_id)}
