"""Access: number and PIN open the reporter's own view, on whatever channel; the router alone decides.

A wrong number and a wrong PIN take the same: the same statements, one key unwrapped, one PIN unlocked, two
HMACs. What isn't there is stood in for by a decoy.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import lockout, pins
from case_router.opened import Keys
from case_router.store import amendments, cases, guesses, history, replies
from case_router.store.rows import AnyRow
from case_router.store.vault import Vault, pin_context
from case_router.view import view
from speakup import seal
from speakup.events import AccessAnswered, AccessRequested, Event
from speakup.logs import get_logger
from speakup.submission import Credentials

ACCESS = Counter("speakup_access", "Reporters' requests", ["outcome"])

STALE = timedelta(minutes=10)
"""Nobody waits for the answer to an older request, and none from so far in the future is believed."""
KEPT = 3 * STALE
"""For so long an answer is known: no request comes again later than it is stale."""

NO_NUMBER = "0000000000"
"""No case has it."""

_CASE = text(
    "SELECT case_number, status, language, pin_locked, pin_hmac FROM cases WHERE case_number = :number"
)

log = get_logger("case-router")


class _Found(NamedTuple):
    """A case whose PIN was given."""

    case: AnyRow
    key: bytes


class _Request(NamedTuple):
    """What was asked, opened."""

    request_id: UUID
    credentials: Credentials
    session: seal.PublicKey


class Access:
    """The handler for `speakup.access`."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        vault: Vault,
        keys: Keys,
        say: Callable[[Sequence[Event]], None],
        pin_key: bytes,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self._vault, self._keys = engine, vault, keys
        self._say, self._pin_key, self._clock = say, pin_key, clock
        self._decoy_key = seal.new_key()
        # Longer than any PIN, so that none is equal to it.
        self._decoy = seal.lock(self._decoy_key, seal.new_key(), pin_context(NO_NUMBER))

    async def handle(self, batch: Sequence[Event]) -> None:
        """Answer each request, one after the other. Raises CannotOpenError, ValueError for what is no request."""
        for event in batch:
            if isinstance(event.payload, AccessRequested):
                await self._handle(event, event.payload)

    async def _handle(self, event: Event, asked: AccessRequested) -> None:
        now = self._clock()
        if abs(now - asked.requested_at) > STALE:
            ACCESS.labels("stale").inc()
            return
        request = self._open(asked)
        async with self._engine.begin() as connection:
            await guesses.one_at_a_time(connection)
            before = await guesses.answered(connection, asked.request_id)
            if before is None:
                answer = await self._decide(connection, request, now)
                before = answer.model_dump_json().encode()
                await guesses.keep(connection, asked.request_id, before, kept=KEPT)
        payload = AccessAnswered.model_validate_json(before)
        answered_id = uuid5(asked.request_id, "answered")
        self._say([Event(answered_id, history.SOURCE, now, event.subject, payload)])

    def _open(self, asked: AccessRequested) -> _Request:
        plain = self._keys[asked.credentials.key_id].open(
            asked.credentials, seal.access_info(asked.request_id)
        )
        return _Request(
            asked.request_id,
            Credentials.model_validate_json(plain),
            seal.PublicKey.from_raw("session", asked.session_key),
        )

    async def _decide(
        self, connection: AsyncConnection, request: _Request, now: datetime
    ) -> AccessAnswered:
        number, request_id = request.credentials.case_number, request.request_id
        subject = hmac.digest(self._pin_key, f"guesses/{number}".encode(), hashlib.sha256)
        one, everybody = await guesses.counts(connection, subject, now)
        wait = lockout.wait_seconds((one, everybody), now)
        if wait:
            ACCESS.labels("locked").inc()
            return AccessAnswered(request_id=request_id, wait_seconds=wait)
        found, about = await self._find(connection, request.credentials)
        if found is None:
            ACCESS.labels("refused").inc()
            one = lockout.failed(lockout.ONE_CASE, one, now)
            everybody = lockout.failed(lockout.ALL, everybody, now)
            await guesses.save(connection, {subject: one, guesses.EVERYBODY: everybody})
            await history.note(connection, "access.refused", [about], subject=str(request_id))
            wait = lockout.wait_seconds((one, everybody), now)
            return AccessAnswered(request_id=request_id, wait_seconds=wait or None)
        ACCESS.labels("granted").inc()
        await guesses.forget(connection, subject)
        await history.note(connection, "access.granted", [about], subject=str(request_id))
        sealed = request.session.seal(
            await self._view(connection, found), seal.view_info(request_id)
        )
        return AccessAnswered(request_id=request_id, view=sealed)

    async def _find(
        self, connection: AsyncConnection, credentials: Credentials
    ) -> tuple[_Found | None, str | None]:
        """The case that these open; and the number, where there is such a case."""
        given = credentials.case_number
        number = given if cases.is_number(given) else NO_NUMBER
        row = (await connection.execute(_CASE, {"number": number})).one_or_none()
        key = await self._vault.key_or_decoy(number)
        right = hmac.compare_digest(
            self._expected(row, key), pins.pin_mac(self._pin_key, number, credentials.pin.encode())
        )
        found = _Found(row, key) if right and row is not None and key is not None else None
        return found, row.case_number if row is not None else None

    def _expected(self, row: AnyRow | None, key: bytes | None) -> bytes:
        """The HMAC of the case's PIN, or one that no PIN has."""
        under, locked, number = self._decoy_key, self._decoy, NO_NUMBER
        if row is not None and row.pin_locked is not None and key is not None:
            under, locked, number = key, row.pin_locked, row.case_number
        try:
            pin = seal.unlock(under, locked, pin_context(number))
        except seal.CannotOpenError:
            log.exception("pin_unreadable", case_number=number)
            pin = seal.new_key()
        mac = pins.pin_mac(self._pin_key, number, pin)
        kept = row.pin_hmac if row is not None else None
        return bytes(kept) if kept is not None else mac

    async def _view(self, connection: AsyncConnection, found: _Found) -> bytes:
        number = found.case.case_number
        shown = view(
            found.case,
            await cases.submissions_of(connection, number),
            await amendments.of_case(connection, number),
            await replies.of_case(connection, number),
            found.key,
        )
        return shown.model_dump_json().encode()
