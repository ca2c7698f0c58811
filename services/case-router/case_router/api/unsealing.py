"""Who the reporter is: asked for with a reason, approved by a second person, open for an hour to who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.account import Body
from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.approvals import Reason
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.files import ANSWERS, SUBMISSION, Index, Where, attached, read_part
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.approving import Action, What
from case_router.asking import ask_of_case
from case_router.store import access, cases, history
from case_router.store.narratives import open_contact, open_content
from case_router.store.rows import AnyRow
from speakup import seal
from speakup.events import Channel
from speakup.keys import UNSEALING, KeyFolder
from speakup.logs import get_logger
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff, require_reader
from speakup.submission import Contact

log = get_logger("case-router")


class AskBody(Body):
    """Why."""

    reason: Reason


class UnsealingBody(AskBody):
    """What is to be opened, and why."""

    what: What = Field(description="Address and name, the own voice, or the scan as it came in.")


class Asked(CaseChanged):
    """With what was asked for."""

    approval_id: UUID


class ContactRead(Answer):
    """Who sent a submission, as they said themselves."""

    submission_id: UUID
    channel: Channel
    address: str | None = Field(
        description="Empty where they left none, null where it can't be opened."
    )
    name: str | None


class Contacts(Answer):
    """Of all submissions that came with one, oldest first."""

    items: list[ContactRead]


def router(parts: Parts) -> APIRouter:
    """`/cases/{number}/unsealings`, `…/contact`, `…/originals/{index}`."""
    routes = APIRouter(prefix=PREFIX, tags=["unsealing"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())
    officer = Depends(require_reader(parts.verifier, {Role.officer}, what="Whom a case is about"))

    @routes.post(
        "/cases/{number}/unsealings",
        summary="Ask to learn who the reporter is",
        status_code=201,
        response_model=Asked,
        responses=problems(401, 403, 404, 409, 410, 412, 422, 428),
    )
    async def ask(
        request: Request,
        number: Number,
        body: UnsealingBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """Another officer or the chair decides within 7 days (`/approvals`). What is approved is open for one hour,
        to you alone; the hour and each reading are in the audit log.
        """
        act = partial(_ask, body, Action.unseal, body.what)
        return await make(parts, request, staff, number, body, act)

    @routes.post(
        "/cases/{number}/concerned/readings",
        summary="Ask to read whom the case is about",
        status_code=201,
        response_model=Asked,
        responses=problems(401, 403, 404, 409, 410, 412, 422, 428),
    )
    async def ask_exclusions(
        request: Request,
        number: Number,
        body: AskBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = officer,
    ) -> Response:
        """By an officer; the chair reads it as it is. Once approved, you read it for one hour."""
        act = partial(_ask, body, Action.read_exclusions, None)
        return await make(parts, request, staff, number, body, act)

    @routes.get(
        "/cases/{number}/contact",
        summary="Who the reporter is",
        responses=problems(401, 403, 404, 410, 503),
    )
    async def contact(number: Number, staff: Staff = reader) -> Contacts:
        """Needs an approved unsealing of the `contact`."""
        rows = await _unsealed(
            parts, staff, number, What.contact, "contact", read=cases.contacts_of
        )
        key = await parts.vault.key_of(number)
        if key is None:
            raise Problem(410, "The case was erased, and who reported it.")
        return Contacts(items=await asyncio.to_thread(_open, parts.keys, key, number, rows))

    @routes.get(
        f"{SUBMISSION}/originals/{{index}}",
        summary="Download a scan as it came in",
        response_class=Response,
        responses=ANSWERS | problems(403),
    )
    async def original(
        number: Number, submission_id: UUID, index: Index, staff: Staff = reader
    ) -> Response:
        """The file whose pixels the handlers see, with all that is in it. Needs an approved unsealing of the `scan`.
        A scan of several letters goes with none of them.
        """
        await _unsealed(parts, staff, number, What.scan, f"{submission_id}/original/{index}")
        content = await read_part(
            parts,
            staff,
            Where(number, "submission_id", submission_id, f"original/{index}"),
            rows=cases.submissions_of,
            opened=open_content,
        )
        return await attached(parts, content.originals, index)

    return routes


async def _ask(body: AskBody, action: Action, what: What | None, change: Change) -> dict[str, str]:
    key = await change.parts.vault.key_of(change.number)
    if key is None:
        raise Problem(410, "The case was erased; there is nothing left to be read.")
    approval_id = await ask_of_case(
        change.connection,
        key,
        number=change.number,
        action=action,
        asked_by=change.account_id,
        reason=body.reason,
        detail=what,
    )
    await change.note(f"{action}.asked", approval_id)
    return {"approval_id": str(approval_id)}


async def _nothing(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    return ()


async def _unsealed(
    parts: Parts,
    staff: Staff,
    number: str,
    what: What,
    subject: str,
    *,
    read: Callable[[AsyncConnection, str], Awaitable[Sequence[AnyRow]]] = _nothing,
) -> Sequence[AnyRow]:
    """What `read` finds, within the transaction that looks for the approval and notes the reading.

    Raises Problem 404, 403.
    """
    async with parts.engine.begin() as connection:
        if await cases.get(connection, staff, number) is None:
            raise not_found()
        allowed = await access.unsealed(connection, staff, number, what)
        rows = await read(connection, number) if allowed else ()
        await history.note(
            connection,
            f"{what}.unsealed" if allowed else f"{what}.refused",
            [number],
            account_id=UUID(staff.account_id),
            subject=subject,
        )
    if not allowed:
        raise Problem(
            403,
            "This tells who the reporter is. Ask for an unsealing and have it approved: "
            f'POST {PREFIX}/cases/{number}/unsealings {{"what": "{what}", "reason": …}}.',
        )
    return rows


def _open(keys: KeyFolder, key: bytes, number: str, rows: Sequence[AnyRow]) -> list[ContactRead]:
    # Read for this answer and forgotten with it: no other code of the service holds the key.
    private = keys.private(UNSEALING)
    if rows and not private:
        raise Problem(
            503,
            "The unsealing key isn't here. Ask the admin who keeps it to put it into the folder of keys.",
        )
    found = []
    for row in rows:
        contact = _contact(private, key, number, row)
        found.append(
            ContactRead(
                submission_id=row.submission_id,
                channel=row.channel,
                address=contact.address if contact else None,
                name=contact.name if contact else None,
            )
        )
    return found


def _contact(
    private: Mapping[str, seal.PrivateKey], key: bytes, number: str, row: AnyRow
) -> Contact | None:
    submission_id, locked = row.submission_id, row.contact_unsealing
    try:
        sealed = open_contact(key, number, submission_id, "unsealing", locked)
        plain = private[sealed.key_id].open(sealed, seal.contact_info(submission_id))
        return Contact.model_validate_json(plain)
    except (seal.CannotOpenError, KeyError, ValueError):
        log.exception("contact_unreadable", submission_id=submission_id)
        return None
