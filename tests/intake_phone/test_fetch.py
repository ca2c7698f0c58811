"""Recordings come from Twilio, are sealed, and deleted there: whatever fails or is cut off in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from obstore.exceptions import GenericError

from intake_phone.fetch import Fetcher
from intake_phone.gone import CallDeleter
from intake_phone.reconcile import Reconciler
from intake_phone.twilio_api import AwayError, TwilioApi
from speakup import seal
from speakup.blobs import BlobStore
from speakup.events import Amendment, CallEnded, SubmissionAmended, SubmissionReceived
from speakup.keys import INTAKE, PrivateKeys
from speakup.relay import Relay
from speakup.submission import Amended, Blob, Recording
from tests.intake_phone.hotline import Hotline
from tests.phone_service import SPEECH


class Behind:
    """What works behind the webhooks."""

    def __init__(self, hotline: Hotline, api: TwilioApi, blobs: BlobStore) -> None:
        self.hotline, self.api, self.blobs = hotline, api, blobs
        self.fetcher = Fetcher(
            engine=hotline.engine,
            relay=cast("Relay", hotline.published),
            api=api,
            blobs=blobs,
            keys=hotline.keys,
            retry=300,
        )
        self.deleter = CallDeleter(hotline.engine, api)
        self.reconciler = Reconciler(hotline.engine, api, hotline.calls)

    async def works(self) -> int:
        """What is due now. Returns how many recordings there were to be seen to."""
        done = 0
        while number := await self.fetcher.work():
            done += number
        return done

    async def later(self) -> None:
        """What waits is due."""
        await self.hotline.execute("UPDATE recordings SET next_try_at = now()")

    async def states(self) -> list[str]:
        rows = await self.hotline.rows("SELECT state FROM recordings ORDER BY taken_at")
        return [row.state for row in rows]

    async def told(self) -> list[tuple[Amendment, Recording]]:
        """What the router was told of recordings."""
        found = []
        for event in await self.hotline.events(SubmissionAmended):
            payload = event.payload
            assert isinstance(payload, SubmissionAmended)
            if payload.content is None:
                continue
            private = PrivateKeys(self.hotline.keys, INTAKE)[payload.content.key_id]
            plain = private.open(payload.content, seal.amended_info(event.id))
            recording = Amended.model_validate_json(plain).recording
            assert recording is not None
            assert payload.blobs == ((recording.blob.digest,) if recording.blob else ())
            found.append((payload.amendment, recording))
        return found


@pytest.fixture
async def behind(hotline: Hotline, tmp_path: Path) -> AsyncIterator[Behind]:
    """With Twilio's API at hand."""
    account = hotline.account
    await hotline.line.api.open()
    async with TwilioApi(account.api_base, account.account_sid, account.auth_token) as api:
        yield Behind(hotline, api, BlobStore((tmp_path / "blobs").as_uri()))


async def leave_message(hotline: Hotline, language: str = "en") -> None:
    async with hotline.line.call(language) as caller:
        await caller.press("11")
        await caller.speaks(SPEECH)
        await caller.press("#")


async def test_a_recording_is_kept_sealed_and_gone_at_twilio(behind: Behind) -> None:
    line = behind.hotline.line
    await leave_message(behind.hotline)
    (at_twilio,) = line.recordings
    await behind.works()
    ((amendment, recording),) = await behind.told()
    assert amendment is Amendment.recording
    assert recording.blob is not None
    assert await behind.blobs.get(recording.blob) == at_twilio.audio
    assert line.recordings == []
    assert ("GET", f"{at_twilio.path}.json", 404) in line.api.asked
    assert await behind.states() == ["gone"]
    (received,) = await behind.hotline.payloads(SubmissionReceived)
    (amended,) = await behind.hotline.payloads(SubmissionAmended)
    assert amended.submission_id == received.submission_id
    assert amended.case_number == received.case_number


async def test_while_the_caller_is_on_the_line_they_can_hear_it_again(behind: Behind) -> None:
    line = behind.hotline.line
    async with line.call("en") as caller:
        await caller.press("11")
        await caller.speaks(SPEECH)
        await caller.press("#")
        await behind.works()
        assert await behind.states() == ["kept"]
        assert len(line.recordings) == 1
    await behind.works()
    assert line.recordings == []


async def test_one_that_is_not_there_yet_is_asked_for_later(behind: Behind) -> None:
    behind.hotline.line.api.is_slow = True
    await leave_message(behind.hotline)
    assert await behind.works() == 1
    assert await behind.works() == 0
    (row,) = await behind.hotline.rows(
        "SELECT state, tries, next_try_at - now() BETWEEN '5s' AND '10s' AS soon FROM recordings"
    )
    assert (row.state, row.tries, row.soon) == ("wanted", 1, True)
    (recording,) = behind.hotline.line.recordings
    recording.status = "completed"
    await behind.later()
    await behind.works()
    assert await behind.states() == ["gone"]


