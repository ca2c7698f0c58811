"""The register: read by the mailroom and the auditors, corrected by new versions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import register, store
from intake_mail.api import answers, cursors, found
from intake_mail.api.answers import Letter, Lines, problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, DeskParts
from intake_mail.api.letters import validated
from intake_mail.draft_rows import Opened
from intake_mail.register import Line, Name, Why
from intake_mail.store import ChangedMeanwhileError
from speakup import seal
from speakup.logs import get_logger
from speakup.problems import Problem
from speakup.staff import Role, Staff

log = get_logger("intake-mail")

State = Literal["draft", "sending", "sent", "void"]


class Correction(BaseModel):
    """What is to be said instead, and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Why
    received_on: date | None = None
    postmarked_on: date | None = None
    registered_mail_number: Line | None = None
    envelope: bool | None = None
    seal_intact: bool | None = None
    enclosures: Line | None = None
    opened_by: Name | None = None
    witnessed_by: Name | None = None
    storage_place: Line | None = None


def router(parts: DeskParts) -> APIRouter:
    """The list, and corrections."""
    routes = APIRouter(prefix=PREFIX, tags=["letters"], dependencies=[IN_THE_DOCS])
    clerk, keeper = Depends(parts.clerk()), Depends(parts.keeper())

    @routes.get("", summary="The register", responses=problems(401, 404, 422, 503))
    async def listed(
        state: Annotated[list[State] | None, Query()] = None,
        year: Annotated[int | None, Query(ge=2000, le=9999)] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        staff: Staff = keeper,
    ) -> Lines:
        """Newest number first."""
        async with parts.parts.engine.connect() as connection:
            lines = await store.lines(
                connection, year=year, states=state or (), before=_place(cursor), limit=limit
            )
            opened = {
                one.letter_id: await _opened(parts, connection, one.letter_id)
                for one in lines
                if one.state in ("draft", "sending") and staff.role is Role.mailroom
            }
        now = datetime.now(UTC)
        items = [answers.line(one, opened.get(one.letter_id), now) for one in lines]
        return Lines(items=items, next=_cursor(lines[-1]) if len(lines) == limit else None)

    @routes.patch(
        "/{letter_id}/entry",
        summary="Correct the register",
        response_model=Letter,
        responses=problems(401, 404, 412, 422, 428, 503),
    )
    async def correct(
        request: Request, letter_id: UUID, correction: Correction, staff: Staff = clerk
    ) -> Response:
        """A new version; what stood there before stays to be read. `If-Match` is the version that you read."""
        if "if-match" not in request.headers:
            raise Problem(428, "Send the entry's version, as you read it, as `If-Match`.")
        after = found.matched(request)
        async with parts.parts.engine.begin() as connection:
            line = await found.one_line(connection, letter_id)
            changes = correction.model_dump(exclude={"reason"}, exclude_unset=True)
            entry = validated(line.entry.model_dump() | changes, parts.today())
            try:
                await store.correct(
                    connection,
                    letter_id,
                    entry,
                    staff,
                    after=line.version if after is None else after,
                    reason=correction.reason,
                )
            except ChangedMeanwhileError:
                raise found.changed() from None
        return await found.shown(parts, request, letter_id, narratives=staff.narratives)

    return routes


async def _opened(parts: DeskParts, connection: AsyncConnection, letter_id: UUID) -> Opened | None:
    """The draft; None where it can't be opened, which must not hide the other lines."""
    try:
        return await parts.parts.rows.get(connection, letter_id)
    except seal.CannotOpenError:
        log.exception("draft_cannot_be_opened", letter_id=str(letter_id))
        return None


def _cursor(line: store.Line) -> str:
    return cursors.encode(*(register.parse_number(line.number) or ()))


def _place(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    try:
        year, place = cursors.decode(cursor)
        if type(year) is int and type(place) is int and 0 < year < 10_000 and 0 < place < 2**31:
            return year, place
    except (ValueError, TypeError):
        pass
    raise cursors.unknown()
