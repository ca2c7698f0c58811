"""Number and PIN open the reporter's own view; what is wrong says nothing and is counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as listening
from sqlalchemy import text

from case_router import pins
from case_router.access import Access
from case_router.store.narratives import lock_reply
from speakup import case_number, seal
from speakup.events import (
    AccessAnswered,
    AccessRequested,
    Amendment,
    Channel,
    Event,
    Purpose,
)
from speakup.keys import INTAKE, PrivateKeys
from speakup.submission import Amended, Credentials, Reply, View
from tests.building import submission_event
from tests.case_router.calls import PIN, amended_event, call_event, heard, recorded
from tests.case_router.router import Router

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Line:
    """A channel that asks, and hears the answers."""

    router: Router
    now: datetime = START
    answers: list[AccessAnswered] = field(default_factory=list)
    session: seal.PrivateKey = field(default_factory=lambda: seal.PrivateKey.generate("session"))

    def __post_init__(self) -> None:
        self.access = Access(
            engine=self.router.engine,
            vault=self.router.vault,
            keys=PrivateKeys(self.router.keys, INTAKE),
            say=self.say,
            pin_key=self.router.keys.secret("pin-hmac"),
            clock=lambda: self.now,
        )

    def say(self, events: Sequence[Event]) -> None:
        for event in events:
            assert isinstance(event.payload, AccessAnswered)
            self.answers.append(event.payload)

    def asking(self, number: str, pin: str, request_id: UUID | None = None) -> Event:
        request_id = request_id or uuid4()
        plain = Credentials(case_number=number, pin=pin).model_dump_json().encode()
        payload = AccessRequested(
            request_id=request_id,
            channel=Channel.phone,
            requested_at=self.now,
            credentials=self.router.keys.public(INTAKE).seal(plain, seal.access_info(request_id)),
            session_key=self.session.public_raw(),
        )
        return Event(request_id, "/intake-phone", self.now, str(request_id), payload)

    async def ask(self, number: str, pin: str) -> AccessAnswered:
        await self.access.handle([self.asking(number, pin)])
        return self.answers[-1]

    def open(self, answer: AccessAnswered) -> View:
        assert answer.view is not None
        info = seal.view_info(answer.request_id)
        return View.model_validate_json(self.session.open(answer.view, info))

    def after(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def line(router: Router) -> Line:
    return Line(router)


async def called(router: Router, **facts: object) -> Event:
    call = call_event(router.keys, **facts)  # type: ignore[arg-type]
    await router.opening.handle([call])
    return call


def verdict(answer: AccessAnswered) -> tuple[bool, int | None]:
    return answer.view is not None, answer.wait_seconds


async def replied(router: Router, number: str, words: str, purpose: Purpose) -> None:
    key = (await router.vault.keys_of([number]))[number]
    reply_id = uuid4()
    async with router.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO replies (reply_id, case_number, purpose, content_locked) "
                "VALUES (:id, :number, :purpose, :locked)"
            ),
            {
                "id": reply_id,
                "number": number,
                "purpose": purpose,
                "locked": lock_reply(key, number, reply_id, Reply(text=words)),
            },
        )


async def test_number_and_pin_open_the_dialogue_and_nothing_else(
    router: Router, line: Line
) -> None:
    call = await called(router)
    recording, recording_id = recorded(router.keys, call)
    confirmed = amended_event(
        router.keys, call, Amendment.confirmed, Amended(confirmed=recording_id)
    )
    await router.opening.handle(
        [recording, heard(router.keys, call, recording_id, "Воруют дизель."), confirmed]
    )
    await replied(router, call.subject, "Какой склад?", Purpose.question)
    await replied(router, call.subject, "", Purpose.acknowledgement)
    view = line.open(await line.ask(call.subject, PIN))
    assert (view.case_number, view.status, view.language) == (call.subject, "new", "ru")
    own, question = view.dialogue
    assert (own.said_id, own.submission_id) == (recording_id, call.id)
    assert (own.text, own.by_reporter, own.confirmed) == ("Воруют дизель.", True, True)
    assert (question.text, question.by_reporter, question.purpose) == (
        "Какой склад?",
        False,
        "question",
    )


async def test_what_was_said_anew_is_read_back_and_the_old_one_is_not(
    router: Router, line: Line
) -> None:
    call = await called(router)
    old, old_id = recorded(router.keys, call)
    anew, anew_id = recorded(router.keys, call, supersedes=old_id)
    await router.opening.handle([old, heard(router.keys, call, old_id, "Да."), anew])
    view = line.open(await line.ask(call.subject, PIN))
    assert [(said.said_id, said.text) for said in view.dialogue] == [(anew_id, "")]


async def test_a_case_by_mail_is_opened_too_before_and_after_its_acknowledgement(
    router: Router, line: Line
) -> None:
    mail = submission_event(router.keys, text="The foreman sells our diesel.")
    await router.opening.handle([mail])
    before = line.open(await line.ask(mail.subject, "042917"))
    async with router.engine.begin() as connection:
        told = {mail.subject: (START, None)}
        await pins.acknowledge(connection, router.vault, router.keys.secret("pin-hmac"), told)
    assert line.open(await line.ask(mail.subject, "042917")) == before
    assert [said.text for said in before.dialogue] == ["The foreman sells our diesel."]


async def test_a_reporter_sees_their_own_case_that_is_for_the_chair_alone(
    router: Router, line: Line
) -> None:
    call = await called(router, restricted=True)
    assert line.open(await line.ask(call.subject, PIN)).case_number == call.subject


async def test_an_erased_case_is_one_that_is_not_there(router: Router, line: Line) -> None:
    call = await called(router)
    await router.opening.handle([amended_event(router.keys, call, Amendment.told)])
    await router.erase()
    assert verdict(await line.ask(call.subject, PIN)) == (False, None)


def wrong_ones() -> Iterator[str]:
    return (f"{place:06d}" for place in range(500_000, 600_000))


@pytest.mark.parametrize("there", [True, False])
async def test_five_wrong_ones_lock_a_number_alike_whether_there_is_a_case(
    router: Router, line: Line, there: bool
) -> None:
    number = (await called(router)).subject if there else case_number.mint(Channel.phone)
    pins_tried = wrong_ones()
    answers = [verdict(await line.ask(number, next(pins_tried))) for _ in range(5)]
    assert answers == [(False, None)] * 4 + [(False, 60)]
    line.after(seconds=20)
    # The right one, too; and asking meanwhile makes it no longer.
    assert [verdict(await line.ask(number, PIN)) for _ in range(3)] == [(False, 40)] * 3
    line.after(seconds=40)
    assert verdict(await line.ask(number, next(pins_tried))) == (False, 120)


async def test_the_right_one_makes_all_wrong_ones_forgotten(router: Router, line: Line) -> None:
    call, pins_tried = await called(router), wrong_ones()
    for _ in range(3):
        for _ in range(4):
            assert verdict(await line.ask(call.subject, next(pins_tried))) == (False, None)
        assert verdict(await line.ask(call.subject, PIN)) == (True, None)


async def test_who_tries_many_numbers_locks_them_all_and_for_longer_each_time(
    router: Router, line: Line
) -> None:
    call = await called(router)
    for _ in range(49):
        assert verdict(await line.ask(case_number.mint(Channel.phone), "111111")) == (False, None)
    assert verdict(await line.ask(case_number.mint(Channel.phone), "111111")) == (False, 60)
    assert verdict(await line.ask(call.subject, PIN)) == (False, 60)
    line.after(seconds=61)
    assert verdict(await line.ask(case_number.mint(Channel.phone), "111111")) == (False, 120)
    line.after(seconds=121)
    assert verdict(await line.ask(call.subject, PIN)) == (True, None)


async def test_guesses_at_once_by_two_routers_get_through_no_more_than_one_after_the_other(
    router: Router, line: Line
) -> None:
    call = await called(router)
    other = Line(router)
    rng = random.Random(1)  # noqa: S311 - repeatable, not secret
    guesses = [line.asking(call.subject, f"1{rng.randrange(10**5):05d}") for _ in range(40)]
    await asyncio.gather(line.access.handle(guesses[:20]), other.access.handle(guesses[20:]))
    assert [answer.view for answer in (*line.answers, *other.answers)] == [None] * 40
    async with router.engine.connect() as connection:
        assert await connection.scalar(text("SELECT max(failures) FROM access_failures")) == 5


async def test_a_request_that_comes_again_is_answered_the_same_and_counted_once(
    router: Router, line: Line
) -> None:
    call = await called(router)
    wrong, right = line.asking(call.subject, "111111"), line.asking(call.subject, PIN)
    await line.access.handle([wrong] * 7)
    await line.access.handle([right, right])
    await Line(router).access.handle([wrong, right])
    assert [verdict(answer) for answer in line.answers] == [(False, None)] * 7 + [(True, None)] * 2
    assert line.answers[7] == line.answers[8]
    assert await router.count("access_requests") == 2


@pytest.mark.parametrize("minutes", [-11, 11])
async def test_a_request_that_nobody_waits_for_any_more_is_neither_answered_nor_counted(
    router: Router, line: Line, minutes: int
) -> None:
    call = await called(router)
    asked = line.asking(call.subject, "111111")
    line.after(minutes=minutes)
    await line.access.handle([asked])
    assert line.answers == []
    assert await router.count("access_failures") == 0


async def test_every_request_that_was_decided_on_is_in_the_audit_log(
    router: Router, line: Line
) -> None:
    call = await called(router)
    unknown = case_number.mint(Channel.phone)
    for number, pin in ((call.subject, "111111"), (call.subject, PIN), (unknown, PIN)):
        await line.ask(number, pin)
    async with router.engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT action, case_number, object FROM audit WHERE action LIKE 'access.%' "
                "ORDER BY entry"
            )
        )
        assert [tuple(row) for row in rows] == [
            ("access.refused", call.subject, str(line.answers[0].request_id)),
            ("access.granted", call.subject, str(line.answers[1].request_id)),
            ("access.refused", None, str(line.answers[2].request_id)),
        ]


async def test_neither_number_nor_pin_that_was_tried_is_kept(router: Router, line: Line) -> None:
    unknown = case_number.mint(Channel.phone)
    await line.ask(unknown, "271828")
    async with router.engine.connect() as connection:
        for table in ("access_requests", "access_failures", "audit"):
            rows = (await connection.execute(text(f"SELECT {table}::text FROM {table}"))).all()
            assert rows
            for word in (unknown, "271828"):
                assert word not in str(rows)
                assert word.encode().hex() not in str(rows)


@pytest.mark.parametrize("number", ["", "1", "'; --", "９" * 10, "1" * 5000, "\x00"])
async def test_what_cannot_be_a_number_is_refused_as_any_other(line: Line, number: str) -> None:
    assert verdict(await line.ask(number, "\x00")) == (False, None)


async def test_a_seal_for_another_request_is_refused_whole(router: Router, line: Line) -> None:
    call = await called(router)
    asked = line.asking(call.subject, PIN)
    assert isinstance(asked.payload, AccessRequested)
    payload = asked.payload.model_copy(update={"request_id": uuid4()})
    with pytest.raises(seal.CannotOpenError):
        await line.access.handle([asked._replace(payload=payload)])


@contextmanager
def counted(router: Router, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """All work that depends on what was asked: statements, unwrapped keys, unlocked PINs, HMACs."""
    done: list[str] = []

    def statement(_conn: Any, _cursor: Any, said: str, *_: Any) -> None:
        done.append(said)

    def counting(name: str, function: Any) -> Any:
        def called(*args: Any, **named: Any) -> Any:
            done.append(name)
            return function(*args, **named)

        return called

    engines = [router.engine.sync_engine, router.keys_engine.sync_engine]
    with monkeypatch.context() as patch:
        patch.setattr(seal, "unlock", counting("unlock", seal.unlock))
        patch.setattr(pins, "pin_mac", counting("mac", pins.pin_mac))
        for engine in engines:
            listening.listen(engine, "before_cursor_execute", statement)
        yield done
        for engine in engines:
            listening.remove(engine, "before_cursor_execute", statement)


async def test_a_wrong_number_and_a_wrong_pin_are_the_same_work(
    router: Router, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold, told, erased = [await called(router) for _ in range(3)]
    await router.opening.handle([amended_event(router.keys, told, Amendment.told)])
    async with router.keys_engine.begin() as connection:
        await connection.execute(
            text("DELETE FROM case_keys WHERE case_number = :number"), {"number": erased.subject}
        )
    unknown = case_number.mint(Channel.phone)
    work = {}
    for number in (untold.subject, told.subject, erased.subject, unknown, "not a number"):
        asked = line.asking(number, "111111")
        with counted(router, monkeypatch) as done:
            await line.access.handle([asked])
        work[number] = done
    first, *others = work.values()
    assert {"unlock", "mac"} <= set(first)
    assert [other == first for other in others] == [True] * 4
    assert [verdict(answer) for answer in line.answers] == [(False, None)] * 5


async def test_a_view_is_cut_to_what_one_event_carries(router: Router, line: Line) -> None:
    mail = submission_event(router.keys, text="ұзын " * 10_000)
    await router.opening.handle([mail])
    for place in range(12):
        await replied(router, mail.subject, f"{place} " + "ұзын " * 3_900, Purpose.answer)
    answer = await line.ask(mail.subject, "042917")
    assert len(answer.model_dump_json()) < 900_000
    assert line.open(answer).dialogue[-1].text.startswith("11 ")
