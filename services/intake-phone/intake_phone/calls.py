"""Calls as their webhooks tell of them: each webhook one transaction, with the call's row locked.

Turns are numbered: a webhook that comes again gets the same answer again, one that comes early waits for its turn.
"""

from __future__ import annotations

from typing import Protocol, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_phone import access, memory, store, twiml
from intake_phone.call import (
    Call,
    Hangup,
    Happening,
    Pressed,
    Prompt,
    Recorded,
    Sound,
    Take,
    Turn,
)
from intake_phone.dialogue import State, step
from intake_phone.doing import Doing
from intake_phone.memory import EARLY, Early, Memory
from intake_phone.settings import Settings
from speakup import outbox
from speakup.events import Language
from speakup.relay import Relay


class Voice(Protocol):
    """Says what is to be heard (`prompts.Speaker`)."""

    def within(self, call_sid: str) -> Self:
        """For this call, whose own sounds it can say then."""

    def sound(self, one: Sound, parent: twiml.Parent) -> None:
        """Append it to TwiML."""


def in_three_languages(*names: str) -> Hangup:
    """For callers who haven't chosen one, or whom nothing more is known of; then the call ends."""
    return Hangup(tuple(Prompt(name, language) for language in Language for name in names))


UNAVAILABLE = in_three_languages("phone.unavailable", "phone.channels")


