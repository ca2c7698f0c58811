"""Typing what a recording says, or correcting what was typed or heard by a machine."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router.api.answers import TranscriptTaken, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.recordings import RECORDING, pick
from case_router.store import amendments
from case_router.store.narratives import lock_amended, open_recordings
from speakup.events import Amendment, CaseAmended, Language
from speakup.staff import Staff
from speakup.submission import Amended, Transcript

LONGEST = 50_000
"""Characters: ten minutes of speech are some 10,000."""


class TranscriptBody(BaseModel):
    """What the recording says."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "example": {"text": "Цехтен дизель отынын ұрлап жүр.", "language": "kk"}
        },
    )

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
        Field(description="All of it, also where it corrects an earlier one."),
    ]
    language: Language


def router(parts: Parts) -> APIRouter:
    """`POST /cases/{number}/recordings/{recording_id}/transcript`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.post(
        f"{RECORDING}/transcript",
        summary="Type what a recording says, or correct it",
        status_code=201,
        response_model=TranscriptTaken,
        responses=problems(401, 403, 404, 409, 412, 413, 422, 428),
    )
    async def write(
        request: Request,
        number: Number,
        recording_id: UUID,
        body: TranscriptBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """It holds from then on; machines' and earlier ones stay as versions. A case without other words is
        classified by it, and the reporter hears it when they call again.
        """
        act = partial(_write, body, recording_id)
        return await make(parts, request, staff, number, body, act)

    return routes


async def _write(body: TranscriptBody, recording_id: UUID, change: Change) -> dict[str, str]:
    key = await change.key()
    rows = await amendments.of_case(change.connection, change.number)
    recorded = pick(open_recordings(key, rows), recording_id)
    transcript = Transcript(recording_id=recording_id, text=body.text, language=body.language)
    event_id = uuid4()
    new = amendments.New(
        event_id,
        change.number,
        recorded.submission_id,
        Amendment.transcript,
        datetime.now(UTC),
        lock_amended(key, change.number, event_id, Amended(transcript=transcript)),
        change.account_id,
    )
    await amendments.add(change.connection, new)
    await amendments.ask_classifier(change.connection, change.number)
    await change.parts.lookout.look(change.connection, {change.number: body.text})
    about = {"submission_id": recorded.submission_id, "event_id": event_id}
    await change.tell(partial(CaseAmended, amendment=Amendment.transcript, **about))
    await change.note("transcript.written", recording_id)
    return {"transcript_id": str(event_id)}
