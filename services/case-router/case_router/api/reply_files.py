"""The files that a handler sent with a reply."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from case_router.api.files import ANSWERS, Index, Where, attached, read_part
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import replies
from case_router.store.narratives import open_reply
from speakup.staff import Staff


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/replies/{reply_id}/attachments/{index}`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.get(
        "/cases/{number}/replies/{reply_id}/attachments/{index}",
        summary="Download a file that went with a reply",
        response_class=Response,
        responses=ANSWERS,
    )
    async def replied(
        number: Number, reply_id: UUID, index: Index, staff: Staff = reader
    ) -> Response:
        """As a download, too."""
        reply = await read_part(
            parts,
            staff,
            Where(number, "reply_id", reply_id, f"attachment/{index}"),
            rows=replies.of_case,
            opened=open_reply,
        )
        return await attached(parts, reply.attachments, index)

    return routes
