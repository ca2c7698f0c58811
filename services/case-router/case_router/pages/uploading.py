"""Files that staff add to a case from its page."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from case_router.api.case_files import FILE_BYTES
from case_router.pages.changing import uploads_of, word
from case_router.pages.desk import Desk
from case_router.pages.one_case import Number
from speakup.problems import Problem
from speakup.staff import Staff
from speakup.submission import REPLY_FILES

BODIES = {r"/cases/\d{10}/files": FILE_BYTES + 1024 * 1024}
"""Of the form's request, by path."""


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/{number}/files`."""
    worker = Depends(desk.worker)

    @routes.post("/cases/{number}/files")
    async def added(request: Request, number: Number, _: Staff = worker) -> Response:
        """Each file is a change by itself: where one is refused, those before it are there."""
        async with request.form(max_files=REPLY_FILES, max_fields=10) as form:
            etag, once = word(form, "etag"), word(form, "once")
            uploads = await uploads_of(form)
        if not uploads:
            raise Problem(422, "Choose a file first.")
        for place, upload in enumerate(uploads):
            headers = {"if_match": etag, "idempotency_key": f"{once}-{place}"}
            answer = await desk.api.send(request, f"/cases/{number}/files", upload, **headers)
            etag = answer.headers["etag"]
        return RedirectResponse(f"/cases/{number}?done=file", 303)
