"""Recordings in the case API: heard in another's voice, typed and corrected, never lost."""

from __future__ import annotations

import asyncio
from time import monotonic
from uuid import uuid4

import numpy as np
import pytest

from case_router import wav
from speakup.events import Amendment, CaseAmended, Language
from speakup.submission import Amended, Recording, Transcript
from tests.case_router.test_voice import spoken
from tests.case_router.world import Spoken, World, add_call, amend

SOUND = wav.write(spoken(seconds=0.3))
TYPED = {"text": "Цехтен дизель отынын ұрлап жүр.", "language": "kk"}


async def shown(world: World, call: Spoken, by: str = "officer") -> dict[str, object]:
    recordings = (await world.get(f"/cases/{call.number}", by)).json()["recordings"]
    found: dict[str, object] = next(
        one for one in recordings if one["recording_id"] == str(call.recording_id)
    )
    return found


async def heard(world: World, call: Spoken, text: str, machine: str = "whisper-base") -> None:
    transcript = Transcript(
        recording_id=call.recording_id,
        text=text,
        language=Language.ru,
        machine=machine,
        confidence=0.7,
    )
    await amend(world, call, Amendment.transcript, Amended(transcript=transcript))


async def test_a_recording_needs_listening_until_somebody_or_something_did(world: World) -> None:
    call = await add_call(world, SOUND)
    before = await shown(world, call)
    assert (before["state"], before["audio"], before["seconds"]) == ("needs_listening", True, 3)
    assert (before["language"], before["transcript"], before["versions"]) == (None, None, [])
    await heard(world, call, "")
    assert (await shown(world, call))["state"] == "needs_listening"
    await heard(world, call, "Воруют дизель.")
    after = await shown(world, call)
    assert (after["state"], after["language"]) == ("transcript", "ru")
    assert isinstance(after["transcript"], dict)
    transcript = after["transcript"]
    assert (transcript["text"], transcript["machine"]) == ("Воруют дизель.", "whisper-base")
    assert (transcript["confidence"], transcript["by"]) == (0.7, None)


async def test_audio_that_cannot_be_had_or_is_not_here_yet_is_said_to_be(world: World) -> None:
    call = await add_call(world, None)
    assert (await shown(world, call))["state"] == "audio_missing"
    assert (await world.get(call.path)).status_code == 409
    later = Spoken(call.number, call.submission_id, uuid4())
    recording = Recording(
        recording_id=later.recording_id,
        content_type="audio/wav",
        seconds=4,
        blob=None,
        supersedes=call.recording_id,
    )
    await amend(world, later, Amendment.corrected, Amended(recording=recording))
    assert (await shown(world, later))["state"] == "audio_awaited"
    assert (await shown(world, call))["superseded_by"] == str(later.recording_id)


async def test_a_recording_is_heard_in_another_voice_and_alike_each_time(world: World) -> None:
    call = await add_call(world, SOUND)
    answer = await world.get(call.path)
    assert answer.status_code == 200, answer.text
    sound = wav.read(answer.content)
    assert len(sound) == len(wav.read(SOUND))
    assert not np.allclose(sound, wav.read(SOUND), atol=0.05)
    assert (await world.get(call.path)).content == answer.content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    rows = await world.rows("SELECT action, object FROM audit")
    assert [tuple(row) for row in rows] == [("recording.read", f"{call.recording_id}/masked")] * 2


async def test_while_ten_minutes_are_masked_the_service_does_other_things(world: World) -> None:
    whole = np.tile(spoken(seconds=1), 600)
    call = await add_call(world, wav.write(whole))
    hearing = asyncio.create_task(world.get(call.path))
    turns = [monotonic()]
    while not hearing.done():
        await asyncio.wait({hearing}, timeout=0.02)
        turns.append(monotonic())
    answer = await hearing
    assert answer.status_code == 200, answer.text
    assert len(wav.read(answer.content)) == len(whole)
    assert np.diff(turns).max() < (turns[-1] - turns[0]) / 4


async def test_the_same_voice_sounds_different_in_another_case(world: World) -> None:
    calls = [await add_call(world, SOUND) for _ in range(2)]
    first, second = [(await world.get(call.path)).content for call in calls]
    assert first != second


async def test_what_cannot_be_masked_is_not_given_out_instead(world: World) -> None:
    call = await add_call(world, b"ID3\x04 an mp3")
    answer = await world.get(call.path)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "can't be masked" in answer.json()["detail"]


@pytest.mark.parametrize("by", ["officer", "handler"])
async def test_the_original_needs_an_approved_unsealing_whoever_asks(world: World, by: str) -> None:
    call = await add_call(world, SOUND, handler="handler")
    answer = await world.get(f"{call.path}/original", by)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "approved unsealing" in answer.json()["detail"]
    assert (await world.audit()) == [("recording.refused", by, call.number)]


@pytest.mark.parametrize("what", ["", "/original"])
async def test_recordings_of_what_one_may_not_see_are_not_there(world: World, what: str) -> None:
    call = await add_call(world, SOUND)
    for by in ("handler", "chair", "auditor", "admin"):
        assert (await world.get(f"{call.path}{what}", by)).status_code == 404
        assert (await world.change_blindly(f"{call.path}/transcript", TYPED, by)) == 404


