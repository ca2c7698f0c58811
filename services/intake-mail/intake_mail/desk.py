"""What a person at the desk changes in drafts: each change one transaction, each rule told in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import draft_rows
from intake_mail.draft_rows import Opened
from intake_mail.drafts import Draft, File, Page, PageState
from intake_mail.parts import Parts
from intake_mail.tables import letters
from intake_mail.unfolding import keep_original, note_scans, part

TEXT_CHARACTERS = 50_000
"""Of a page: several times what fits on one."""
PAGES_AND_FILES = 1500
"""Of a letter: the submission names each, and has to fit into a message (a million bytes)."""


class GoneError(Exception):
    """There is no such draft, or no such page in it."""


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the draft since it was read."""


class NotNowError(Exception):
    """It can't be done as the letter is; `why` is the name of a text (`desk.<why>`)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Desk:
    """Changes drafts. Each method raises GoneError where there is none."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def change(
        self, letter_id: UUID, changes: Mapping[str, Any], *, revision: int | None
    ) -> None:
        """Facts of the letter. Raises ChangedMeanwhileError."""
        async with self._parts.engine.begin() as connection:
            opened = await self._opened(connection, letter_id)
            if revision is not None and revision != opened.revision:
                raise ChangedMeanwhileError
            draft = opened.draft.model_copy(update=dict(changes))
            await self._parts.rows.save(connection, opened, draft, by_person=True)

    async def change_page(self, letter_id: UUID, page_id: UUID, changes: Mapping[str, Any]) -> None:
        """Text, rotation, dropped, handwritten of a page."""
        await self._on_page(letter_id, page_id, lambda page: changed(page, changes))

    async def read_again(self, letter_id: UUID, page_id: UUID, changes: Mapping[str, Any]) -> None:
        """Have a page read anew, in `language` or turned by `rotation`: what was typed is written over.

        Raises NotNowError where there is no picture.
        """
        await self._on_page(letter_id, page_id, lambda page: to_read(page, changes))

    async def split(self, letter_id: UUID, page_id: UUID) -> tuple[UUID, str]:
        """From this page on it is another letter. Its id and number. Raises NotNowError for the first page."""
        async with self._parts.engine.begin() as connection:
            opened = await self._opened(connection, letter_id)
            at = _place(opened.draft, page_id)
            if at == 0:
                raise NotNowError("first_page")
            stay, go = opened.draft.pages[:at], opened.draft.pages[at:]
            shared = {page.file_id for page in stay} & {page.file_id for page in go}
            for file in opened.draft.files:
                if file.file_id in shared:
                    await keep_original(connection, self._parts, letter_id, file)
            files = [
                _without_blob(file) if file.file_id in shared else file
                for file in opened.draft.files
            ]
            kept, gone = _divided(files, stay, go)
            own = opened.draft.model_copy(update={"pages": stay, "files": kept})
            await self._parts.rows.save(connection, opened, own, by_person=True)
            new = Draft(pages=go, files=gone, language=opened.draft.language)
            made = await part(connection, self._parts, letter_id, new)
        self._parts.wake.set()
        return made

    async def join(self, letter_id: UUID, into: UUID) -> None:
        """Its pages belong to another letter: they go to that one's end, and this one is void.

        Raises NotNowError.
        """
        if letter_id == into:
            raise NotNowError("itself")
        async with self._parts.engine.begin() as connection:
            # In one order, so that two who join crosswise don't wait for each other.
            both = {one: await self._opened(connection, one) for one in sorted((letter_id, into))}
            gone, other = both[letter_id], both[into]
            there = {file.file_id for file in other.draft.files}
            files = tuple(file for file in gone.draft.files if file.file_id not in there)
            draft = other.draft.model_copy(
                update={
                    "pages": other.draft.pages + gone.draft.pages,
                    "files": other.draft.files + files,
                    # What was noted of either holds for both.
                    "address": other.draft.address or gone.draft.address,
                    "quotes": other.draft.quotes or gone.draft.quotes,
                    "language": other.draft.language or gone.draft.language,
                    "wants_no_answer": other.draft.wants_no_answer or gone.draft.wants_no_answer,
                }
            )
            await draft_rows.note_pieces(connection, into, gone.draft.digests)
            await note_scans(connection, into, files)
            await self._parts.rows.save(connection, other, draft, by_person=True)
            reason = f"joined to {other.number}"
            await draft_rows.close(
                connection, letter_id, "void", void_reason=reason, joined_to=into
            )
        self._parts.wake.set()

    async def void(self, letter_id: UUID, reason: str) -> None:
        """It was entered in error: its number stays, its pages are destroyed. Also one that can't be opened any more."""
        async with self._parts.engine.begin() as connection:
            if await _state(connection, letter_id, for_update=True) != "draft":
                raise GoneError
            await draft_rows.close(connection, letter_id, "void", void_reason=reason)
        self._parts.wake.set()

    async def send(self, letter_id: UUID) -> None:
        """It is finished. Raises NotNowError. Once sent, or being sent, it stays so."""
        async with self._parts.engine.begin() as connection:
            opened = await self._parts.rows.get(connection, letter_id, for_update=True)
            if opened is not None and opened.state == "sending":
                return
            if opened is None:
                if await _state(connection, letter_id) == "sent":
                    return
                raise GoneError
            require_finished(opened.draft)
            await connection.execute(
                update(letters)
                .where(letters.c.letter_id == letter_id)
                .values(state="sending", work="send", due_at=func.now(), tries=0)
            )
        self._parts.wake.set()

    async def _opened(self, connection: AsyncConnection, letter_id: UUID) -> Opened:
        opened = await self._parts.rows.get(connection, letter_id, for_update=True)
        if opened is None or opened.state != "draft":
            raise GoneError
        return opened

    async def _on_page(
        self, letter_id: UUID, page_id: UUID, change: Callable[[Page], Page]
    ) -> None:
        async with self._parts.engine.begin() as connection:
            opened = await self._opened(connection, letter_id)
            at = _place(opened.draft, page_id)
            pages = list(opened.draft.pages)
            pages[at] = change(pages[at])
            draft = opened.draft.model_copy(update={"pages": tuple(pages)})
            await self._parts.rows.save(connection, opened, draft, by_person=True)
        self._parts.wake.set()


