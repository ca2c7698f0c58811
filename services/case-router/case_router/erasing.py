"""Erasing a case: decided in one transaction, then done step by step, and again from the start after a kill.

1. The decision, the case's `erased_at` and a list of its blobs are committed together; the list needs the key.
2. The case's key is destroyed in its own database: from here on no backup of the main one opens it.
3. Its blobs are deleted.
4. What is left in the main database is taken away, `case.erased` is told, and the list with it.

Each step can be done twice. Steps 2 to 4 are done at once, and by every process that finds the list later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router.deciding import Approved
from case_router.store import cases, changes, erasure, history
from case_router.store.erasure import Locked
from case_router.store.narratives import open_amended, open_content, open_file, open_reply
from case_router.store.vault import Vault
from speakup.blobs import BlobStore
from speakup.events import CaseErased
from speakup.logs import get_logger
from speakup.problems import Problem
from speakup.relay import Relay
from speakup.rest import rest
from speakup.submission import Blob

EVERY_SECONDS = 30.0

log = get_logger("case-router")


def digests(key: bytes, number: str, found: Locked) -> list[str]:
    """The names of all blobs that a case's contents refer to; of what doesn't open, the log tells."""
    models: list[BaseModel] = []
    for row in found.submissions:
        models += filter(None, [open_content(key, number, row.id, row.locked)])
    for row in found.replies:
        models += filter(None, [open_reply(key, number, row.id, row.locked)])
    for row in found.amendments:
        models += filter(None, [open_amended(key, number, row.id, row.locked)])
    for row in found.files:
        models += filter(None, [open_file(key, number, row.id, row.locked)])
    return sorted({blob.digest for model in models for blob in _blobs(model)})


def _blobs(value: object) -> Iterator[Blob]:
    if isinstance(value, Blob):
        yield value
    elif isinstance(value, BaseModel):
        for _, field in value:
            yield from _blobs(field)
    elif isinstance(value, tuple):
        for item in value:
            yield from _blobs(item)


class Erasing:
    """Erases what two people decided to erase."""

    def __init__(
        self, *, engine: AsyncEngine, vault: Vault, blobs: BlobStore, relay: Relay, retry: float
    ) -> None:
        self._engine, self._vault, self._blobs = engine, vault, blobs
        self._relay, self._retry = relay, retry

    async def begin(self, approved: Approved) -> dict[str, str]:
        """Step 1, in the transaction that decides; `finish` follows its commit."""
        number = str(approved.approval.case_number)
        key = await self._vault.key_of(number)
        if await erasure.is_over(approved.connection, number):
            raise Problem(409, "The case has been erased already.")
        found = await erasure.locked(approved.connection, number)
        names = await asyncio.to_thread(digests, key, number, found) if key else []
        await erasure.begin(approved.connection, number, names)
        return {}

    async def finish(self, number: str) -> None:
        """Steps 2 to 4, where somebody has begun."""
        async with self._engine.begin() as connection:
            names = await erasure.take(connection, number)
            if names is None:
                return
            await self._vault.destroy(number)
            for digest in names:
                await self._blobs.delete(digest)
            await cases.hold(connection, number)
            await erasure.clear(connection, number)
            await history.note(connection, "case.erased", [number])
            told = [partial(CaseErased)]
            records = await changes.tell(connection, number, told, retry=self._retry)
        self._relay.publish_soon(records)
        log.info("case_erased", at=datetime.now(UTC).isoformat())

    async def finish_all(self) -> None:
        """What was begun and not finished. One that can't be finished now keeps none of the others waiting."""
        async with self._engine.connect() as connection:
            numbers = await erasure.pending(connection)
        for number in numbers:
            try:
                await self.finish(number)
            except (SQLAlchemyError, OSError) as error:
                log.warning("erasing_waits", exc_info=error)

    async def run(self, stop: asyncio.Event) -> None:
        """Look every half minute until told to stop."""
        while not stop.is_set():
            try:
                await self.finish_all()
            except (SQLAlchemyError, OSError) as error:
                log.warning("erasing_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)
