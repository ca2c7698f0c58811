"""Changing a case over HTTP: seen, not done before, not changed by others, then done, all at once.

One transaction holds the case's row: its visibility, the idempotency key, the version, the change with
its audit entry and events. Events are published after the commit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import CaseChanged
from case_router.api.parts import Parts
from case_router.api.version import check_match, etag
from case_router.sign_in import ACCOUNTS_KEY
from case_router.sla import check_backs as check_back_days
from case_router.store import cases, changes, check_backs, history
from case_router.store.rows import AnyRow
from speakup import idempotency, topics
from speakup.events import Kind, Status
from speakup.problems import Problem, not_found
from speakup.staff import Staff

IfMatch = Annotated[
    str | None, Header(description="The case's ETag as you read it.", examples=['"3-1-2"'])
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Of your choice; the same request with the same key acts once.",
    ),
]


@dataclass
class Change:
    """A change in the making, within its transaction."""

    parts: Parts
    connection: AsyncConnection
    staff: Staff
    case: AnyRow
    records: list[topics.Record] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The case's number."""
        return str(self.case.case_number)

    @property
    def account_id(self) -> UUID:
        """Of who makes the change."""
        return UUID(self.staff.account_id)

    async def key(self) -> bytes:
        """The case's. Raises Problem where it has been erased."""
        key = await self.parts.vault.key_of(self.number)
        if key is None:
            raise Problem(409, "The case has been erased; nothing can be added to it.")
        return key

    async def tell(self, *events: changes.Numbered) -> None:
        """Put out case events, in this order."""
        retry = self.parts.settings.outbox_retry_seconds
        self.records += await changes.tell(self.connection, self.number, events, retry=retry)

    async def note(self, action: str, subject: object = None) -> None:
        """Write the audit entry."""
        await history.note(
            self.connection,
            action,
            [self.number],
            account_id=self.account_id,
            subject=str(subject) if subject is not None else None,
        )


Act = Callable[[Change], Awaitable[dict[str, str]]]
"""Makes the change; what it returns is added to the answer: identifiers only. Raises Problem."""


async def make(
    parts: Parts, request: Request, staff: Staff, number: str, body: BaseModel, act: Act
) -> Response:
    """Have `act` done as one transaction, with the answer and its ETag. 201 where it made something."""
    key = request.headers.get("idempotency-key")
    async with parts.engine.begin() as connection:
        case = await cases.lock(connection, staff, number)
        if case is None:
            raise not_found()
        if key is not None:
            before = await claim(parts, connection, request, staff, key, body)
            if before is not None:
                return _answer(before)
        if case.erased_at is not None:
            raise Problem(
                410, "The case was erased: only its facts are left, and nothing is added."
            )
        check_match(request, case)
        change = Change(parts, connection, staff, case)
        made = await act(change)
        kept = await _outcome(change, made)
        if key is not None:
            await idempotency.keep(connection, staff.account_id, key, kept)
    parts.relay.publish_soon(change.records)
    return _answer(kept)


async def claim(
    parts: Parts,
    connection: AsyncConnection,
    request: Request,
    staff: Staff,
    key: str,
    body: BaseModel,
) -> idempotency.Kept | None:
    """What this request was answered before; None: it is new. Raises Problem where the key was another's."""
    # Keyed, so that the table can't be used to find out by trying what was written in a reply.
    fingerprint = hmac.digest(
        parts.keys.secret(ACCOUNTS_KEY),
        f"{request.method} {request.url.path}\n{body.model_dump_json()}".encode(),
        hashlib.sha256,
    )
    try:
        return await idempotency.claim(connection, staff.account_id, key, fingerprint)
    except idempotency.OtherRequestError:
        raise Problem(
            422, "This `Idempotency-Key` was used for another request; take a new one."
        ) from None


async def _consequences(change: Change, after: AnyRow) -> None:
    """What any change of a case brings with it: its clocks, and the questions after its closing."""
    before, parts = change.case, change.parts
    await parts.clocks.follow(change.connection, before, after)
    if after.status == before.status:
        return
    if after.status == Status.reopened:
        await check_backs.cancel(change.connection, change.number)
    elif after.status == Status.closed and after.kind == Kind.breach_report:
        key = await parts.vault.key_of(change.number)
        if key is not None:
            sla = await parts.clocks.sla(change.connection)
            days = check_back_days(datetime.now(UTC), sla, parts.clocks.zone)
            await check_backs.schedule(change.connection, change.number, key, days)


async def _outcome(change: Change, made: dict[str, str]) -> idempotency.Kept:
    # Whoever changes a case may be kept out of it by what they changed.
    case = await cases.unguarded(change.connection, change.number)
    told = CaseChanged.model_validate(case).model_dump(mode="json")
    await _consequences(change, case)
    return idempotency.Kept(201 if made else 200, etag(case), told | made)


def _answer(kept: idempotency.Kept) -> Response:
    return JSONResponse(kept.body, kept.status, headers={"etag": kept.etag})
