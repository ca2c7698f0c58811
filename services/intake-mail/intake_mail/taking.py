"""Taking scans in: looked at, sealed, and entered in the register in one transaction, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import draft_rows
from intake_mail.drafts import Draft, File
from intake_mail.opening import Probe, ScanError
from intake_mail.parts import Parts
from intake_mail.register import Entry
from intake_mail.unfolding import note_scans
from speakup import idempotency
from speakup.blobs import close_blob
from speakup.events import Language
from speakup.sandbox import SandboxError
from speakup.staff import Staff

NAME_CHARACTERS = 100


class RefusedError(Exception):
    """Some files can't be scans; nothing was taken. `problems`: position (from 1) and code."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__("refused")
        self.problems = problems


class CannotLookError(OSError):
    """No file can be looked at just now, which says nothing of the file: later it can."""


class NoDraftError(Exception):
    """There is no such letter, or nothing can be added to it any more."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sent it: the name is their word."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """Who brings it, and the key by which a repetition is known; none for the watched folder."""

    staff: Staff
    key: str | None
    about: str = ""
    """What else the request says, for the comparison with a repeated one."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    file: File
    ciphertext: bytes


class Taking:
    """Takes files in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def letters(
        self,
        uploads: Sequence[Upload],
        entry: Entry,
        request: Request,
        *,
        together: bool,
        language: Language | None = None,
    ) -> list[dict[str, Any]]:
        """New letters: one of each file, or one of all. Their ids and numbers.

        Raises RefusedError; CannotLookError; idempotency.OtherRequestError.
        """
        sealed = await self._sealed(uploads)
        groups = [sealed] if together else [[one] for one in sealed]
        letters = {uuid4(): group for group in groups}
        await self._store(letters)
        async with self._parts.engine.begin() as connection:
            taken = await self._before(connection, request, uploads)
            is_new = taken is None
            if taken is None:
                taken = [
                    await self._enter(connection, letter_id, group, entry, request.staff, language)
                    for letter_id, group in letters.items()
                ]
                await self._keep(connection, request, taken)
        await self._settle(sealed, is_new=is_new)
        return taken

    async def add(
        self, letter_id: UUID, uploads: Sequence[Upload], request: Request
    ) -> list[dict[str, Any]]:
        """More files for a letter. Raises as `letters`, and NoDraftError."""
        sealed = await self._sealed(uploads)
        # Nobody's as yet: what the letter has noted and doesn't hold is cleared away before a file of it is opened.
        await self._store({uuid4(): sealed})
        is_new = False
        try:
            async with self._parts.engine.begin() as connection:
                taken = await self._before(connection, request, uploads)
                if taken is None:
                    taken = [await self._append(connection, letter_id, sealed)]
                    is_new = True
                    await self._keep(connection, request, taken)
        finally:
            await self._settle(sealed, is_new=is_new)
        return taken

    async def _sealed(self, uploads: Sequence[Upload]) -> list[_Sealed]:
        problems: list[tuple[int, str]] = []
        sealed = []
        for position, upload in enumerate(uploads, 1):
            try:
                probe = await self._parts.opener.probe(upload.content)
            except ScanError as error:
                problems.append((position, error.code))
            except SandboxError as error:
                raise CannotLookError(str(error)) from None
            else:
                sealed.append(await asyncio.to_thread(_seal, upload, probe))
        if problems:
            raise RefusedError(problems)
        return sealed

    async def _store(self, letters: dict[UUID, list[_Sealed]]) -> None:
        async with self._parts.engine.begin() as connection:
            for letter_id, group in letters.items():
                await draft_rows.note_pieces(connection, letter_id, [_digest(one) for one in group])
        for group in letters.values():
            for one in group:
                await self._parts.blobs.put(_digest(one), one.ciphertext)

    async def _enter(
        self,
        connection: AsyncConnection,
        letter_id: UUID,
        group: Sequence[_Sealed],
        entry: Entry,
        staff: Staff,
        language: Language | None,
    ) -> dict[str, Any]:
        draft = Draft(files=tuple(one.file for one in group), language=language)
        number = await self._parts.rows.add(connection, letter_id, entry, staff, draft)
        await note_scans(connection, letter_id, draft.files)
        return {"letter_id": str(letter_id), "number": number}

    async def _append(
        self, connection: AsyncConnection, letter_id: UUID, sealed: Sequence[_Sealed]
    ) -> dict[str, Any]:
        opened = await self._parts.rows.get(connection, letter_id, for_update=True)
        if opened is None or opened.state != "draft":
            raise NoDraftError
        files = tuple(one.file for one in sealed)
        await draft_rows.note_pieces(connection, letter_id, [_digest(one) for one in sealed])
        await note_scans(connection, letter_id, files)
        draft = opened.draft.model_copy(update={"files": opened.draft.files + files})
        await self._parts.rows.save(connection, opened, draft, by_person=True)
        return {"letter_id": str(letter_id), "number": opened.number}

    async def _before(
        self, connection: AsyncConnection, request: Request, uploads: Sequence[Upload]
    ) -> list[dict[str, Any]] | None:
        """What the same request was answered before."""
        if request.key is None:
            return None
        said = hashlib.sha256(request.about.encode())
        for upload in uploads:
            said.update(hashlib.sha256(upload.content).digest())
        # Keyed: who has the table can't find out by trying what was sent.
        fingerprint = hmac.digest(self._parts.fingerprint_key, said.digest(), hashlib.sha256)
        kept = await idempotency.claim(
            connection, request.staff.account_id, request.key, fingerprint
        )
        return None if kept is None else list(kept.body["letters"])

    async def _keep(
        self, connection: AsyncConnection, request: Request, taken: list[dict[str, Any]]
    ) -> None:
        if request.key is not None:
            kept = idempotency.Kept(201, "", {"letters": taken})
            await idempotency.keep(connection, request.staff.account_id, request.key, kept)

    async def _settle(self, sealed: Sequence[_Sealed], *, is_new: bool) -> None:
        if is_new:
            self._parts.wake.set()
            return
        digests = [_digest(one) for one in sealed]
        await self._parts.delete_blobs(digests)
        async with self._parts.engine.begin() as connection:
            await draft_rows.forget_pieces(connection, digests)


def _seal(upload: Upload, probe: Probe) -> _Sealed:
    blob, ciphertext = close_blob(upload.content)
    file = File(
        file_id=uuid4(),
        name=_shown(upload.name),
        content_type=probe.content_type,
        sha256=hashlib.sha256(upload.content).hexdigest(),
        size=len(upload.content),
        blob=blob,
    )
    return _Sealed(file, ciphertext)


def _shown(name: str) -> str:
    """The last step of what somebody called a file, without what hides, turns text round or is no character."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:NAME_CHARACTERS] or "scan"


def _digest(one: _Sealed) -> str:
    if one.file.blob is None:
        raise ValueError("a new file has its blob")
    return one.file.blob.digest
