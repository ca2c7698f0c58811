"""Notes that staff write for each other in a case."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.note_words import hashed
from case_router.sign_in import ACCOUNTS_KEY
from case_router.store import notes
from case_router.store.rows import AnyRow
from speakup.staff import Staff


class NoteBody(BaseModel):
    """A note."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={"examples": [{"text": "The invoices are in the blue folder."}]},
    )

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class NoteRead(Answer):
    """A note as it was written."""

    note_id: UUID
    made_at: datetime
    by: str
    text: str | None = Field(description="Null where it was erased.")


class NotesRead(Answer):
    """Oldest first."""

    items: list[NoteRead]


class NoteTaken(CaseChanged):
    """The case, and the note's id."""

    note_id: UUID


def router(parts: Parts) -> APIRouter:
    """`POST` and `GET /cases/{number}/notes`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.post(
        "/cases/{number}/notes",
        summary="Note something in a case",
        status_code=201,
        response_model=NoteTaken,
        responses=problems(401, 403, 404, 409, 412, 422, 428),
    )
    async def write_note(
        request: Request,
        number: Number,
        body: NoteBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """For whoever works the case; the reporter never sees it. Notes aren't changed: write another."""
        return await make(parts, request, staff, number, body, partial(_write, body))

    @routes.get(
        "/cases/{number}/notes", summary="Read a case's notes", responses=problems(401, 403, 404)
    )
    async def read_notes(number: Number, staff: Staff = reader) -> NotesRead:
        """All of them. The reading is noted in the audit log."""
        rows = await noted(parts, staff, number, "case.notes_read", notes.of_case)
        key = await parts.vault.key_of(number)
        return NotesRead(items=[_read(row, key) for row in rows])

    return routes


async def _write(body: NoteBody, change: Change) -> dict[str, str]:
    note_id = await notes.add(
        change.connection,
        await change.key(),
        change.number,
        change.account_id,
        body.text,
        hashed(change.parts.keys.secret(ACCOUNTS_KEY), body.text),
    )
    await change.note("note.written", note_id)
    return {"note_id": str(note_id)}


def _read(row: AnyRow, key: bytes | None) -> NoteRead:
    text = None
    if key is not None:
        text = notes.open_text(key, row.case_number, row.note_id, row.text_locked)
    return NoteRead(note_id=row.note_id, made_at=row.made_at, by=row.by, text=text)
