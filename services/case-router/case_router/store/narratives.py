"""Narratives and replies as they lie in the store, opened with their case's key."""

from __future__ import annotations

from uuid import UUID

from case_router.store.vault import content_context, reply_context
from speakup import seal
from speakup.logs import get_logger
from speakup.submission import Content, Reply

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