async def test_one_that_never_comes_is_missing_and_the_case_says_so(behind: Behind) -> None:
    behind.hotline.line.api.is_slow = True
    await leave_message(behind.hotline)
    for _ in range(5):
        await behind.works()
        assert await behind.told() == []
        await behind.later()
    await behind.works()
    ((amendment, recording),) = await behind.told()
    assert (amendment, recording.blob) == (Amendment.recording_missing, None)
    assert await behind.states() == ["missing"]
    await behind.later()
    assert await behind.works() == 0


async def test_one_that_is_absent_by_twilios_word_is_missing_at_once(behind: Behind) -> None:
    behind.hotline.line.api.is_slow = True
    await leave_message(behind.hotline)
    (recording,) = behind.hotline.line.recordings
    recording.status = "absent"
    await behind.works()
    assert [amendment for amendment, _ in await behind.told()] == [Amendment.recording_missing]


@pytest.mark.parametrize("status", [500, 503, 429, 401, 302])
async def test_an_api_that_fails_is_asked_again_and_nothing_is_given_up(
    behind: Behind, status: int
) -> None:
    await leave_message(behind.hotline)
    for _ in range(8):
        behind.hotline.line.api.failures = [status]
        await behind.later()
        await behind.works()
        assert await behind.states() == ["wanted"]
    await behind.later()
    await behind.works()
    assert await behind.states() == ["gone"]


@pytest.mark.parametrize("body", [b"", b"<html>Sorry</html>", SPEECH[:44], SPEECH[:2000]])
async def test_what_is_no_whole_recording_never_takes_its_place(
    behind: Behind, body: bytes
) -> None:
    await leave_message(behind.hotline)
    (recording,) = behind.hotline.line.recordings
    recording.audio = body
    for _ in range(3):
        await behind.works()
        await behind.later()
    assert await behind.states() == ["wanted"]
    assert behind.hotline.line.recordings == [recording]
    recording.audio = SPEECH
    await behind.works()
    assert await behind.states() == ["gone"]


async def test_one_that_cannot_be_deleted_is_tried_again_and_the_admin_is_told_in_the_end(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_sid: str) -> None:
        raise AwayError("status 500")

    await leave_message(behind.hotline)
    with monkeypatch.context() as patched:
        patched.setattr(behind.api, "delete_recording", refuse)
        await behind.works()
        await behind.later()
        await behind.works()
        assert await behind.states() == ["kept"]
        assert await behind.fetcher.notice() is None
        await behind.hotline.execute("UPDATE recordings SET taken_at = now() - interval '15 days'")
        said = await behind.fetcher.notice()
        assert said is not None
        assert said.startswith("1 recordings are still at Twilio")
    await behind.later()
    await behind.works()
    assert behind.hotline.line.recordings == []
    assert len(await behind.told()) == 1


async def test_a_store_that_takes_nothing_leaves_the_recording_at_twilio(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_digest: str, _ciphertext: bytes) -> None:
        raise GenericError("no space left on device")

    await leave_message(behind.hotline)
    with monkeypatch.context() as patched:
        patched.setattr(behind.blobs, "put", full)
        await behind.works()
        assert await behind.told() == []
        assert len(behind.hotline.line.recordings) == 1
    await behind.later()
    await behind.works()
    assert await behind.states() == ["gone"]


async def test_a_store_that_gives_back_something_else_is_not_believed(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other(_blob: Blob) -> bytes:
        return b"something else"

    await leave_message(behind.hotline)
    monkeypatch.setattr(behind.blobs, "get", other)
    await behind.works()
    assert await behind.told() == []
    assert len(behind.hotline.line.recordings) == 1


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["audio", "put", "get", "delete_recording"])
@pytest.mark.parametrize("before", [True, False])
async def test_killed_at_any_step_nothing_is_lost_or_told_twice(
    behind: Behind, monkeypatch: pytest.MonkeyPatch, where: str, *, before: bool
) -> None:
    owner = behind.blobs if where in ("put", "get") else behind.api
    real = getattr(owner, where)

    async def killed(*given: object) -> None:
        if not before:
            await real(*given)
        raise KilledError

    await leave_message(behind.hotline)
    with monkeypatch.context() as patched:
        patched.setattr(owner, where, killed)
        with pytest.raises(KilledError):
            await behind.works()
    await behind.later()
    await behind.works()
    assert await behind.states() == ["gone"]
    ((_, recording),) = await behind.told()
    assert recording.blob is not None
    assert await behind.blobs.get(recording.blob)
    assert behind.hotline.line.recordings == []


