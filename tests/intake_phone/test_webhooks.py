"""Webhooks as they may come: unsigned, malformed, with unknown parameters, while the database is away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from embedded.practice_line import sign
from speakup.events import SubmissionReceived
from tests.intake_phone.hotline import Hotline
from tests.phone_service import HOST, SPEECH

CALL = "CA" + "0123456789abcdef" * 2
RECORDING = "RE" + "0123456789abcdef" * 2


async def post(
    hotline: Hotline,
    path: str,
    *,
    signed_for: str | None = None,
    signature: str | None = None,
    host: str = "service.example",
    **params: str,
) -> httpx.Response:
    """A webhook, signed as Twilio does."""
    given = {"AccountSid": hotline.account.account_sid, "CallSid": CALL, **params}
    signature = signature or sign(hotline.account.auth_token, signed_for or HOST + path, given)
    sent = {"X-Twilio-Signature": signature, "Host": host, "X-Forwarded-Host": host}
    return await hotline.client.post(path, data=given, headers=sent)


PATHS = ["/phone/voice", "/phone/turn/1", "/phone/recording/4", "/phone/status"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_missing_or_wrong_signature_is_refused_and_changes_nothing(
    hotline: Hotline, path: str
) -> None:
    params: dict[str, Any] = {
        "RecordingSid": RECORDING,
        "RecordingStatus": "completed",
        "CallStatus": "completed",
    }
    missing = await hotline.client.post(path, data=params)
    wrong = await post(hotline, path, signature="bm90IGEgc2lnbmF0dXJl", **params)
    of_another_page = await post(hotline, path, signed_for=f"{HOST}/phone/other", **params)
    of_another_host = await post(
        hotline,
        path,
        signed_for=f"http://evil.example{path}",
        host="evil.example",
        **params,
    )
    answers = [missing, wrong, of_another_page, of_another_host]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert await hotline.rows("SELECT * FROM calls") == []


async def test_the_query_and_blank_parameters_are_part_of_what_is_signed(hotline: Hotline) -> None:
    path = "/phone/voice?b=&a=%D0%B0+b"
    answer = await post(hotline, path, CallStatus="ringing", CallerName="", Caller="")
    assert answer.status_code == 200
    answer = await post(hotline, path, signed_for=f"{HOST}/phone/voice", Caller="")
    assert answer.status_code == 403


async def test_a_signature_made_with_the_port_is_as_good(hotline: Hotline) -> None:
    answer = await post(hotline, "/phone/voice", signed_for=f"{HOST}:80/phone/voice")
    assert answer.status_code == 200


async def test_parameters_never_seen_before_do_no_harm(hotline: Hotline) -> None:
    odd: dict[str, Any] = {
        "Digits": "٣",
        "NewThing": "<x>",
        "RecordingDuration": "-1",
        "": "x",
        "Ключ": "да",
    }
    for path in PATHS:
        assert (await post(hotline, path, CallStatus="in-progress", **odd)).status_code < 300


@pytest.mark.parametrize("sid", ["", "CA123", "CA" + "g" * 32, "../" + CALL, CALL + "\n"])
async def test_what_is_no_call_is_refused(hotline: Hotline, sid: str) -> None:
    assert (await post(hotline, "/phone/voice", CallSid=sid)).status_code == 400


async def test_another_accounts_call_is_refused(hotline: Hotline) -> None:
    answer = await post(hotline, "/phone/voice", AccountSid="AC" + "0" * 32)
    assert answer.status_code == 400


async def test_a_recording_that_is_named_by_no_sid_is_no_recording(hotline: Hotline) -> None:
    named: dict[str, Any] = {
        "RecordingSid": "https://evil.example/a.wav",
        "RecordingUrl": "https://evil.example/a.wav",
    }
    answer = await post(hotline, "/phone/recording/3", RecordingStatus="completed", **named)
    assert answer.status_code == 204
    assert await hotline.rows("SELECT * FROM recordings") == []


@pytest.mark.parametrize("turn", ["", "x", "99999", "-1", "9" * 5000, "1/2"])
async def test_a_turn_that_no_call_has_is_not_found(hotline: Hotline, turn: str) -> None:
    assert (await post(hotline, f"/phone/turn/{turn}")).status_code == 404


async def test_a_body_that_is_no_form_is_refused(hotline: Hotline) -> None:
    for body in (b"\xff\xfe=\xff", b"&" * 1000 + b"=", b"a=1" * 300):
        headers = {"X-Twilio-Signature": "x"}
        answer = await hotline.client.post("/phone/voice", content=body, headers=headers)
        assert answer.status_code == 403
    answer = await hotline.client.post("/phone/voice", content=b"a" * 100_000)
    assert answer.status_code == 413


async def test_with_the_database_away_a_caller_hears_of_the_other_channels_and_callbacks_do_no_harm(
    hotline: Hotline,
) -> None:
    async with hotline.line.call("en") as caller:
        await caller.press("11")
        await caller.speaks(SPEECH)
        await hotline.execute("ALTER TABLE calls RENAME TO away")
        await caller.press("#")
        for language in ("kk", "ru", "en"):
            await caller.hears(f"phone.unavailable in {language}", f"phone.channels in {language}")
        assert caller.is_over
    params: dict[str, Any] = {"RecordingSid": RECORDING, "RecordingStatus": "completed"}
    # Another status would put the request, with the caller's number, into Twilio's error log.
    assert (await post(hotline, "/phone/recording/3", **params)).status_code == 204
    assert (await post(hotline, "/phone/status", CallStatus="completed")).status_code == 204
    await hotline.execute("ALTER TABLE away RENAME TO calls")
    assert await hotline.events(SubmissionReceived) == []


async def test_what_is_said_while_nothing_works_is_twiml(hotline: Hotline) -> None:
    await hotline.execute("ALTER TABLE calls RENAME TO away")
    answer = await post(hotline, "/phone/voice")
    assert answer.headers["content-type"].startswith("text/xml")
    root = hotline.line.read(answer)
    assert root[-1].tag == "Hangup"
