"""A file becomes pages, and pages letters: split at separator sheets, each letter entered in the register."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import draft_rows, store
from intake_mail.draft_rows import Opened
from intake_mail.drafts import Draft, File, FileState, Page, PageState
from intake_mail.opening import LostPage, OpenedPage, Probe, ScanError
from intake_mail.parts import Parts
from intake_mail.splitting import Split, split
from speakup import seal
from speakup.blobs import close_blob
from speakup.submission import Blob


class NotAsStoredError(Exception):
    """What lies in the object store isn't what was taken in."""


class _Found(NamedTuple):
    pages: list[Page]
    codes: list[tuple[str, ...]]


class Unfolding:
    """Opens the files of letters."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def work(self, opened: Opened) -> None:
        """Open the files of the letter that wait. Killed in between, it begins that file again."""
        for file in opened.draft.files:
            if file.state is FileState.waiting and file.blob is not None:
                await self._clear(opened)
                await self._unfold(opened.letter_id, file, file.blob)

    async def _clear(self, opened: Opened) -> None:
        """What an earlier try has left."""
        async with self._parts.engine.begin() as connection:
            now = await self._parts.rows.get(connection, opened.letter_id, for_update=True)
            if now is None:
                return
            noted = await draft_rows.of_letter(connection, opened.letter_id)
            left = sorted(noted - now.draft.digests)
            await self._parts.delete_blobs(left)
            await draft_rows.forget_pieces(connection, left)

    async def _unfold(self, letter_id: UUID, file: File, blob: Blob) -> None:
        content = await self._parts.blobs.get(blob)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise NotAsStoredError
        try:
            # What else it raises says nothing of the file: it is opened later then.
            probe = await self._parts.opener.probe(content)
            found = await self._pages(letter_id, file, content, probe)
        except ScanError as error:
            await self._refuse(letter_id, file, error.code)
            return
        async with self._parts.engine.begin() as connection:
            opened = await self._parts.rows.get(connection, letter_id, for_update=True)
            if opened is not None and _waits(opened.draft, file):
                await self._divide(connection, opened, file, found)

    async def _pages(self, letter_id: UUID, file: File, content: bytes, probe: Probe) -> _Found:
        found = _Found([], [])
        async for one in self._parts.opener.pages(content, probe):
            if isinstance(one, LostPage):
                page = Page(
                    page_id=uuid4(),
                    file_id=file.file_id,
                    state=PageState.missing,
                    problem=one.code,
                )
                found.codes.append(())
            else:
                page = await self._kept(letter_id, file, one)
                found.codes.append(one.codes)
            found.pages.append(page)
        return found

    async def _kept(self, letter_id: UUID, file: File, one: OpenedPage) -> Page:
        blob, ciphertext = await asyncio.to_thread(close_blob, one.png)
        async with self._parts.engine.begin() as connection:
            await draft_rows.note_pieces(connection, letter_id, [blob.digest])
        await self._parts.blobs.put(blob.digest, ciphertext)
        return Page(
            page_id=uuid4(),
            file_id=file.file_id,
            blob=blob,
            width=one.width,
            height=one.height,
        )

    async def _refuse(self, letter_id: UUID, file: File, code: str) -> None:
        async with self._parts.engine.begin() as connection:
            opened = await self._parts.rows.get(connection, letter_id, for_update=True)
            if opened is None:
                return
            refused = file.model_copy(update={"state": FileState.refused, "problem": code})
            draft = opened.draft.model_copy(update={"files": _with(opened.draft.files, refused)})
            await self._parts.rows.save(connection, opened, draft, by_person=False)

    async def _divide(
        self, connection: AsyncConnection, opened: Opened, file: File, found: _Found
    ) -> None:
        """The first letter's pages stay here; each further one gets a number of its own."""
        parted = split(found.codes)
        first, *others = _letters(parted, found.pages)
        draft = opened.draft
        kept = file.model_copy(
            update={"state": FileState.opened, "blob": None if others else file.blob}
        )
        own = draft.model_copy(
            update={
                "files": _with(draft.files, kept),
                "pages": (*draft.pages, *first),
                "quotes": draft.quotes or _quoted(parted, 0),
            }
        )
        await self._parts.rows.save(connection, opened, own, by_person=False)
        if others:
            await keep_original(connection, self._parts, opened.letter_id, file)
        for place, pages in enumerate(others, 1):
            new = Draft(
                files=(kept,),
                pages=tuple(pages),
                language=draft.language,
                quotes=_quoted(parted, place),
            )
            await part(connection, self._parts, opened.letter_id, new)


async def part(
    connection: AsyncConnection, parts: Parts, origin: UUID, draft: Draft
) -> tuple[UUID, str]:
    """A new letter with some pages of another one: entered as that one was, with the scans' hashes."""
    letter_id = uuid4()
    entry, staff = await store.entered(connection, origin)
    number = await parts.rows.add(connection, letter_id, entry, staff, draft)
    await note_scans(connection, letter_id, draft.files)
    await draft_rows.note_pieces(connection, letter_id, draft.digests)
    return letter_id, number


async def note_scans(connection: AsyncConnection, letter_id: UUID, files: Sequence[File]) -> None:
    """Put files beside those that are noted for the letter."""
    there = await store.scan_count(connection, letter_id)
    for position, file in enumerate(files, there + 1):
        await store.add_scan(connection, letter_id, position, bytes.fromhex(file.sha256), file.size)


async def keep_original(
    connection: AsyncConnection, parts: Parts, letter_id: UUID, file: File
) -> None:
    """A file with several letters goes with none of them: its key is released by two approvals only."""
    if file.blob is None:
        return
    sealed = parts.keys.unsealing().seal(
        file.blob.model_dump_json().encode(), f"speakup/scan/{file.sha256}"
    )
    sha256 = bytes.fromhex(file.sha256)
    # The same scan may have come twice: one of them is kept.
    if await store.keep_original(connection, letter_id, sha256, seal.pack(sealed)):
        await draft_rows.forget_pieces(connection, [file.blob.digest])


def _letters(parted: Split, pages: Sequence[Page]) -> list[list[Page]]:
    """Each with the sheets that lie before it, dropped: a reporter could have printed such a code, too."""
    letters: list[list[Page]] = []
    end = -1
    for letter in parted.letters or ((),):
        sheets = [i for i in parted.separators if end < i < (letter[0] if letter else len(pages))]
        end = letter[-1] if letter else len(pages)
        letters.append(
            [
                *(pages[i].model_copy(update={"dropped": True}) for i in sheets),
                *(pages[i] for i in letter),
            ]
        )
    letters[-1] += [
        pages[i].model_copy(update={"dropped": True}) for i in parted.separators if i > end
    ]
    return letters


def _waits(draft: Draft, file: File) -> bool:
    return any(
        one.file_id == file.file_id and one.state is FileState.waiting for one in draft.files
    )


def _with(files: Sequence[File], changed: File) -> tuple[File, ...]:
    return tuple(changed if one.file_id == changed.file_id else one for one in files)


def _quoted(parted: Split, place: int) -> str:
    return (parted.quoted[place] or "") if place < len(parted.quoted) else ""
