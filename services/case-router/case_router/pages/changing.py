"""What the forms of a case send: each becomes the same call that another system would make of the API.

The answer leads back to the case, so that loading it again sends nothing twice; `once` makes a second click the same
as the first.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from case_router.pages.desk import Desk
from case_router.pages.one_case import Number
from speakup.events import Status
from speakup.staff import Staff
from speakup.submission import REPLY_BYTES, REPLY_FILES

FILES = r"/cases/\d{10}/(replies|files)"
"""Paths of forms that carry files."""
FILES_BYTES = REPLY_BYTES + 1024 * 1024
"""Of such a request."""

Body = dict[str, Any]


def add(routes: APIRouter, desk: Desk) -> None:
    """A route for each form."""
    worker = Depends(desk.worker)

    async def send(
        request: Request, number: str, path: str, done: str, made: Callable[[FormData], Body]
    ) -> Response:
        async with request.form(max_files=REPLY_FILES + 1, max_fields=100) as form:
            headers = {
                "if_match": word(form, "etag"),
                "idempotency_key": word(form, "once"),
            }
            body = made(form)
            uploads = await _uploads(form)
        if uploads:
            body["attachments"] = uploads
        await desk.api.send(request, f"/cases/{number}/{path}", body, **headers)
        told = "closed" if body.get("status") == Status.closed else done
        return RedirectResponse(f"/cases/{number}?done={told}", 303)

    @routes.post("/cases/{number}/status")
    async def status(request: Request, number: Number, _: Staff = worker) -> Response:
        return await send(request, number, "status", "status", filled)

    @routes.post("/cases/{number}/assignment")
    async def assignment(request: Request, number: Number, _: Staff = worker) -> Response:
        return await send(request, number, "assignment", "assignment", filled)

    @routes.post("/cases/{number}/replies")
    async def replies(request: Request, number: Number, _: Staff = worker) -> Response:
        return await send(request, number, "replies", "replies", _reply)

    @routes.post("/cases/{number}/recordings/{recording_id}/transcript")
    async def transcript(
        request: Request, number: Number, recording_id: UUID, _: Staff = worker
    ) -> Response:
        path = f"recordings/{recording_id}/transcript"
        return await send(request, number, path, "transcript", filled)


def word(form: FormData, name: str) -> str:
    """A field's text; empty where it isn't there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def filled(form: FormData) -> Body:
    """The fields that somebody filled in, but for the form's own."""
    return {
        name: value.strip()
        for name, value in form.multi_items()
        if isinstance(value, str) and value.strip() and name not in ("etag", "once")
    }


def _reply(form: FormData) -> Body:
    return filled(form) | {"as_pdf": word(form, "as_pdf") == "true"}


async def _uploads(form: FormData) -> list[Body]:
    files = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    return [
        {
            "name": file.filename,
            "content_type": file.content_type or "application/octet-stream",
            "content": base64.b64encode(await file.read()).decode(),
        }
        for file in files
    ]
