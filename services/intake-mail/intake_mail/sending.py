"""A finished letter goes to the router: its archive copy is made, then it is a submission, and its draft no more."""

from __future__ import annotations

from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import draft_rows, page_reader, store, submit
from intake_mail.archive import Archiver
from intake_mail.draft_rows import Opened
from intake_mail.drafts import Draft
from intake_mail.parts import Parts
from intake_mail.program import ProgramError
from intake_mail.reading import languages
from intake_mail.tables import accepted
from speakup import case_number, outbox
from speakup.blobs import close_blob
from speakup.events import Channel, Event
from speakup.logs import get_logger
from speakup.sandbox import SandboxError
from speakup.submission import INLINE_TEXT, Blob, Content

SENT = Counter("speakup_letters_sent", "Letters sent to the router", ["as"])

log = get_logger("intake-mail")


class Sending:
    """Sends letters."""

    def __init__(self, parts: Parts, archiver: Archiver) -> None:
        self._parts, self._archiver = parts, archiver

    async def work(self, opened: Opened) -> None:
        """Killed before the end, it is begun again, and the same submission comes of it."""
        content = submit.content_of(
            opened.draft,
            opened.number,
            archive=await self._archive(opened),
            full_text=await self._full_text(opened),
        )
        async with self._parts.engine.begin() as connection:
            now = await self._parts.rows.get(connection, opened.letter_id, for_update=True)
            if now is None or now.state != "sending":
                return
            record = submit.record(await self._event(connection, now, content))
            retry = self._parts.settings.outbox_retry_seconds
            await outbox.add(connection, [record], retry=retry)
            await draft_rows.forget_pieces(connection, submit.digests(content))
            await draft_rows.close(connection, now.letter_id, "sent", sent_at=func.now())
        self._parts.relay.publish_soon([record])
        SENT.labels("follow_up" if opened.draft.follows_up else "new").inc()

    async def _event(self, connection: AsyncConnection, opened: Opened, content: Content) -> Event:
        entry, _ = await store.entered(connection, opened.letter_id)
        keys = self._parts.keys
        return submit.event(
            opened.letter_id,
            entry,
            opened.draft,
            content,
            await accept(connection, opened.letter_id, opened.draft),
            zone=self._parts.settings.timezone,
            intake=keys.intake(),
            contact=keys.contact(),
            unsealing=keys.unsealing(),
        )

    async def _archive(self, opened: Opened) -> Blob | None:
        """The letter as a PDF/A; without one it goes all the same."""
        pages = [
            page_reader.Page(
                await self._parts.blobs.get(page.blob),
                languages(opened.draft, page),
                page.rotation,
            )
            for page in opened.draft.kept
            if page.blob is not None
        ]
        try:
            made = await self._archiver.archive(pages)
        except (ProgramError, SandboxError, TimeoutError) as error:
            log.warning("archive_copy_missing", reason=str(error), error=type(error).__name__)
            return None
        return await self._keep(opened.letter_id, made)

    async def _full_text(self, opened: Opened) -> Blob | None:
        text = submit.text_of(opened.draft).encode()
        return None if len(text) <= INLINE_TEXT else await self._keep(opened.letter_id, text)

    async def _keep(self, letter_id: UUID, plain: bytes) -> Blob:
        blob, ciphertext = close_blob(plain)
        async with self._parts.engine.begin() as connection:
            await draft_rows.note_pieces(connection, letter_id, [blob.digest])
        await self._parts.blobs.put(blob.digest, ciphertext)
        return blob


async def accept(connection: AsyncConnection, letter_id: UUID, draft: Draft) -> str:
    """The number that the letter goes under: that of the case it quotes, or a new one that nobody else has."""
    values = {"submission_id": submit.submission_id(letter_id), "letter_id": letter_id}
    if draft.follows_up is not None:
        await connection.execute(insert(accepted).values(**values))
        return draft.follows_up
    while True:
        number = case_number.mint(Channel.mail)
        added = await connection.execute(
            insert(accepted)
            .values(**values, case_number=number)
            .on_conflict_do_nothing(index_elements=["case_number"])
            .returning(accepted.c.case_number)
        )
        if added.scalar_one_or_none() is not None:
            return number
