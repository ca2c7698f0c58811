"""What is added to a submission: once, in its case, in whatever order it comes."""

from __future__ import annotations

import random
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from case_router.amend import CaseErasedError
from case_router.opened import amended_id, recorded_id
from case_router.pins import pin_mac
from case_router.recordings import Recorded
from case_router.store import amendments
from case_router.store.narratives import open_recordings
from case_router.worker import Worker
from speakup import settle
from speakup.blobs import close_blob
from speakup.events import (
    Amendment,
    CallRecorded,
    CaseAcknowledged,
    CaseAmended,
    CaseOpened,
    Event,
    Person,
    Relation,
)
from speakup.relay import Relay
from speakup.submission import Amended
from tests.case_router.calls import PIN, amended_event, call_event, ended, heard, recorded
from tests.case_router.router import CLOCKS, Router
from tests.case_router.test_worker import Child
from tests.case_router.world import decoded


async def case(router: Router, columns: str) -> tuple[object, ...]:
    async with router.engine.connect() as connection:
        return tuple((await connection.execute(text(f"SELECT {columns} FROM cases"))).one())


async def recordings(router: Router, number: str) -> list[Recorded]:
    key = (await router.vault.keys_of([number]))[number]
    async with router.engine.connect() as connection:
        return open_recordings(key, await amendments.of_case(connection, number))


async def classify(router: Router, child: Child) -> int:
    relay = cast("Relay", router.published)
    worker = Worker(engine=router.engine, vault=router.vault, relay=relay, clocks=CLOCKS, retry=300)
    return await worker._classify_some(child)


def said(router: Router, kind: type[object]) -> list[Event]:
    return [event for event in router.said() if isinstance(event.payload, kind)]


async def test_an_amendment_joins_its_case_and_its_adapter_is_told(router: Router) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call, blob=close_blob(b"audio")[0])
    await router.opening.handle([call, recording])
    (found,) = await recordings(router, call.subject)
    assert (found.recording.recording_id, found.missing) == (recording_id, False)
    (event,) = said(router, CaseAmended)
    assert settle.settled_by(event) == (recording.id,)
    assert cast("CaseAmended", event.payload).sequence == 2


async def test_an_amendment_seen_twice_is_one_and_is_confirmed_again(router: Router) -> None:
    call = call_event(router.keys)
    recording, _ = recorded(router.keys, call)
    await router.opening.handle([call, recording, recording])
    async with router.engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET settled_at = now()"))
    await router.opening.handle([recording])
    assert await router.count("amendments") == 1
    async with router.engine.connect() as connection:
        due = await connection.scalars(
            text("SELECT event_id FROM outbox WHERE settled_at IS NULL AND due_at <= now()")
        )
        assert list(due) == [amended_id(recording.id)]


async def test_amendments_wait_for_their_submission_in_whatever_order_all_comes(
    router: Router,
) -> None:
    call = call_event(router.keys)
    more = call_event(router.keys, number=call.subject, follow_up=True)
    first, recording_id = recorded(router.keys, call, blob=close_blob(b"audio")[0])
    second, _ = recorded(router.keys, more, blob=close_blob(b"audio")[0])
    transcript = heard(router.keys, call, recording_id, "Воруют дизель.")
    events = [call, more, first, second, transcript]
    for seed in range(6):
        random.Random(seed).shuffle(events)  # noqa: S311 - repeatable, not secret
        async with router.engine.begin() as connection:
            await connection.execute(
                text(
                    "TRUNCATE cases, submissions, amendments, replies, outbox, waiting_follow_ups CASCADE"
                )
            )
        for event in events:
            await router.opening.handle([event])
        assert await router.count("waiting_follow_ups") == 0
        assert len(await recordings(router, call.subject)) == 2
        sequences = sorted(
            cast("CaseAmended", event.payload).sequence for event in said(router, CaseAmended)[-3:]
        )
        assert len(set(sequences)) == 3


