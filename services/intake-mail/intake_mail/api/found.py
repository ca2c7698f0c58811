"""Letters as the routes show them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import store
from intake_mail.api import answers
from intake_mail.api.desk_parts import DeskParts
from intake_mail.draft_rows import Opened
from speakup.i18n import language_of
from speakup.problems import Problem, not_found


async def shown(
    parts: DeskParts, request: Request, letter_id: UUID, *, narratives: bool = True
) -> Response:
    """The letter as it is now, with its ETag; its draft to who may read `narratives`. Raises Problem 404."""
    async with parts.parts.engine.connect() as connection:
        opened = await parts.parts.rows.get(connection, letter_id)
        line = await one_line(connection, letter_id)
        versions = list(await store.versions(connection, letter_id))
    shown_draft = opened if narratives else None
    found = answers.letter(line, versions, shown_draft, datetime.now(UTC), language_of(request))
    return Response(
        found.model_dump_json(),
        headers={"etag": f'"{etag(line, opened)}"'},
        media_type="application/json",
    )


async def one_line(connection: AsyncConnection, letter_id: UUID) -> store.Line:
    """The letter in the register. Raises Problem 404."""
    lines = await store.lines(connection, letter_id=letter_id)
    if not lines:
        raise not_found()
    return lines[0]


def etag(line: store.Line, opened: Opened | None) -> int:
    """The draft's revision; once it is gone, the entry's version."""
    return opened.revision if opened is not None else line.version


def matched(request: Request) -> int | None:
    """The number that `If-Match` names; None where it names any. Raises Problem 412."""
    header = request.headers.get("if-match", "*").strip()
    if header == "*":
        return None
    number = header.removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise changed()
    return int(number)


def changed() -> Problem:
    """Others were there first."""
    return Problem(412, "The letter has changed since you read it. Read it again, then decide.")
