"""Pages that wait are read, and what was read is put into their draft, unless somebody was there before."""

from __future__ import annotations

import asyncio
from uuid import UUID

from intake_mail import page_reader
from intake_mail.draft_rows import Opened
from intake_mail.drafts import Draft, Page, PageState, Unsure
from intake_mail.page_text import PageText, placed
from intake_mail.parts import Parts
from intake_mail.reading_pool import ReadingPool, Result
from speakup.events import Language


class Reading:
    """Reads the pages of letters."""

    def __init__(self, parts: Parts, pool: ReadingPool) -> None:
        self._parts, self._pool = parts, pool

    async def work(self, opened: Opened) -> None:
        """Read what waits. Killed in between, the rest still waits."""
        async with asyncio.TaskGroup() as group:
            for page in opened.draft.pages:
                if page.state is PageState.waiting and not page.dropped and page.blob is not None:
                    png = await self._parts.blobs.get(page.blob)
                    task = await self._pool.put(
                        page_reader.Page(png, languages(opened.draft, page), rotation_of(page))
                    )
                    group.create_task(self._note(opened.letter_id, page, task))

    async def _note(self, letter_id: UUID, page: Page, task: asyncio.Task[Result]) -> None:
        result = await task
        async with self._parts.engine.begin() as connection:
            opened = await self._parts.rows.get(connection, letter_id, for_update=True)
            if opened is not None:
                draft = noted(opened.draft, page, result)
                await self._parts.rows.save(connection, opened, draft, by_person=False)


def languages(draft: Draft, page: Page) -> tuple[Language, ...]:
    """Those that the page is read in."""
    wanted = page.language or draft.language
    return tuple(Language) if wanted is None else (wanted,)


def rotation_of(page: Page) -> int | None:
    """What a person said of it; None: the reader finds out."""
    return page.rotation if page.turned else None


def noted(draft: Draft, page: Page, result: Result) -> Draft:
    """The draft with what was read of a page; what was asked anew since, or typed by a person, stays."""
    return draft.model_copy(
        update={
            "pages": tuple(
                _read(one, result)
                if one.page_id == page.page_id and one.asked == page.asked
                else one
                for one in draft.pages
            )
        }
    )


def _read(page: Page, result: Result) -> Page:
    if page.state is not PageState.waiting:
        return page
    if not isinstance(result, PageText):
        return page.model_copy(
            update={"state": PageState.unreadable, "problem": f"unread_{result.why}"}
        )
    return page.model_copy(
        update={
            "state": PageState(result.state),
            "problem": "",
            "text": result.text,
            "rotation": result.rotation,
            "unsure": tuple(
                Unsure(
                    start=at,
                    end=at + len(word.text),
                    box=(word.box.left, word.box.top, word.box.width, word.box.height),
                )
                for at, word in placed(result.words)
                if not word.is_sure
            ),
        }
    )
