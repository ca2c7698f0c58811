"""The vault: a key for each case, wrapped by a key provider, in a small database of its own.

Destroying a case's row here erases the case everywhere, in older backups of the main database too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import postgres, seal


class KeyProvider(Protocol):
    """Wraps case keys. The one there is keeps its key in a file; a cloud's or Vault's can follow."""

    @property
    def provider_key(self) -> str:
        """Which key wraps."""
        ...

    def wrap(self, case_number: str, key: bytes) -> bytes:
        """The key, closed."""
        ...

    def unwrap(self, case_number: str, wrapped: bytes) -> bytes:
        """The key, opened. Raises CannotOpenError."""
        ...


@dataclass(frozen=True, slots=True)
class FileKeyProvider:
    """Wraps by a 256-bit key from the folder of keys."""

    key: bytes
    provider_key: str = "file-1"

    def wrap(self, case_number: str, key: bytes) -> bytes:
        """The key, closed; 60 bytes."""
        return seal.lock(self.key, key, f"speakup/case-key/{case_number}")

    def unwrap(self, case_number: str, wrapped: bytes) -> bytes:
        """The key, opened. Raises CannotOpenError."""
        return seal.unlock(self.key, wrapped, f"speakup/case-key/{case_number}")


class Vault:
    """Makes and finds case keys (32 bytes)."""

    def __init__(self, engine: AsyncEngine, provider: KeyProvider) -> None:
        self._engine, self._provider = engine, provider
        self._decoy = provider.wrap("", seal.new_key())

    async def make(self, numbers: Collection[str]) -> dict[str, bytes]:
        """The keys of these cases, made where there are none; committed when it returns.

        A case that was being opened when the process was killed has a key already: that one stays,
        since another instance may be using it at this moment.
        """
        keys = {number: seal.new_key() for number in numbers}
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            rows = await connection.execute(
                text(
                    """
                    INSERT INTO case_keys (case_number, provider_key, wrapped)
                    SELECT number, :provider, wrapped
                    FROM unnest(CAST(:numbers AS text[]), CAST(:wrapped AS bytea[]))
                         AS new (number, wrapped)
                    ON CONFLICT (case_number) DO NOTHING
                    RETURNING case_number
                    """
                ),
                {
                    "provider": self._provider.provider_key,
                    "numbers": list(keys),
                    "wrapped": [self._provider.wrap(n, key) for n, key in keys.items()],
                },
            )
            made = set(rows.scalars())
        there = keys.keys() - made
        return keys | await self.keys_of(there) if there else keys

    async def keys_of(self, numbers: Collection[str]) -> dict[str, bytes]:
        """The keys of these cases; an erased case has none."""
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            rows = await connection.execute(
                text(
                    "SELECT case_number, wrapped FROM case_keys WHERE case_number = ANY(:numbers)"
                ),
                {"numbers": list(numbers)},
            )
            return {
                row.case_number: self._provider.unwrap(row.case_number, row.wrapped) for row in rows
            }

    async def key_of(self, number: str) -> bytes | None:
        """The key of this case; None where it was erased."""
        return (await self.keys_of([number])).get(number)

    async def destroy(self, number: str) -> None:
        """Destroy a case's key: what is under it is closed for good. Nothing happens where there is none."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("DELETE FROM case_keys WHERE case_number = :number"), {"number": number}
            )

    async def key_or_decoy(self, number: str) -> bytes | None:
        """A case's key; None, after the same work, where there is none."""
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            rows = await connection.execute(
                text("SELECT case_number, wrapped FROM case_keys WHERE case_number = :number"),
                {"number": number},
            )
            row = rows.one_or_none()
        name, wrapped = ("", self._decoy) if row is None else (row.case_number, row.wrapped)
        key = self._provider.unwrap(name, wrapped)
        return key if row is not None else None


def content_context(case_number: str, submission_id: object) -> str:
    """What a narrative under a case's key is bound to."""
    return f"speakup/case/{case_number}/submission/{submission_id}"


def contact_context(case_number: str, submission_id: object, purpose: str) -> str:
    """What a sealed contact under a case's key is bound to; `purpose` is `reply` or `unsealing`."""
    return f"speakup/case/{case_number}/submission/{submission_id}/{purpose}"


def reply_context(case_number: str, reply_id: object) -> str:
    """What a reply's text under a case's key is bound to."""
    return f"speakup/case/{case_number}/reply/{reply_id}"


def amended_context(case_number: str, event_id: object) -> str:
    """What an amendment under a case's key is bound to."""
    return f"speakup/case/{case_number}/amendment/{event_id}"


def concerned_context(case_number: str, concerned_id: object) -> str:
    """What the name of somebody whom a case is about, under the case's key, is bound to."""
    return f"speakup/case/{case_number}/concerned/{concerned_id}"


def file_context(case_number: str, file_id: object) -> str:
    """What a file that staff added, under a case's key, is bound to."""
    return f"speakup/case/{case_number}/file/{file_id}"


def approval_context(case_number: str, approval_id: object) -> str:
    """What the reason of an approval under a case's key is bound to."""
    return f"speakup/case/{case_number}/approval/{approval_id}"


def pin_context(case_number: str) -> str:
    """What a PIN under a case's key is bound to."""
    return f"speakup/case/{case_number}/pin"
