"""One case with what was sent and said, its key used for the answer and not a moment longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from case_router.api.answers import (
    AttachmentFacts,
    CaseFacts,
    CaseRead,
    LetterFacts,
    Narrative,
    RecordingRead,
    RecordingState,
    ReplyRead,
    SubmissionRead,
    TranscriptRead,
)
from case_router.api.parts import PREFIX
from case_router.recordings import Recorded, Version
from case_router.store.narratives import open_content, open_recordings, open_reply
from case_router.store.rows import AnyRow
from speakup.events import Channel, Purpose
from speakup.post_code import post_code
from speakup.submission import Attachment, Content, explanation_number


class Rows(NamedTuple):
    """A case as it is stored."""

    case: AnyRow
    submissions: Sequence[AnyRow]
    amendments: Sequence[AnyRow]
    replies: Sequence[AnyRow]
    replies_go_by: Channel | None


def case_read(rows: Rows, key: bytes | None) -> CaseRead:
    """The case as it is shown; without a key, or once its erasure is decided, its facts alone."""
    if rows.case.erased_at is not None:
        key = None
    recordings = open_recordings(key, rows.amendments) if key else []
    return CaseRead(
        **CaseFacts.model_validate(rows.case).model_dump(),
        erased=key is None,
        replies_go_by=rows.replies_go_by,
        submissions=[_submission(row, key) for row in rows.submissions],
        recordings=[_recording(recorded) for recorded in recordings],
        replies=[_reply(row, key) for row in rows.replies],
    )


def _submission(row: AnyRow, key: bytes | None) -> SubmissionRead:
    content = (
        open_content(key, row.case_number, row.submission_id, row.content_locked) if key else None
    )
    return SubmissionRead(
        submission_id=row.submission_id,
        follow_up=row.follow_up,
        channel=row.channel,
        received_at=row.received_at,
        unparsed=row.unparsed,
        answerable=row.answerable,
        automatic=row.automatic,
        narrative=_narrative(content) if content else None,
    )


def _narrative(content: Content) -> Narrative:
    return Narrative(
        subject=content.subject,
        text=content.text,
        quoted=content.quoted,
        cut=content.full_text is not None,
        attachments=_files(content.attachments),
        marks=list(content.marks),
        verdicts=content.verdicts,
        raw=content.raw is not None or content.raw_blob is not None,
    )


def _recording(recorded: Recorded) -> RecordingRead:
    current = _transcript(recorded.current) if recorded.current else None
    return RecordingRead(
        recording_id=recorded.recording.recording_id,
        submission_id=recorded.submission_id,
        recorded_at=recorded.at,
        seconds=recorded.recording.seconds,
        state=_state(recorded, current),
        audio=recorded.recording.blob is not None,
        language=current.language if current else None,
        superseded_by=recorded.superseded_by,
        transcript=current,
        versions=[_transcript(version) for version in recorded.versions],
    )


def _state(recorded: Recorded, current: TranscriptRead | None) -> RecordingState:
    # Where a machine heard nothing, a person may.
    if current is not None and (current.text.strip() or current.machine is None):
        return RecordingState.transcript
    if recorded.recording.blob is not None:
        return RecordingState.needs_listening
    return RecordingState.audio_missing if recorded.missing else RecordingState.audio_awaited


def _transcript(version: Version) -> TranscriptRead:
    transcript = version.transcript
    return TranscriptRead(
        transcript_id=version.transcript_id,
        at=version.at,
        by=version.by,
        machine=transcript.machine or None,
        confidence=transcript.confidence,
        language=transcript.language,
        text=transcript.text,
        confirmed_at=version.confirmed_at,
    )


def _reply(row: AnyRow, key: bytes | None) -> ReplyRead:
    reply = open_reply(key, row.case_number, row.reply_id, row.content_locked) if key else None
    told = reply is not None and row.purpose != Purpose.acknowledgement
    return ReplyRead(
        reply_id=row.reply_id,
        purpose=row.purpose,
        requested_at=row.requested_at,
        by=row.by,
        channel=row.channel,
        state=row.state,
        state_at=row.state_at,
        failure=row.failure,
        text=reply.text if reply is not None and told else None,
        attachments=_files(reply.attachments) if reply is not None else [],
        explanation=explanation_number(row.case_number, reply.explanation)
        if reply is not None and reply.explanation is not None
        else None,
        signatory=(reply.signatory or None) if reply is not None else None,
        provision=(reply.provision or None) if reply is not None else None,
        letter=_letter(row) if row.channel == Channel.mail else None,
    )


def _letter(row: AnyRow) -> LetterFacts:
    path = f"{PREFIX}/cases/{row.case_number}/replies/{row.reply_id}/letter.pdf"
    return LetterFacts(post_code=post_code(row.reply_id), pdf=path if may_be_printed(row) else None)


def may_be_printed(row: AnyRow) -> bool:
    """Of a reply by post: an acknowledgement until it is posted, others always."""
    return row.purpose != Purpose.acknowledgement or row.state in ("requested", "accepted")


def _files(attachments: Sequence[Attachment]) -> list[AttachmentFacts]:
    return [
        AttachmentFacts(
            index=index,
            name=file.name,
            content_type=file.content_type,
            size=file.blob.size,
            marks=list(file.marks),
        )
        for index, file in enumerate(attachments)
    ]
