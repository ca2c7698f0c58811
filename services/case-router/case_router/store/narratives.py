"""Narratives and replies as they lie in the store, opened with their case's key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from case_router.recordings import Added, Recorded, recordings
from case_router.store.rows import AnyRow
from case_router.store.vault import (
    amended_context,
    concerned_context,
    contact_context,
    content_context,
    file_context,
    reply_context,
)
from speakup import seal
from speakup.events import Amendment, Sealed
from speakup.logs import get_logger
from speakup.submission import Amended, Attachment, Content, Reply

_PACKED = re.compile(rb"[a-z-]+-\d{8}-[0-9a-f]{8}\x00")
"""How a packed seal begins, with the key's id; a lock begins with random bytes."""

M = TypeVar("M", bound=BaseModel)

log = get_logger("case-router")


def open_content(
    key: bytes, case_number: str, submission_id: UUID, locked: bytes
) -> Content | None:
    """A submission's narrative; None where it was erased, or the lock doesn't open, which the log tells."""
    try:
        return _open(Content, key, locked, content_context(case_number, submission_id))
    except (seal.CannotOpenError, ValueError):
        log.exception("narrative_unreadable", submission_id=submission_id)
        return None


def open_contact(
    key: bytes, case_number: str, submission_id: UUID, purpose: str, locked: bytes
) -> Sealed:
    """A contact, sealed to the contact key (`reply`) or the unsealing key (`unsealing`). Raises CannotOpenError."""
    # Until revision 0006 the seal lay in the table as it is.
    if _PACKED.match(locked):
        return seal.unpack(locked)
    context = contact_context(case_number, submission_id, purpose)
    return seal.unpack(seal.unlock(key, locked, context))


def lock_reply(key: bytes, case_number: str, reply_id: UUID, reply: Reply) -> bytes:
    """A reply as it is stored."""
    plain = reply.model_dump_json().encode()
    return seal.lock(key, plain, reply_context(case_number, reply_id))


def open_reply(key: bytes, case_number: str, reply_id: UUID, locked: bytes) -> Reply | None:
    """A reply's text; None where it was erased, or the lock doesn't open, which the log tells."""
    try:
        return _open(Reply, key, locked, reply_context(case_number, reply_id))
    except (seal.CannotOpenError, ValueError):
        log.exception("reply_unreadable", reply_id=reply_id)
        return None


def lock_amended(key: bytes, case_number: str, event_id: UUID, amended: Amended) -> bytes:
    """An amendment as it is stored."""
    plain = amended.model_dump_json().encode()
    return seal.lock(key, plain, amended_context(case_number, event_id))


def open_amended(key: bytes, case_number: str, event_id: UUID, locked: bytes) -> Amended | None:
    """An amendment; None where it was erased, or the lock doesn't open, which the log tells."""
    try:
        return _open(Amended, key, locked, amended_context(case_number, event_id))
    except (seal.CannotOpenError, ValueError):
        log.exception("amendment_unreadable", event_id=event_id)
        return None


def lock_file(key: bytes, case_number: str, file_id: UUID, file: Attachment) -> bytes:
    """A file that staff added, as it is stored: its name and its blob's key."""
    return seal.lock(key, file.model_dump_json().encode(), file_context(case_number, file_id))


def open_file(key: bytes, case_number: str, file_id: UUID, locked: bytes) -> Attachment | None:
    """A file that staff added; None where the lock doesn't open, which the log tells."""
    try:
        return _open(Attachment, key, locked, file_context(case_number, file_id))
    except (seal.CannotOpenError, ValueError):
        log.exception("file_unreadable", case_number=case_number)
        return None


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
        locked = row.content_locked or b""
        content = open_amended(key, row.case_number, row.event_id, locked)
        if content is None:
            continue
        about = Amendment(row.amendment)
        opened.append(
            Added(row.event_id, row.submission_id, about, row.amended_at, row.by, content)
        )
    return recordings(opened)


def _open(model: type[M], key: bytes, locked: bytes, context: str) -> M | None:
    """None where it was erased. Raises CannotOpenError, ValueError."""
    return model.model_validate_json(seal.unlock(key, locked, context)) if locked else None