async def test_answers_say_who_the_reporter_is_and_later_keys_take_no_danger_back(
    router: Router,
) -> None:
    call = call_event(router.keys)
    await router.opening.handle(
        [
            call,
            amended_event(
                router.keys,
                call,
                Amendment.answers,
                relation=Relation.employee,
                in_danger=True,
            ),
            amended_event(
                router.keys,
                call,
                Amendment.answers,
                person=Person.individual,
                in_danger=False,
            ),
        ]
    )
    assert await case(router, "relation, person, urgent") == ("employee", "individual", True)
    told = [cast("CaseAmended", event.payload) for event in said(router, CaseAmended)]
    assert [(t.relation, t.person) for t in told] == [("employee", None), (None, "individual")]


async def test_danger_said_with_the_message_makes_the_case_urgent_at_once(router: Router) -> None:
    await router.opening.handle([call_event(router.keys, in_danger=True)])
    assert await case(router, "urgent, restricted") == (True, False)


async def test_a_call_about_the_compliance_staff_is_for_the_chair_alone(router: Router) -> None:
    await router.opening.handle([call_event(router.keys, restricted=True)])
    assert await case(router, "restricted") == (True,)


async def test_a_case_that_becomes_restricted_is_taken_from_its_handler(router: Router) -> None:
    call = call_event(router.keys)
    await router.opening.handle([call])
    async with router.engine.begin() as connection:
        account = uuid4()
        await connection.execute(
            text(
                "INSERT INTO accounts (account_id, name, role, password_hash) "
                "VALUES (:id, 'handler', 'handler', '')"
            ),
            {"id": account},
        )
        await connection.execute(text("UPDATE cases SET handler = :id"), {"id": account})
    await router.opening.handle(
        [amended_event(router.keys, call, Amendment.answers, restricted=True)]
    )
    assert await case(router, "restricted, handler") == (True, None)


async def test_a_reporter_who_was_told_is_acknowledged_and_the_pin_is_only_recognised(
    router: Router,
) -> None:
    call = call_event(router.keys)
    told = amended_event(router.keys, call, Amendment.told)
    await router.opening.handle([call, told])
    await router.opening.handle([told])
    mac = pin_mac(router.keys.secret("pin-hmac"), call.subject, PIN.encode())
    assert await case(router, "pin_locked, pin_hmac, acknowledged_at, sequence") == (
        None,
        mac,
        told.payload.amended_at,  # type: ignore[attr-defined]
        3,
    )
    (event,) = said(router, CaseAcknowledged)
    assert cast("CaseAcknowledged", event.payload).sequence == 3


async def test_a_call_without_words_waits_for_a_person_and_has_no_kind(router: Router) -> None:
    await router.opening.handle([call_event(router.keys)])
    child = Child()
    assert await classify(router, child) == 0
    assert await case(router, "kind, needs_triage") == (None, True)


@pytest.mark.parametrize("silence", ["", "  "])
async def test_a_transcript_of_silence_changes_nothing_of_that(
    router: Router, silence: str
) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call)
    await router.opening.handle([call, recording, heard(router.keys, call, recording_id, silence)])
    assert await classify(router, Child()) == 0
    assert await case(router, "kind, needs_triage") == (None, True)


async def test_a_transcript_is_classified_like_any_text_and_so_is_each_further_one(
    router: Router,
) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call)
    again, other_id = recorded(router.keys, call)
    child = Child()
    await router.opening.handle(
        [call, recording, again, heard(router.keys, call, recording_id, "Воруют дизель.")]
    )
    await classify(router, child)
    assert await case(router, "kind, needs_triage") == ("breach_report", False)
    await router.opening.handle([heard(router.keys, call, other_id, "Можно ли так?")])
    await classify(router, child)
    assert child.asked == ["Воруют дизель.", "Воруют дизель.\nМожно ли так?"]
    assert await case(router, "kind") == ("policy_inquiry",)


