"""What the forms of a case send: each becomes the same call that another system would make of the API.

The answer leads back to the case, so that loading it again sends nothing twice; `once` makes a second click the same
as the first.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from case_router.pages.desk import Desk
from case_router.pages.one_case import Number
from speakup.events import Kind, Status
from speakup.problems import not_found
from speakup.staff import Staff
from speakup.submission import REPLY_BYTES, REPLY_FILES

BODIES = {r"/cases/\d{10}/replies": REPLY_BYTES + 1024 * 1024}
"""Of requests of forms that carry files, by path."""

Body = dict[str, Any]


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/{number}/{form}` for each of FORMS, and a recording's text."""
    worker = Depends(desk.worker)

    @routes.post("/cases/{number}/recordings/{recording_id}/transcript")
    async def transcript(
        request: Request, number: Number, recording_id: UUID, _: Staff = worker
    ) -> Response:
        path = f"recordings/{recording_id}/transcript"
        return await _send(desk, request, number, path, "transcript", filled)

    @routes.post("/cases/{number}/alert/acknowledged")
    async def taken(request: Request, number: Number, _: Staff = worker) -> Response:
        return await _send(desk, request, number, "alert/acknowledged", "alert", filled)

    @routes.post("/cases/{number}/tasks/{task_id}")
    async def done(request: Request, number: Number, task_id: UUID, _: Staff = worker) -> Response:
        path = f"tasks/{task_id}"
        return await _send(desk, request, number, path, "task", _done, method="PATCH")

    @routes.post("/cases/{number}/{form}")
    async def sent(request: Request, number: Number, form: str, _: Staff = worker) -> Response:
        if form not in FORMS:
            raise not_found()
        return await _send(desk, request, number, form, form, FORMS[form])


async def _send(
    desk: Desk,
    request: Request,
    number: str,
    path: str,
    done: str,
    made: Callable[[FormData], Body],
    method: str = "POST",
) -> Response:
    async with request.form(max_files=REPLY_FILES + 1, max_fields=100) as form:
        headers = {"if_match": word(form, "etag"), "idempotency_key": word(form, "once")}
        body = made(form)
        uploads = await uploads_of(form)
    if uploads:
        body["attachments"] = uploads
    await desk.api.send(request, f"/cases/{number}/{path}", body, method, **headers)
    told = "closed" if body.get("status") == Status.closed else done
    return RedirectResponse(f"/cases/{number}?done={told}", 303)


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


def _triage(form: FormData) -> Body:
    body = filled(form) | {"corruption": word(form, "corruption") == "true"}
    if body.get("kind") == Kind.out_of_scope:
        body.pop("category", None)
    loss = word(form, "loss_tenge").replace(" ", "")
    if loss.isdecimal():
        body["loss_tenge"] = int(loss)
    return body


def _done(_: FormData) -> Body:
    return {"done": True}


def _reply(form: FormData) -> Body:
    body = filled(form)
    return body | {"as_pdf": "signatory" in body or "provision" in body}


async def uploads_of(form: FormData) -> list[Body]:
    files = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    return [
        {
            "name": file.filename,
            "content_type": file.content_type or "application/octet-stream",
            "content": base64.b64encode(await file.read()).decode(),
        }
        for file in files
    ]


FORMS: Mapping[str, Callable[[FormData], Body]] = {
    "triage": _triage,
    "concerned": filled,
    "assignment": filled,
    "replies": _reply,
    "status": filled,
    "unsealings": filled,
    "notes": filled,
    "tasks": filled,
}
"""By what they are called in the API, how their fields become its body."""
