"""Narratives and replies as they lie in the store, opened with their case's key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from case_router.recordings import Added, Recorded, recordings
from case_router.store.rows import AnyRow
from case_router.store.vault import (
    amended_context,
    concerned_context,
    content_context,
    reply_context,
)
from speakup import seal
from speakup.events import Amendment
from speakup.logs import get_logger
from speakup.submission import Amended, Content, Reply

log = get_logger("case-router")


def open_content(
    key: bytes, case_number: str, submission_id: UUID, locked: bytes
) -> Content | None:
    """A submission's narrative; None where the lock doesn't open, which the log tells."""
    try:
        plain = seal.unlock(key, locked, content_context(case_number, submission_id))
        return Content.model_validate_json(plain)
    except (seal.CannotOpenError, ValueError):
        log.exception("narrative_unreadable", submission_id=submission_id)
        return None


def lock_reply(key: bytes, case_number: str, reply_id: UUID, reply: Reply) -> bytes:
    """A reply as it is stored."""
    plain = reply.model_dump_json().encode()
    return seal.lock(key, plain, reply_context(case_number, reply_id))


def open_reply(key: bytes, case_number: str, reply_id: UUID, locked: bytes) -> Reply | None:
    """A reply's text; None where the lock doesn't open, which the log tells."""
    try:
        plain = seal.unlock(key, locked, reply_context(case_number, reply_id))
        return Reply.model_validate_json(plain)
    except (seal.CannotOpenError, ValueError):
        log.exception("reply_unreadable", reply_id=reply_id)
        return None


def lock_amended(key: bytes, case_number: str, event_id: UUID, amended: Amended) -> bytes:
    """An amendment as it is stored."""
    plain = amended.model_dump_json().encode()
    return seal.lock(key, plain, amended_context(case_number, event_id))


def lock_name(key: bytes, case_number: str, concerned_id: UUID, name: str) -> bytes:
    """The name of somebody whom a case is about, as it is stored."""
    return seal.lock(key, name.encode(), concerned_context(case_number, concerned_id))


def open_name(key: bytes | None, row: AnyRow) -> str | None:
    """The name of a row of `concerned`; None where there is none, or its lock doesn't open, which the log tells."""
    if key is None or row.name_locked is None:
        return None
    try:
        context = concerned_context(row.case_number, row.concerned_id)
        return seal.unlock(key, row.name_locked, context).decode()
    except (seal.CannotOpenError, ValueError):
        log.exception("name_unreadable", case_number=row.case_number)
        return None


def open_recordings(key: bytes, rows: Sequence[AnyRow]) -> list[Recorded]:
    """The recordings of a case by its amendments, without those whose lock doesn't open, which the log tells."""
    opened = []
    for row in rows:
        if row.content_locked is None:
            continue
        try:
            context = amended_context(row.case_number, row.event_id)
            content = Amended.model_validate_json(seal.unlock(key, row.content_locked, context))
        except (seal.CannotOpenError, ValueError):
            log.exception("amendment_unreadable", event_id=row.event_id)
            continue
        about = Amendment(row.amendment)
        opened.append(
            Added(row.event_id, row.submission_id, about, row.amended_at, row.by, content)
        )
    return recordings(opened)