async def test_what_a_killed_process_had_in_hand_is_taken_up_by_the_next_at_once(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_sid: str) -> bytes:
        raise KilledError

    await leave_message(behind.hotline)
    with monkeypatch.context() as patched:
        patched.setattr(behind.api, "audio", killed)
        with pytest.raises(KilledError):
            await behind.works()
    assert await behind.works() == 0
    await behind.fetcher.release()
    await behind.works()
    assert await behind.states() == ["gone"]


async def test_two_fetchers_tell_of_a_recording_once(behind: Behind) -> None:
    other = Behind(behind.hotline, behind.api, behind.blobs)
    await leave_message(behind.hotline)
    first = await behind.fetcher.work()
    await behind.later()
    await other.works()
    await behind.works()
    assert first == 1
    assert len(await behind.told()) == 1


async def test_reconciling_adds_a_call_that_nobody_was_told_of_and_does_so_once(
    behind: Behind,
) -> None:
    hotline = behind.hotline
    hotline.line.loses = lambda webhook: "RecordingSid" in webhook.params
    async with hotline.line.call("kk") as caller:
        await caller.press("11")
        await caller.speaks(SPEECH)
        await caller.hangs_up()
    assert await hotline.events(SubmissionReceived) == []
    today = max(await behind.reconciler.days())
    assert (await behind.reconciler.reconcile(today)).added == 1
    assert (await behind.reconciler.reconcile(today)).added == 0
    (received,) = await hotline.payloads(SubmissionReceived)
    assert received.language == "kk"
    await behind.works()
    assert hotline.line.recordings == []


async def test_reconciling_adds_a_call_of_which_nothing_was_ever_told(behind: Behind) -> None:
    hotline = behind.hotline
    await leave_message(hotline)
    await behind.works()
    sid = hotline.line.calls[0].sid
    hotline.line.api.add_recording(
        hotline.line.calls[0], hotline.line.calls[0].started, 2.0, SPEECH
    )
    await hotline.execute("TRUNCATE calls, recordings, outbox, accepted")
    today = max(await behind.reconciler.days())
    assert (await behind.reconciler.reconcile(today)).added == 1
    assert len(await hotline.events(SubmissionReceived)) == 1
    assert await hotline.forgets() == 1
    (ended,) = await hotline.payloads(CallEnded)
    assert ended.submission_id is not None
    assert [row.call_sid for row in await hotline.rows("SELECT call_sid FROM calls")] == [sid]


async def test_twilios_list_of_calls_is_emptied_when_the_day_is_reconciled(behind: Behind) -> None:
    hotline = behind.hotline
    for _ in range(3):
        await leave_message(hotline)
    await behind.works()
    await hotline.forgets()
    today = max(await behind.reconciler.days())
    await behind.reconciler.reconcile(today)
    assert await behind.deleter.work() == 0
    await hotline.execute("UPDATE calls SET began_at = began_at - interval '2 days'")
    for call in hotline.line.calls:
        call.started = call.started.replace(year=2020)
    for day in await behind.reconciler.days():
        await behind.reconciler.reconcile(day)
    assert today not in [row.day for row in await hotline.rows("SELECT day FROM days")]
    assert await behind.deleter.work() == 3
    assert hotline.line.calls == []
    assert await behind.deleter.work() == 0
    assert await behind.deleter.notice() is None


async def test_a_call_that_cannot_be_deleted_is_told_after_two_weeks(behind: Behind) -> None:
    await leave_message(behind.hotline)
    await behind.works()
    await behind.hotline.forgets()
    await behind.hotline.execute(
        "UPDATE calls SET next_try_at = now(), began_at = now() - interval '15 days'"
    )
    behind.hotline.line.api.failures = [500]
    assert await behind.deleter.work() == 1
    assert len(behind.hotline.line.calls) == 1
    said = await behind.deleter.notice()
    assert said is not None
    assert said.startswith("1 calls are still")


async def test_a_long_list_is_read_to_its_end(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake_phone.twilio_api.PAGE", 2)
    for _ in range(5):
        await leave_message(behind.hotline)
    today = max(await behind.reconciler.days())
    found = await behind.reconciler.reconcile(today)
    assert (found.calls, found.recordings, found.added) == (5, 5, 0)


@pytest.mark.parametrize("sid", ["", "RE1", "../Calls/CA" + "0" * 32, "RE" + "0" * 32 + "?x=1"])
async def test_an_address_is_made_of_a_sid_alone(behind: Behind, sid: str) -> None:
    with pytest.raises(ValueError, match="no SID"):
        await behind.api.audio(sid)
    with pytest.raises(ValueError, match="no SID"):
        await behind.api.delete_call(sid)
    assert behind.hotline.line.api.asked == []