class Calls:
    """Answers webhooks."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        relay: Relay,
        doing: Doing,
        call_key: bytes,
        settings: Settings,
        voice: Voice,
    ) -> None:
        self._engine, self._relay, self._doing, self._key = engine, relay, doing, call_key
        self._settings, self._voice = settings, voice
        self._base = settings.public_url.rstrip("/")

    def document(self, turn: Turn, n: int, call_sid: str | None = None) -> str:
        """TwiML for a turn whose answer is the `n`-th webhook."""
        voice = self._voice if call_sid is None else self._voice.within(call_sid)
        return twiml.render(
            turn,
            sound=voice.sound,
            action=f"{self._base}/phone/turn/{n}",
            recording=f"{self._base}/phone/recording/{n}",
        )

    async def goes_on(self, call_sid: str, n: int, happening: Happening) -> str:
        """The `n`-th webhook of a call asks what to do (0: the first). Returns TwiML.

        Raises what the database raises; then nothing has happened.
        """
        async with self._engine.begin() as connection:
            row, is_new = await self._open(connection, call_sid)
            if row.forgotten:
                await self._take_in(connection, row, happening)
                answer = self.document(Hangup(()), n)
            elif is_new and n == 0 and await self._is_too_much(connection):
                answer = self._refuse(row)
            else:
                answer = await self._answer(connection, row, n, happening)
            await self._close(connection, row)
        self._relay.publish_soon(row.records)
        return answer

    async def told_of_recording(
        self, call_sid: str, n: int, recording: Recorded, *, absent: bool
    ) -> None:
        """A recording of the turn that the `n`-th webhook answers is there, or there is none."""
        async with self._engine.begin() as connection:
            known = await store.told_of_recording(connection, recording.sid, absent=absent)
        if not known and not absent:
            await self.take_in(call_sid, recording, turn=n)

    async def take_in(self, call_sid: str, recording: Recorded, *, turn: int | None = None) -> None:
        """A recording that may not be known yet. None: of a turn that is over for sure."""
        async with self._engine.begin() as connection:
            row, _ = await self._open(connection, call_sid)
            if turn is not None and turn > row.turn and not row.forgotten:
                self._keep(row, Early.of(turn, recording, goes_on=False))
            else:
                await self._take_in(connection, row, recording)
            await self._close(connection, row)
        self._relay.publish_soon(row.records)

    async def ended(self, call_sid: str, seconds: int | None) -> None:
        """The call is over. What is left to be said of it is said when it is forgotten."""
        async with self._engine.begin() as connection:
            await store.ended(connection, call_sid, seconds)

    async def remembered(self, call_sid: str) -> Call | None:
        """The call as it is known now; None: not, or not any more. Raises what the database raises."""
        async with self._engine.connect() as connection:
            locked = await store.memory_of(connection, call_sid)
        return memory.unlock(self._key, call_sid, locked).call if locked is not None else None

    async def _open(self, connection: AsyncConnection, call_sid: str) -> tuple[store.CallRow, bool]:
        row, is_new = await store.find(connection, call_sid)
        remembered = memory.unlock(self._key, call_sid, row.memory)
        return store.CallRow(
            call_sid, row.turn, row.submissions, row.language, row.forgotten, remembered
        ), is_new

    async def _close(self, connection: AsyncConnection, row: store.CallRow) -> None:
        call = row.memory.call
        row.language = call.language or row.language
        locked = None if row.forgotten else memory.lock(self._key, row.call_sid, row.memory)
        is_over = call.state == State.ended and not row.forgotten
        await store.save(connection, row, locked, ended=is_over)
        await outbox.add(connection, row.records, retry=self._settings.outbox_retry_seconds)

    async def _is_too_much(self, connection: AsyncConnection) -> bool:
        calls, minutes = await store.load(connection)
        # This one is among the calls.
        return calls > self._settings.phone_calls or minutes > self._settings.phone_minutes_a_day

    def _refuse(self, row: store.CallRow) -> str:
        answer = self.document(UNAVAILABLE, 1)
        row.turn, row.memory = 1, Memory(call=Call(state=State.ended), answer=answer)
        return answer

    async def _answer(
        self, connection: AsyncConnection, row: store.CallRow, n: int, happening: Happening
    ) -> str:
        if n < row.turn:
            await self._take_in(connection, row, happening)
        elif n > row.turn:
            self._keep(row, Early.of(n, happening, goes_on=True))
        else:
            await self._step(connection, row, happening)
            await self._catch_up(connection, row)
        # Who is ahead of us can't be helped on: nothing that they pressed before is known.
        return row.memory.answer or self.document(UNAVAILABLE, n + 1)

    async def _step(
        self, connection: AsyncConnection, row: store.CallRow, happening: Happening
    ) -> None:
        call = row.memory.call
        if call.state == State.waiting and happening == Pressed(""):
            asked = await store.asked_in(connection, row.call_sid)
            word = happening = access.word_on(asked, self._key)
            if not word.still_waiting:
                await store.forget_asked(connection, row.call_sid)
        done = step(call, happening)
        call = await self._doing.do(connection, row, done.call, done.effects)
        row.turn += 1
        row.memory = row.memory.model_copy(
            update={"call": call, "answer": self.document(done.turn, row.turn, row.call_sid)}
        )

    async def _catch_up(self, connection: AsyncConnection, row: store.CallRow) -> None:
        """What came early and has its turn now."""
        while ready := [early for early in row.memory.early if early.turn <= row.turn]:
            early = min(ready, key=lambda one: (one.turn, not one.goes_on))
            left = tuple(one for one in row.memory.early if one is not early)
            row.memory = row.memory.model_copy(update={"early": left})
            if early.goes_on and early.turn == row.turn:
                await self._step(connection, row, early.happening())
            else:
                await self._take_in(connection, row, early.happening())

    def _keep(self, row: store.CallRow, early: Early) -> None:
        kept = row.memory.early
        if early not in kept and len(kept) < EARLY:
            row.memory = row.memory.model_copy(update={"early": (*kept, early)})

    async def _take_in(
        self, connection: AsyncConnection, row: store.CallRow, happening: Happening
    ) -> None:
        """Its recording, if it tells of one that isn't known, is kept; the call stays where it is."""
        if not isinstance(happening, Recorded):
            return
        if await store.knows_recording(connection, happening.sid):
            return
        if row.forgotten:
            take = Take(sid=happening.sid, seconds=happening.seconds)
            await self._doing.take_in_late(connection, row, take)
            return
        before = row.memory.call
        # Nothing is ever recorded without consent; that word of it is yet to come makes no difference.
        done = step(before.model_copy(update={"consented": True}), happening)
        after = await self._doing.do(connection, row, done.call, done.effects)
        call = before.model_copy(
            update={"takes": after.takes, "case_number": after.case_number, "pin": after.pin}
        )
        row.memory = row.memory.model_copy(update={"call": call})

    async def forget(self, call_sid: str) -> None:
        """What came too early is taken in; then nothing is left but that there was a call, which is said.

        Raises what the database raises; then nothing has happened.
        """
        async with self._engine.begin() as connection:
            row, _ = await self._open(connection, call_sid)
            if row.forgotten:
                return
            for early in row.memory.early:
                await self._take_in(connection, row, early.happening())
            await store.forget_asked(connection, call_sid)
            row.forgotten = True
            await self._close(connection, row)
            over = await store.forget(connection, call_sid)
            self._doing.say_ended(row, over.ended_at, over.seconds)
            await outbox.add(connection, row.records, retry=self._settings.outbox_retry_seconds)
        self._relay.publish_soon(row.records)