async def test_what_a_person_said_that_it_is_is_not_classified_again(router: Router) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call)
    await router.opening.handle([call, recording])
    async with router.engine.begin() as connection:
        await connection.execute(
            text("UPDATE cases SET kind = 'policy_inquiry', kind_by = 'person'")
        )
    await router.opening.handle([heard(router.keys, call, recording_id, "Воруют дизель.")])
    assert await classify(router, Child()) == 0


async def test_confirmed_and_corrected_are_versions_and_the_old_one_stays(router: Router) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call, blob=close_blob(b"old")[0])
    confirmed = amended_event(
        router.keys, call, Amendment.confirmed, Amended(confirmed=recording_id)
    )
    anew, anew_id = recorded(router.keys, call, blob=close_blob(b"new")[0], supersedes=recording_id)
    await router.opening.handle(
        [
            call,
            recording,
            heard(router.keys, call, recording_id, "Воруют дизель."),
            confirmed,
            anew,
            heard(router.keys, call, anew_id, "Воруют солярку."),
        ]
    )
    old, new = await recordings(router, call.subject)
    assert (old.superseded_by, new.superseded_by) == (anew_id, None)
    assert old.current is not None
    assert old.current.confirmed_at is not None
    child = Child()
    await classify(router, child)
    assert child.asked == ["Воруют солярку."]


async def test_audio_that_comes_after_all_is_not_missing(router: Router) -> None:
    call = call_event(router.keys)
    missing, recording_id = recorded(router.keys, call)
    found, _ = recorded(router.keys, call, blob=close_blob(b"late")[0], recording_id=recording_id)
    await router.opening.handle([call, missing])
    assert [one.missing for one in await recordings(router, call.subject)] == [True]
    await router.opening.handle([found])
    await router.opening.handle([missing])
    assert [one.missing for one in await recordings(router, call.subject)] == [False]


async def test_nothing_is_added_to_an_erased_case(router: Router) -> None:
    call = call_event(router.keys)
    await router.opening.handle([call])
    recording, _ = recorded(router.keys, call)
    await router.erase()
    with pytest.raises(CaseErasedError):
        await router.opening.handle([recording])


async def test_nothing_that_was_added_lies_in_the_clear(router: Router) -> None:
    call = call_event(router.keys)
    recording, recording_id = recorded(router.keys, call)
    await router.opening.handle(
        [call, recording, heard(router.keys, call, recording_id, "warehouse")]
    )
    async with router.engine.connect() as connection:
        for table in ("amendments", "outbox", "audit", "cases"):
            rows = (await connection.execute(text(f"SELECT {table}::text FROM {table}"))).all()
            assert rows
            assert "warehouse" not in str(rows)
            assert b"warehouse".hex() not in str(rows)


async def test_the_end_of_a_call_is_recorded_once_and_settles_it(router: Router) -> None:
    call = call_event(router.keys)
    over, hung_up = ended(call), ended(None)
    await router.opening.handle([call, over, hung_up])
    await router.opening.handle([over])
    async with router.engine.connect() as connection:
        due = await connection.scalars(
            text("SELECT event_id FROM outbox WHERE due_at <= now() AND topic = 'speakup.cases'")
        )
        assert set(due) == {recorded_id(over.id), recorded_id(hung_up.id)}
    events = await _outbox(router)
    calls = [event for event in events if isinstance(event.payload, CallRecorded)]
    assert [settle.settled_by(event) for event in calls] == [(over.id,), (hung_up.id,)]
    assert [cast("CallRecorded", event.payload).submitted for event in calls] == [True, False]
    assert [event.subject for event in calls] == ["calls", "calls"]
    assert len([event for event in events if isinstance(event.payload, CaseOpened)]) == 1


async def _outbox(router: Router) -> list[Event]:
    async with router.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM outbox ORDER BY position"))).all()
    return decoded(rows)


def test_ids_follow_from_the_event_so_that_a_repetition_says_the_same() -> None:
    event_id = UUID(int=7)
    assert amended_id(event_id) == amended_id(event_id)
    assert len({amended_id(event_id), recorded_id(event_id), event_id}) == 3