def changed(page: Page, changes: Mapping[str, Any]) -> Page:
    """The page with what a person said of it."""
    if "text" in changes:
        page = page.model_copy(
            update={
                "text": changes["text"],
                "edited": True,
                "unsure": (),
                "state": _typed(page.state),
                "asked": page.asked + 1,
            }
        )
    if "dropped" in changes:
        page = page.model_copy(update={"dropped": changes["dropped"]})
    if changes.get("handwritten") is True:
        page = page.model_copy(
            update={
                "state": PageState.handwritten,
                "text": page.text if page.edited else "",
                "unsure": (),
                "asked": page.asked + 1,
            }
        )
    if changes.get("handwritten") is False and page.is_handwritten:
        page = page.model_copy(update={"state": PageState.check})
    if "rotation" in changes:
        page = _turned(page, changes["rotation"])
    return page


def to_read(page: Page, changes: Mapping[str, Any]) -> Page:
    """The page, waiting to be read. Raises NotNowError."""
    if page.blob is None:
        raise NotNowError("no_picture")
    turned = {"rotation": changes["rotation"], "turned": True} if "rotation" in changes else {}
    language = {"language": changes["language"]} if "language" in changes else {}
    return page.model_copy(
        update={
            "state": PageState.waiting,
            "problem": "",
            "text": "",
            "unsure": (),
            "edited": False,
            "asked": page.asked + 1,
            **turned,
            **language,
        }
    )


def require_finished(draft: Draft) -> None:
    """Raises NotNowError where something is left to be done before the letter can go."""
    if draft.work is not None and not (draft.unread and draft.work == "read"):
        raise NotNowError("still_working")
    if any(page.state is PageState.missing and not page.dropped for page in draft.pages):
        raise NotNowError("page_missing")
    if not draft.kept:
        raise NotNowError("no_page")
    if len(draft.kept) + len(draft.files) > PAGES_AND_FILES:
        raise NotNowError("too_many_pages")


def _turned(page: Page, rotation: int) -> Page:
    as_it_was = page.edited or page.is_handwritten or page.blob is None
    if as_it_was:
        return page.model_copy(update={"rotation": rotation, "turned": True, "unsure": ()})
    return to_read(page, {"rotation": rotation})


def _typed(state: PageState) -> PageState:
    """A page that a person has typed needs no machine."""
    return state if state is PageState.handwritten else PageState.read


def _place(draft: Draft, page_id: UUID) -> int:
    for at, page in enumerate(draft.pages):
        if page.page_id == page_id:
            return at
    raise GoneError


def _without_blob(file: File) -> File:
    return file.model_copy(update={"blob": None})


def _divided(
    files: Sequence[File], stay: Sequence[Page], go: Sequence[Page]
) -> tuple[tuple[File, ...], tuple[File, ...]]:
    """Each letter's files; one without pages stays."""
    staying, going = ({page.file_id for page in pages} for pages in (stay, go))
    return (
        tuple(f for f in files if f.file_id in staying or f.file_id not in going),
        tuple(f for f in files if f.file_id in going),
    )


async def _state(
    connection: AsyncConnection, letter_id: UUID, *, for_update: bool = False
) -> str | None:
    """None where there is no such letter."""
    query = select(letters.c.state).where(letters.c.letter_id == letter_id)
    found: str | None = await connection.scalar(query.with_for_update() if for_update else query)
    return found
