"""The files that a handler sent with a reply."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from case_router.api.answers import problems
from case_router.api.downloads import download
from case_router.api.files import Index, fetch
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import cases, history, replies
from case_router.store.narratives import open_reply
from speakup.problems import Problem, not_found
from speakup.staff import Staff
from speakup.submission import Reply


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/replies/{reply_id}/attachments/{index}`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())
    answers = problems(401, 403, 404, 410) | {
        200: {"description": "The bytes, to be saved.", "content": {"application/octet-stream": {}}}
    }

    @routes.get(
        "/cases/{number}/replies/{reply_id}/attachments/{index}",
        summary="Download a file that went with a reply",
        response_class=Response,
        responses=answers,
    )
    async def replied(
        number: Number, reply_id: UUID, index: Index, staff: Staff = reader
    ) -> Response:
        """As a download, too."""
        reply = await _open(parts, staff, number, reply_id, f"attachment/{index}")
        if index >= len(reply.attachments):
            raise not_found()
        file = reply.attachments[index]
        return download(await fetch(parts, file.blob), file.name, f"attachment-{index}")

    return routes


async def _open(parts: Parts, staff: Staff, number: str, reply_id: UUID, what: str) -> Reply:
    """What was said, its reading noted. Raises Problem 404, 410."""
    async with parts.engine.begin() as connection:
        case = await cases.get(connection, staff, number)
        said = await replies.of_case(connection, number) if case is not None else []
        row = next((row for row in said if row.reply_id == reply_id), None)
        if row is None:
            raise not_found()
        await history.note(
            connection,
            "file.read",
            [number],
            account_id=UUID(staff.account_id),
            subject=f"{reply_id}/{what}",
        )
    key = (await parts.vault.keys_of([number])).get(number)
    reply = open_reply(key, number, reply_id, row.content_locked) if key else None
    if reply is None:
        raise Problem(410, "The case's narrative was erased, or can't be opened any more.")
    return reply
