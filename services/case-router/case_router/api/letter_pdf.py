"""A reply by post as the letter that a handler prints: without an address, which the mailroom alone prints.

An acknowledgement holds the PIN, which the router keeps until the letter is posted; after that it can't be
printed again.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from sqlalchemy import select

from case_router.api.answers import problems
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.reading import may_be_printed
from case_router.store import cases, history, replies
from case_router.store.narratives import open_reply
from case_router.store.rows import AnyRow
from case_router.store.vault import pin_context
from case_router.tables import cases as cases_table
from speakup import seal
from speakup.events import Channel, Language, Purpose
from speakup.explained import explained
from speakup.home import PHONE
from speakup.i18n import texts
from speakup.letter_paper import letter
from speakup.post_code import post_code
from speakup.problems import Problem, not_found
from speakup.staff import Staff

POSTED = (
    "The acknowledgement has been posted. The PIN in it isn't kept after that, so it can't be printed again; "
    "write a new reply if the letter came back."
)


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}/replies/{reply_id}/letter.pdf`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.get(
        "/cases/{number}/replies/{reply_id}/letter.pdf",
        summary="Print a reply by post",
        response_class=Response,
        responses=problems(401, 403, 404, 409, 410)
        | {200: {"description": "The letter.", "content": {"application/pdf": {}}}},
    )
    async def letter_pdf(number: Number, reply_id: UUID, staff: Staff = reader) -> Response:
        """Without an address: write its code on the envelope, close it and give it to the mailroom, whose label
        has the same code. Each printing is noted in the audit log.
        """
        printed = await _find(parts, staff, number, reply_id)
        made = await asyncio.to_thread(_letter, parts, printed)
        name = f"{post_code(reply_id)}.pdf"
        return Response(
            made,
            media_type="application/pdf",
            headers={"content-disposition": f'inline; filename="{name}"'},
        )

    return routes


class _Found(NamedTuple):
    """A reply by post and what opens it."""

    row: AnyRow
    case: AnyRow
    pin_locked: bytes | None
    key: bytes


async def _find(parts: Parts, staff: Staff, number: str, reply_id: UUID) -> _Found:
    """The reply, its printing noted. Raises Problem 404, 409, 410."""
    async with parts.engine.begin() as connection:
        case = await cases.get(connection, staff, number)
        rows = await replies.of_case(connection, number) if case is not None else []
        row = next((row for row in rows if row.reply_id == reply_id), None)
        if case is None or row is None or row.channel != Channel.mail:
            raise not_found()
        pin_locked = await connection.scalar(
            select(cases_table.c.pin_locked).where(cases_table.c.case_number == number)
        )
        if not may_be_printed(row) or (_acknowledges(row) and pin_locked is None):
            raise Problem(409, POSTED)
        key = await parts.vault.key_of(number)
        if key is None:
            raise Problem(410, "The case was erased, and what was said in it.")
        await history.note(
            connection,
            "reply.printed",
            [number],
            account_id=UUID(staff.account_id),
            subject=str(reply_id),
        )
    return _Found(row, case, pin_locked, key)


def _acknowledges(row: AnyRow) -> bool:
    return bool(row.purpose == Purpose.acknowledgement)


def _letter(parts: Parts, found: _Found) -> bytes:
    """Takes a tenth of a second. Raises Problem 410."""
    number, row = found.row.case_number, found.row
    language = Language(found.case.language) if found.case.language else None
    pin, explains = None, None
    if _acknowledges(row) and found.pin_locked is not None:
        pin = seal.unlock(found.key, found.pin_locked, pin_context(number)).decode()
        text = _acknowledgement(language)
    else:
        reply = open_reply(found.key, number, row.reply_id, row.content_locked)
        if reply is None:
            raise Problem(410, "The reply can't be opened any more. Tell the admin.")
        text, explains = reply.text, explained(number, reply)
    return letter(
        case_number=number,
        text=text,
        pin=pin,
        code=post_code(row.reply_id),
        language=language,
        written_on=row.requested_at.astimezone(parts.timezone).date(),
        explains=explains,
    )


def _acknowledgement(language: Language | None) -> str:
    """In the reporter's language; where it isn't known, in all three (decision 0005)."""
    languages = [language] if language else list(Language)
    return "\n\n".join(texts()(one, "post.acknowledgement", phone=PHONE) for one in languages)
