"""One case with what was sent and said, its key used for the answer and not a moment longer."""

from __future__ import annotations

from collections.abc import Sequence

from case_router.api.answers import (
    AttachmentFacts,
    CaseFacts,
    CaseRead,
    Narrative,
    ReplyRead,
    SubmissionRead,
)
from case_router.store.narratives import open_content, open_reply
from case_router.store.rows import AnyRow
from speakup.events import Purpose
from speakup.submission import Attachment, Content, explanation_number


def case_read(
    case: AnyRow, submissions: Sequence[AnyRow], replies: Sequence[AnyRow], key: bytes | None
) -> CaseRead:
    """The case as it is shown; without a key its facts alone."""
    return CaseRead(
        **CaseFacts.model_validate(case).model_dump(),
        erased=key is None,
        submissions=[_submission(row, key) for row in submissions],
        replies=[_reply(row, key) for row in replies],
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


def _reply(row: AnyRow, key: bytes | None) -> ReplyRead:
    reply = open_reply(key, row.case_number, row.reply_id, row.content_locked) if key else None
    told = reply is not None and row.purpose != Purpose.acknowledgement
    return ReplyRead(
        reply_id=row.reply_id,
        purpose=row.purpose,
        requested_at=row.requested_at,
        by=row.by,
        state=row.state,
        state_at=row.state_at,
        failure=row.failure,
        text=reply.text if reply is not None and told else None,
        attachments=_files(reply.attachments) if reply is not None else [],
        explanation=explanation_number(row.case_number, reply.explanation)
        if reply is not None and reply.explanation is not None
        else None,
    )


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
