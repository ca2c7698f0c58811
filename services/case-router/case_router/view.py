"""The reporter's own view of their case: what they said and what they were told, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from case_router.recordings import Recorded
from case_router.store.narratives import open_content, open_recordings, open_reply
from case_router.store.rows import AnyRow
from speakup.events import Language, Purpose, Status
from speakup.submission import Said, View

TEXT = 20_000
"""Characters shown of one word: half an hour of speech."""

DIALOGUE = 150_000
"""Characters of all together, the newest first: the view travels in one event."""


def view(
    case: AnyRow,
    submissions: Sequence[AnyRow],
    amendments: Sequence[AnyRow],
    replies: Sequence[AnyRow],
    key: bytes,
) -> View:
    """From the rows of a case. What a machine sent isn't the reporter's, and is left out."""
    recordings = open_recordings(key, amendments)
    said = [
        one
        for row in submissions
        if row.automatic is None
        for one in _of_reporter(
            row, [r for r in recordings if r.submission_id == row.submission_id], key
        )
    ]
    said += [_of_handler(row, key) for row in replies if row.purpose != Purpose.acknowledgement]
    return View(
        case_number=case.case_number,
        status=Status(case.status),
        language=Language(case.language) if case.language else None,
        dialogue=_what_fits(sorted(said, key=lambda one: one.at)),
    )


def _of_reporter(row: AnyRow, recordings: Sequence[Recorded], key: bytes) -> list[Said]:
    spoken = [_spoken(recorded) for recorded in recordings if recorded.superseded_by is None]
    content = open_content(key, row.case_number, row.submission_id, row.content_locked)
    written = (content.text or content.subject) if content is not None else ""
    if spoken and not written:
        return spoken
    own = Said(
        said_id=row.submission_id,
        by_reporter=True,
        at=row.received_at,
        submission_id=row.submission_id,
        text=written,
    )
    return [own, *spoken]


def _spoken(recorded: Recorded) -> Said:
    current = recorded.current
    return Said(
        said_id=recorded.recording.recording_id,
        by_reporter=True,
        at=recorded.at,
        submission_id=recorded.submission_id,
        text=current.transcript.text if current is not None else "",
        confirmed=current is not None and current.confirmed_at is not None,
    )


def _of_handler(row: AnyRow, key: bytes) -> Said:
    reply = open_reply(key, row.case_number, row.reply_id, row.content_locked)
    return Said(
        said_id=row.reply_id,
        by_reporter=False,
        at=row.requested_at,
        purpose=Purpose(row.purpose),
        text=reply.text if reply is not None else "",
    )


def _what_fits(dialogue: Sequence[Said]) -> tuple[Said, ...]:
    fitting: list[Said] = []
    left = DIALOGUE
    for one in reversed(dialogue):
        cut = one.model_copy(update={"text": one.text[:TEXT]})
        # Each is some hundred bytes beside its text.
        left -= len(cut.text) + 300
        if left < 0:
            break
        fitting.append(cut)
    return tuple(reversed(fitting))
