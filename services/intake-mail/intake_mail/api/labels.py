"""The mailroom's half of answers by post: labels to print, letters to mark posted or come back.

A line holds a code and times: neither case number nor purpose nor address, which stands on the label alone.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_mail import posting
from intake_mail.api import cursors
from intake_mail.api.answers import problems
from intake_mail.api.desk_parts import IN_THE_DOCS, PREFIX, reader
from intake_mail.papers import label
from intake_mail.posting import Job, NoSuchCodeError, NotNowError, Reason, State
from intake_mail.register import Line as OneLine
from speakup import seal
from speakup.logs import get_logger
from speakup.post_code import parse_post_code
from speakup.problems import Problem, not_found
from speakup.relay import Relay
from speakup.staff import Role, Staff, Verifier, require
from speakup.submission import Contact

log = get_logger("intake-mail")


class Keys(Protocol):
    """The private contact keys by id. Raises UnknownKeyError; OSError where none is there."""

    def __getitem__(self, key_id: str) -> seal.PrivateKey: ...


class Label(BaseModel):
    """An answer by post, as the mailroom sees it."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="On the envelope, too.", examples=["K7Q2-M4X"])
    state: State
    requested_at: datetime
    labelled_at: datetime | None = Field(description="When its label was printed first.")
    posted_at: datetime | None
    registered_mail_number: str | None
    returned_at: datetime | None


class Labels(BaseModel):
    """Some of them, the newest first."""

    items: list[Label]
    next: str | None = Field(description="Send it as `cursor` for the next page; null at the end.")


class Posted(BaseModel):
    """How a letter was handed to the post."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    registered_mail_number: OneLine = Field(default="", description="Empty: an ordinary letter.")


class Returned(BaseModel):
    """Why it came back."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Reason


async def _code(code: Annotated[str, Path(max_length=20, examples=["K7Q2-M4X"])]) -> str:
    """As it is typed from an envelope. Raises Problem 404."""
    found = parse_post_code(code)
    if found is None:
        raise not_found()
    return found


Code = Annotated[str, Depends(_code)]


def router(
    *, engine: AsyncEngine, relay: Relay, keys: Keys, verifier: Verifier, retry: float
) -> APIRouter:
    """`/api/v1/letters/labels…`. `keys`: the mail channel's contact keys, held in memory."""
    routes = APIRouter(prefix=f"{PREFIX}/labels", tags=["letters"], dependencies=[IN_THE_DOCS])
    mailroom, shown = Depends(require(verifier, {Role.mailroom})), Depends(reader(verifier))

    @routes.get("", summary="List the answers by post", responses=problems(401, 404, 422))
    async def labels(
        state: State | None = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        _staff: Staff = mailroom,
    ) -> Labels:
        """What they answer and whom isn't told."""
        async with engine.connect() as connection:
            rows = await posting.newest(connection, state, before=_place(cursor), limit=limit + 1)
        items = [Label.model_validate(row) for row in rows[:limit]]
        return Labels(items=items, next=_cursor(items[-1]) if len(rows) > limit else None)

    @routes.get(
        "/{code}/label.pdf",
        summary="Print an address label",
        response_class=Response,
        responses=problems(401, 403, 404, 409, 503)
        | {200: {"description": "The label.", "content": {"application/pdf": {}}}},
    )
    async def label_pdf(code: Code, staff: Staff = shown) -> Response:
        """Until the letter is posted. Who had which address, and when, is kept."""
        try:
            job = await posting.note_reading(engine, code, staff)
        except (NoSuchCodeError, NotNowError) as error:
            raise _problem(error) from None
        made = await asyncio.to_thread(_label, keys, job)
        headers = {"content-disposition": f'inline; filename="{code}.pdf"'}
        return Response(made, media_type="application/pdf", headers=headers)

    @routes.post(
        "/{code}/posted", summary="Mark a letter posted", responses=problems(401, 404, 409, 422)
    )
    async def posted(code: Code, body: Posted, staff: Staff = mailroom) -> Label:
        """The reporter's clock stops, and the address is forgotten. Doing it twice is the same as once."""
        try:
            number = body.registered_mail_number
            job = await posting.post(engine, relay, code, staff, number, retry=retry)
        except (NoSuchCodeError, NotNowError) as error:
            raise _problem(error) from None
        return Label.model_validate(job)

    @routes.post(
        "/{code}/returned",
        summary="Mark a letter that came back",
        responses=problems(401, 404, 409, 422),
    )
    async def returned(code: Code, body: Returned, staff: Staff = mailroom) -> Label:
        """Whoever works the case is told. Doing it twice is the same as once."""
        try:
            job = await posting.came_back(engine, relay, code, staff, body.reason, retry=retry)
        except (NoSuchCodeError, NotNowError) as error:
            raise _problem(error) from None
        return Label.model_validate(job)

    return routes


def _label(keys: Keys, job: Job) -> bytes:
    """The address is opened here and is nowhere else than on the label. Raises Problem 503."""
    contact = seal.unpack(job.contact)
    try:
        plain = keys[contact.key_id].open(contact, seal.contact_info(job.submission_id))
    except (seal.CannotOpenError, OSError):
        log.exception("address_unreadable", reply_id=job.reply_id)
        raise Problem(503, "The address can't be opened. Tell the admin.") from None
    return label(Contact.model_validate_json(plain).address, job.code)


def _problem(error: NoSuchCodeError | NotNowError) -> Problem:
    return not_found() if isinstance(error, NoSuchCodeError) else Problem(409, str(error))


def _cursor(last: Label) -> str:
    return cursors.encode(last.requested_at.isoformat(), last.code)


def _place(cursor: str | None) -> posting.Place | None:
    """Raises Problem 422."""
    if cursor is None:
        return None
    try:
        at, code = cursors.decode(cursor)
        if parse_post_code(code) is not None:
            return datetime.fromisoformat(at).astimezone(UTC), code
    except (ValueError, TypeError, AttributeError, OverflowError):
        pass
    raise cursors.unknown()