async def test_a_recording_of_another_case_is_not_found_under_this_one(world: World) -> None:
    call, other = await add_call(world, SOUND), await add_call(world, SOUND)
    path = f"/cases/{other.number}/recordings/{call.recording_id}"
    assert (await world.get(path)).status_code == 404
    answer = await world.change(other.number, f"recordings/{call.recording_id}/transcript", TYPED)
    assert answer.status_code == 404


async def test_nothing_of_an_erased_case_is_heard_or_typed(world: World) -> None:
    call = await add_call(world, SOUND)
    await world.erase()
    assert (await world.get(call.path)).status_code == 410
    answer = await world.change(call.number, f"recordings/{call.recording_id}/transcript", TYPED)
    assert answer.status_code == 409


async def write(world: World, call: Spoken, by: str = "officer", **headers: str) -> None:
    what = f"recordings/{call.recording_id}/transcript"
    assert (await world.change(call.number, what, TYPED, by, **headers)).status_code == 201


async def test_what_a_handler_types_holds_and_what_was_there_stays(world: World) -> None:
    call = await add_call(world, SOUND, handler="handler")
    await heard(world, call, "Воруют дизель.")
    answer = await world.change(
        call.number, f"recordings/{call.recording_id}/transcript", TYPED, "handler"
    )
    assert answer.status_code == 201
    # A machine that was slower doesn't stand above a person.
    await heard(world, call, "Varuyut dizel.", "whisper-small")
    found = await shown(world, call)
    assert isinstance(found["transcript"], dict)
    assert isinstance(found["versions"], list)
    assert found["transcript"]["transcript_id"] == answer.json()["transcript_id"]
    assert (found["transcript"]["by"], found["transcript"]["machine"]) == ("handler", None)
    assert [version["text"] for version in found["versions"]] == [
        "Воруют дизель.",
        TYPED["text"],
        "Varuyut dizel.",
    ]
    (told,) = [e.payload for e in await world.events() if isinstance(e.payload, CaseAmended)]
    assert (told.amendment, told.sequence) == ("transcript", 2)
    assert ("transcript.written", "handler", call.number) in await world.audit()


async def test_what_was_typed_is_classified_like_any_text(world: World) -> None:
    call = await add_call(world, SOUND, to_classify=False)
    await write(world, call)
    assert [row[0] for row in await world.rows("SELECT to_classify FROM cases")] == [True]


async def test_a_confirmation_is_of_the_transcript_that_was_heard(world: World) -> None:
    call = await add_call(world, SOUND)
    await heard(world, call, "Воруют дизель.")
    await amend(world, call, Amendment.confirmed, Amended(confirmed=call.recording_id))
    await write(world, call)
    found = await shown(world, call)
    assert isinstance(found["versions"], list)
    assert [version["confirmed_at"] is not None for version in found["versions"]] == [True, False]


async def test_a_transcript_is_typed_once_and_over_nobody_elses_change(world: World) -> None:
    call = await add_call(world, SOUND)
    path = f"{call.path}/transcript"
    assert (await world.post(path, TYPED)).status_code == 428
    etag = (await world.get(f"/cases/{call.number}")).headers["etag"]
    first = await world.post(path, TYPED, If_Match=etag, Idempotency_Key="k")
    again = await world.post(path, TYPED, If_Match=etag, Idempotency_Key="k")
    assert (first.status_code, again.json()) == (201, first.json())
    assert (await world.post(path, TYPED, If_Match=etag)).status_code == 412
    assert len(await world.rows("SELECT 1 FROM amendments WHERE account_id IS NOT NULL")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "x"},
        {"text": " ", "language": "kk"},
        {"text": "x", "language": "de"},
        {"text": "x" * 50_001, "language": "kk"},
        {"text": "x", "language": "kk", "machine": "me"},
    ],
)
async def test_what_is_no_transcript_is_refused(world: World, body: object) -> None:
    call = await add_call(world, SOUND)
    answer = await world.change(call.number, f"recordings/{call.recording_id}/transcript", body)
    assert answer.status_code == 422


async def test_a_transcript_lies_nowhere_in_the_clear(world: World) -> None:
    call = await add_call(world, SOUND)
    body = {"text": "The warehouse is empty.", "language": "en"}
    await world.change(
        call.number, f"recordings/{call.recording_id}/transcript", body, Idempotency_Key="k"
    )
    for table in ("amendments", "outbox", "audit", "idempotency", "cases"):
        rows = await world.rows(f"SELECT {table}::text FROM {table}")
        assert rows
        assert "warehouse" not in str(rows)
        assert b"warehouse".hex() not in str(rows)


async def test_recordings_need_a_second_factor_where_people_reach_the_service(
    public_world: World,
) -> None:
    call = await add_call(public_world, SOUND)
    headers = public_world.bearer(narratives=False)
    for what in ("", "/original"):
        answer = await public_world.client.get(f"/api/v1{call.path}{what}", headers=headers)
        assert answer.status_code == 403
        assert "second factor" in answer.json()["detail"]
