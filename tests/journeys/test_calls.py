"""Somebody calls, and it is a case with its recording: the whole way, with the double of Twilio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from embedded.practice_caller import Caller
from speakup.case_number import is_valid
from tests import calling
from tests.calling import CONSENT, REPORT, hears
from tests.system import System
from tests.twilio_double import TwilioDouble
from tests.waiting import eventually


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_a_report_is_a_case_with_its_recording_and_nothing_is_left_at_twilio(
    system: System, line: TwilioDouble, corpora: Path, language: str
) -> None:
    audio = calling.speech(corpora, language)
    told = await calling.leave_message(line, language, audio=audio)
    assert is_valid(told.number)
    assert told.number.startswith("1")

    case = await calling.recorded(system, told.number)
    assert case["channel"] == "phone"
    assert case["language"] == language
    assert (case["relation"], case["person"]) == ("employee", "individual")
    assert not case["urgent"]
    (recording,) = case["recordings"]
    assert recording["seconds"] == line.sent[-1].params.get(
        "RecordingDuration", recording["seconds"]
    )
    heard = await system.get(f"/api/v1/cases/{told.number}/recordings/{recording['recording_id']}")
    assert heard.content[:4] == b"RIFF"
    assert heard.content != audio

    await eventually(lambda: not line.recordings, seconds=30)
    (deleted,) = {path for method, path, _ in line.api.asked if method == "DELETE"}
    await eventually(lambda: ("GET", deleted, 404) in line.api.asked)


async def test_a_question_is_hinted_and_a_report_about_compliance_is_for_the_chair_alone(
    system: System, line: TwilioDouble
) -> None:
    question = await calling.leave_message(line, kind=calling.QUESTION)
    about_them = await calling.leave_message(line, kind=calling.COMPLIANCE)
    assert await calling.recorded(system, question.number)
    case = await calling.recorded(system, about_them.number, by="chair")
    assert case["restricted"]
    assert await calling.case(system, about_them.number, by="officer") == {}


async def test_danger_makes_a_case_urgent(system: System, line: TwilioDouble) -> None:
    async with line.call("kk") as caller:
        await calling.to_the_beep(caller)
        await caller.speaks(calling.TONE)
        told = await calling.finish(caller, answers="100")

    async def urgent() -> bool:
        return bool((await calling.case(system, told.number)).get("urgent"))

    await eventually(urgent, seconds=30)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_at_most_three_keys_and_sixty_seconds_lead_to_the_beep(
    line: TwilioDouble, language: str
) -> None:
    async with line.call(language) as caller:
        await hears(caller, language, "emergency", "notice", "consent")
        assert caller.heard[3].text.startswith(calling.prompt("emergency", language)[0])
        await calling.to_the_beep(caller)
        assert len(caller.keys) == 3
        assert caller.seconds <= 60


async def test_a_message_is_heard_again_recorded_again_and_added_to(
    system: System, line: TwilioDouble
) -> None:
    async with line.call("en") as caller:
        await calling.to_the_beep(caller)
        await caller.speaks(calling.TONE)
        await caller.press("#")
        await hears(caller, "en", "review")
        before = len(caller.heard)
        await caller.press("2")
        assert caller.heard[before].seconds == pytest.approx(2, abs=0.1)
        await caller.press("3")
        await caller.speaks(calling.TONE)
        await caller.press("#4")
        await caller.speaks(calling.TONE)
        told = await calling.finish(caller)
    case = await calling.recorded(system, told.number, 3)
    first, again, more = sorted(case["recordings"], key=lambda one: str(one["recorded_at"]))
    assert first["superseded_by"] == again["recording_id"]
    assert again["superseded_by"] is more["superseded_by"] is None
    assert len(case["submissions"]) == 1


async def test_without_consent_nothing_is_recorded_and_the_other_channels_are_told(
    system: System, line: TwilioDouble
) -> None:
    before = len(await system.cases())
    async with line.call("ru") as caller:
        await caller.press("2")
        await hears(caller, "ru", "no_consent", "channels")
        while not caller.is_over:
            assert not caller.is_recorded
            await caller.waits()
    assert line.recordings == []
    assert len(await system.cases()) == before


ALL_THE_WAY = [CONSENT, REPORT, "speech", "#", "1", "2", "1", "1", "wait"]


@pytest.mark.parametrize("steps", range(len(ALL_THE_WAY) + 1))
async def test_whoever_hangs_up_early_has_said_what_they_said(
    system: System, line: TwilioDouble, steps: int
) -> None:
    before = {case["case_number"] for case in await system.cases()}
    done = ALL_THE_WAY[:steps]
    async with line.call("en") as caller:
        await _go(caller, done)
    if "speech" not in done:
        assert {recording.status for recording in line.recordings} <= {"absent"}
        assert {case["case_number"] for case in await system.cases()} == before
        return

    async def there() -> Sequence[str]:
        return [c["case_number"] for c in await system.cases() if c["case_number"] not in before]

    (number,) = await eventually(there, seconds=30)
    case = await calling.recorded(system, number)
    assert case["channel"] == "phone"


async def _go(caller: Caller, steps: Sequence[str]) -> None:
    for step in steps:
        if step == "speech":
            await caller.speaks(calling.TONE)
        elif step == "wait":
            await caller.waits()
        else:
            await caller.press(step)


async def test_a_request_that_twilio_did_not_sign_changes_nothing(
    system: System, line: TwilioDouble
) -> None:
    told = await calling.leave_message(line)

    async def acknowledged() -> bool:
        return bool((await calling.recorded(system, told.number))["acknowledged_at"])

    await eventually(acknowledged, seconds=30)
    before = await calling.case(system, told.number)
    async with httpx.AsyncClient() as client:
        for webhook in line.sent:
            for signature in ({}, {"X-Twilio-Signature": "AAAA"}):
                answer = await client.post(
                    webhook.url, data=dict(webhook.params), headers=signature
                )
                assert answer.status_code == 403
    assert await calling.case(system, told.number) == before
