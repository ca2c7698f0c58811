"""What a step of the dialogue has done: rows, and events for the router, in the call's own transaction.

Each is recognised when it is done again, so that a webhook may come as often as it likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from intake_phone import access, store
from intake_phone.call import (
    Accept,
    Add,
    Answer,
    AskAccess,
    Call,
    Choice,
    Confirm,
    Correct,
    Effect,
    Heard,
    Take,
    Told,
)
from intake_phone.ids import Ids, amendment_id
from speakup import case_number, seal, topics, trace
from speakup.events import (
    Amendment,
    CallEnded,
    Channel,
    Event,
    Kind,
    Language,
    Payload,
    ReplyDelivered,
    SubmissionAmended,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.keys import INTAKE, CurrentKey, KeyFolder
from speakup.submission import Amended, Content

SOURCE = "/intake-phone"

_HINTS = {
    Choice.report: Kind.breach_report,
    Choice.about_compliance: Kind.breach_report,
    Choice.question: Kind.policy_inquiry,
}


class Doing:
    """Does what the dialogue says."""

    def __init__(self, keys: KeyFolder) -> None:
        self._intake = CurrentKey(keys, INTAKE)
        self._call_key = keys.secret("phone-calls")
        self.ids = Ids(self._call_key)

    async def do(
        self, connection: AsyncConnection, row: store.CallRow, call: Call, effects: Iterable[Effect]
    ) -> Call:
        """Returns the call with what it learnt; `row` gets the events to be published."""
        for effect in effects:
            match effect:
                case Accept(take, follow_up):
                    call = await self._accept(connection, row, call, take, follow_up=follow_up)
                case Add(take):
                    await self._add(connection, row, call, take)
                case Answer():
                    self._answer(row, call, effect)
                case Told():
                    self._amend(row, call, Amendment.told)
                case _:
                    await self._do_with_earlier_case(connection, row, call, effect)
        return call

    async def _do_with_earlier_case(
        self, connection: AsyncConnection, row: store.CallRow, call: Call, effect: Effect
    ) -> None:
        match effect:
            case AskAccess():
                await self._ask(connection, row, effect)
            case Heard(reply_id):
                _heard(row, call, reply_id)
            case Confirm(submission_id, recording_id):
                self._confirm(row, call, submission_id, recording_id)
            case Correct():
                await self._correct(connection, row, call, effect)

    async def take_in_late(
        self, connection: AsyncConnection, row: store.CallRow, take: Take
    ) -> None:
        """A recording that turns up after its call: it joins the last message, or is one."""
        call = Call(language=Language(row.language) if row.language else None, consented=True)
        if row.submissions:
            await self._add(connection, row, call, take)
        else:
            await self._accept(connection, row, call, take, follow_up=False)

    def say_ended(self, row: store.CallRow, ended_at: datetime, seconds: int) -> None:
        """The call is over."""
        payload = CallEnded(
            ended_at=ended_at,
            seconds=seconds,
            language=Language(row.language) if row.language else None,
            submission_id=self.ids.submission_id(row.call_sid) if row.submissions else None,
        )
        _say(row, self.ids.call_id(row.call_sid), "calls", payload)

    async def _accept(
        self,
        connection: AsyncConnection,
        row: store.CallRow,
        call: Call,
        take: Take,
        *,
        follow_up: bool,
    ) -> Call:
        submission_id = self.ids.submission_id(row.call_sid, row.submissions)
        number, pin = call.case_number, None
        if not follow_up:
            number, pin = case_number.mint(Channel.phone), case_number.mint_pin()
        while not await store.accept(
            connection, submission_id, row.call_sid, number, follow_up=follow_up
        ):
            number = case_number.mint(Channel.phone)
        row.submissions += 1
        await self._want(connection, row, call, take, submission_id, number)
        content = Content(pin=pin).model_dump_json().encode()
        common = {
            "submission_id": submission_id,
            "case_number": number,
            "channel": Channel.phone,
            "received_at": datetime.now(UTC),
            "language": call.language,
            "content": self._intake().seal(content, seal.content_info(submission_id)),
            "hint": _HINTS.get(call.choice) if call.choice and not follow_up else None,
            "restricted": call.choice is Choice.about_compliance,
        }
        payload = SubmissionFollowUp(**common) if follow_up else SubmissionReceived(**common)
        _say(row, submission_id, number, payload)
        # No PIN is told of a case that has one.
        return call.model_copy(update={"case_number": number, "pin": pin or ""})

    async def _add(
        self, connection: AsyncConnection, row: store.CallRow, call: Call, take: Take
    ) -> None:
        submission_id = self._last_message(row)
        number = await store.number_of(connection, submission_id)
        if number is not None:
            await self._want(connection, row, call, take, submission_id, number)

    async def _want(
        self,
        connection: AsyncConnection,
        row: store.CallRow,
        call: Call,
        take: Take,
        submission_id: UUID,
        number: str,
    ) -> None:
        replaced = self.ids.recording_id(take.supersedes) if take.supersedes else None
        await store.add_recording(
            connection,
            sid=take.sid,
            call_sid=row.call_sid,
            submission_id=submission_id,
            case_number=number,
            recording_id=self.ids.recording_id(take.sid),
            language=call.language,
            seconds=take.seconds,
            supersedes=replaced,
            amendment=Amendment.recording,
        )

    async def _correct(
        self, connection: AsyncConnection, row: store.CallRow, call: Call, effect: Correct
    ) -> None:
        await store.add_recording(
            connection,
            sid=effect.take.sid,
            call_sid=row.call_sid,
            submission_id=effect.submission_id,
            case_number=call.case_number,
            recording_id=self.ids.recording_id(effect.take.sid),
            language=call.language,
            seconds=effect.take.seconds,
            supersedes=effect.recording_id,
            amendment=Amendment.corrected,
        )

    def _answer(self, row: store.CallRow, call: Call, answer: Answer) -> None:
        said = {
            name: getattr(answer, name)
            for name in ("relation", "person", "in_danger")
            if getattr(answer, name) is not None
        }
        if said:
            self._amend(row, call, Amendment.answers, "/".join(("answers", *said)), **said)

    def _confirm(
        self, row: store.CallRow, call: Call, submission_id: UUID, recording_id: UUID
    ) -> None:
        # Of a later version of the transcript it can be said again, in a later call.
        word = f"confirmed/{self.ids.call_id(row.call_sid)}"
        event_id = amendment_id(recording_id, word)
        content = Amended(confirmed=recording_id).model_dump_json().encode()
        payload = SubmissionAmended(
            submission_id=submission_id,
            case_number=call.case_number,
            amendment=Amendment.confirmed,
            amended_at=datetime.now(UTC),
            content=self._intake().seal(content, seal.amended_info(event_id)),
        )
        _say(row, event_id, call.case_number, payload)

    async def _ask(
        self, connection: AsyncConnection, row: store.CallRow, effect: AskAccess
    ) -> None:
        payload, locked = access.request(effect, self._intake(), self._call_key)
        await store.ask(connection, payload.request_id, row.call_sid, locked)
        _say(row, payload.request_id, str(payload.request_id), payload)

    def _amend(
        self,
        row: store.CallRow,
        call: Call,
        amendment: Amendment,
        word: str | None = None,
        **said: object,
    ) -> None:
        """Of the last message."""
        if not row.submissions or not call.case_number:
            return
        submission_id = self._last_message(row)
        fields: dict[str, object] = {
            "submission_id": submission_id,
            "case_number": call.case_number,
            "amendment": amendment,
            "amended_at": datetime.now(UTC),
            "restricted": call.choice is Choice.about_compliance,
        }
        payload = SubmissionAmended.model_validate(fields | said)
        _say(row, amendment_id(submission_id, word or amendment), call.case_number, payload)

    def _last_message(self, row: store.CallRow) -> UUID:
        return self.ids.submission_id(row.call_sid, max(0, row.submissions - 1))


def _heard(row: store.CallRow, call: Call, reply_id: UUID) -> None:
    said = (
        next((one for one in call.view.dialogue if one.said_id == reply_id), None)
        if call.view
        else None
    )
    if said is None or said.purpose is None:
        return
    payload = ReplyDelivered(
        reply_id=reply_id,
        case_number=call.case_number,
        purpose=said.purpose,
        delivered_at=datetime.now(UTC),
    )
    _say(row, uuid5(reply_id, "delivered"), call.case_number, payload)


def _say(row: store.CallRow, event_id: UUID, subject: str, payload: Payload) -> None:
    now = datetime.now(UTC)
    event = Event(event_id, SOURCE, now, subject, payload, trace.traceparent())
    row.records.append(topics.encode(event))
