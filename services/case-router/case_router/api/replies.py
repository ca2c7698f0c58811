"""Writing to the reporter: a question or the answer, by the channel that they chose."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from case_router import transitions
from case_router.api.answers import ReplyTaken, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.reply_body import ReplyBody
from case_router.api.upload import in_the_docs, keep, large_body
from case_router.carried import carried
from case_router.store import changes, history, replies
from case_router.store.narratives import lock_reply, open_contact
from speakup import outbox, seal
from speakup.events import (
    CaseAnswered,
    CaseStatusChanged,
    Channel,
    Language,
    Purpose,
    ReplyRequested,
    Status,
)
from speakup.keys import MissingKeyError, contact_purpose
from speakup.logs import get_logger
from speakup.problems import Problem
from speakup.staff import Staff
from speakup.submission import Reply

log = get_logger("case-router")


def router(parts: Parts) -> APIRouter:
    """`POST /cases/{number}/replies`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())
    said = large_body(parts, ReplyBody)

    @routes.post(
        "/cases/{number}/replies",
        summary="Write to the reporter",
        status_code=201,
        response_model=ReplyTaken,
        responses=problems(401, 403, 404, 409, 412, 413, 415, 422, 428, 503),
        openapi_extra=in_the_docs(ReplyBody),
    )
    async def write(
        request: Request,
        number: Number,
        body: ReplyBody = said,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = reader,
    ) -> Response:
        """A question makes a new case one in progress; an answer makes it answered. To a reporter who left no
        address it is read out when they call, with their number and PIN. To one who wrote a letter you print it:
        see `letter` of the reply.
        """
        return await make(parts, request, staff, number, body, partial(_write, body))

    return routes


_NO_FILES = {
    Channel.phone: "The reporter is reached by telephone, which takes no files.",
    Channel.mail: "The reporter is reached by post: the text is printed as a letter, and files can't go with it.",
}


async def _write(body: ReplyBody, change: Change) -> dict[str, str]:
    status, purpose = Status(change.case.status), Purpose(body.purpose)
    if not transitions.may_be_written_to(status):
        raise Problem(409, "The case is closed. Reopen it before you write to the reporter.")
    reachable = await replies.reachable(change.connection, change.number)
    if reachable is None and not await replies.awaits_call(change.connection, change.number):
        raise Problem(
            409, "The reporter can't be reached: they left no address that may be answered."
        )
    key = await change.key()
    channel = Channel.phone if reachable is None else reachable.channel
    if channel in _NO_FILES and (body.attachments or (body.as_pdf and channel is Channel.phone)):
        raise Problem(409, _NO_FILES[channel])
    reply_id = uuid4()
    reply = Reply(
        text=body.text,
        attachments=await keep(change.parts, body.attachments),
        explanation=await replies.count_answers(change.connection, change.number) + 1
        if body.as_pdf
        else None,
        signatory=body.signatory,
        provision=body.provision,
        dated=datetime.now(change.parts.timezone).date() if body.as_pdf else None,
    )
    await replies.add(
        change.connection,
        reply_id=reply_id,
        case_number=change.number,
        channel=channel,
        purpose=purpose,
        account_id=change.staff.account_id,
        content_locked=lock_reply(key, change.number, reply_id, reply),
    )
    if reachable is not None:
        await _put_out(change, _request(change, key, reachable, purpose, reply_id, reply))
    await _move_on(change, status, purpose)
    await change.note("reply.requested", reply_id)
    return {"reply_id": str(reply_id)}


def _request(
    change: Change,
    key: bytes,
    reachable: replies.Reachable,
    purpose: Purpose,
    reply_id: UUID,
    reply: Reply,
) -> ReplyRequested:
    submission_id, locked = reachable.submission_id, reachable.contact_locked
    return ReplyRequested(
        reply_id=reply_id,
        case_number=change.number,
        channel=reachable.channel,
        purpose=purpose,
        requested_at=datetime.now(UTC),
        language=Language(change.case.language) if change.case.language else None,
        contact=open_contact(key, change.number, submission_id, "reply", locked),
        submission_id=submission_id,
        content=_channel_key(change.parts, reachable).seal(
            carried(reachable.channel, reply).model_dump_json().encode(), seal.reply_info(reply_id)
        ),
    )


def _channel_key(parts: Parts, reachable: replies.Reachable) -> seal.PublicKey:
    try:
        return parts.keys.public(contact_purpose(reachable.channel))
    except MissingKeyError:
        log.exception("contact_key_missing", channel=reachable.channel)
        raise Problem(
            503, "The key of the reporter's channel isn't on this machine. Tell the admin."
        ) from None


async def _put_out(change: Change, request: ReplyRequested) -> None:
    # The reply's id is the event's as well: `reply.accepted` settles it by that.
    record = history.record(request, change.number, event_id=request.reply_id)
    retry = change.parts.settings.outbox_retry_seconds
    await outbox.add(change.connection, [record], retry=retry)
    change.records.append(record)


async def _move_on(change: Change, status: Status, purpose: Purpose) -> None:
    answer = purpose is Purpose.answer
    wanted = Status.answered if answer else transitions.after_question(status)
    events: list[changes.Numbered] = [CaseAnswered] if answer else []
    if wanted is not status:
        await changes.set_facts(change.connection, change.number, status=wanted)
        events.append(partial(CaseStatusChanged, status=wanted))
    await change.tell(*events)
