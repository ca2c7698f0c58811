"""The double of Twilio does what Twilio's documentation says, shown on small documents."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from embedded import practice_audio, practice_credentials
from embedded.practice_line import sign
from tests.twilio_double import LineError, TwilioDouble

SPEECH = practice_audio.tone(2)
HOST = "http://service.example"


class Service:
    """Answers by fixed documents, and remembers what it was asked."""

    def __init__(self, documents: Mapping[str, str], media_type: str) -> None:
        self._documents, self._media_type = documents, media_type
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.signatures: list[tuple[str, dict[str, str], str]] = []
        self.delay = 0.0

    async def answer(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.asked.append((request.url.path, form))
        self.signatures.append((str(request.url), form, request.headers["x-twilio-signature"]))
        await asyncio.sleep(self.delay)
        if request.url.path.endswith(".wav"):
            return Response(SPEECH, media_type="audio/wav")
        document = self._documents.get(request.url.path)
        if document is None:
            return Response(status_code=204)
        return Response(f"<Response>{document}</Response>", media_type=self._media_type)

    def of(self, path: str) -> list[dict[str, str]]:
        """The parameters of all requests to a path."""
        return [form for asked, form in self.asked if asked == path]


@asynccontextmanager
async def line_to(
    first: str, media_type: str = "text/xml", **documents: str
) -> AsyncIterator[tuple[TwilioDouble, Service]]:
    """A line to a service whose first document is `first`; others by the last part of their path."""
    paths = {"/phone/voice": first} | {f"/phone/{name}": text for name, text in documents.items()}
    service = Service(paths, media_type)
    app = Starlette(
        routes=[Route("/{path:path}", service.answer, methods=["GET", "POST"])],
    )
    line = TwilioDouble(
        practice_credentials.make(),
        f"{HOST}/phone/voice",
        status_url=f"{HOST}/phone/status",
        pace=0,
        transport=httpx.ASGITransport(app),
    )
    yield line, service
    await line.aclose()


GATHER = '<Gather numDigits="1" action="next"><Say>Press one.</Say></Gather><Say>Nothing?</Say>'
RECORD = (
    '<Record action="next" finishOnKey="#" maxLength="600" timeout="10" trim="do-not-trim" '
    'recordingStatusCallback="recording" recordingStatusCallbackEvent="completed absent"/>'
    "<Say>Nothing was recorded.</Say>"
)


# Signing


async def test_the_librarys_validator_takes_every_signature() -> None:
    async with line_to(GATHER, next=RECORD + "<Play>a.wav</Play>") as (line, service):
        async with line.call() as caller:
            await caller.press("1")
            await caller.speaks(SPEECH)
            await caller.press("#")
        validator = RequestValidator(line.credentials.auth_token)
        assert len(service.signatures) >= 4
        for url, form, signature in service.signatures:
            assert validator.validate(url, form, signature)
            assert not validator.validate(url, form | {"More": ""}, signature)


def test_blank_parameters_are_signed_too() -> None:
    assert sign("token", HOST, {"B": "", "A": "1"}) != sign("token", HOST, {"A": "1"})
    # Of https://www.twilio.com/docs/usage/webhooks/webhooks-security, made with its example's token.
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, params) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


async def test_the_public_address_is_signed_wherever_the_service_is_reached() -> None:
    service = Service({"/phone/voice": "<Hangup/>"}, "text/xml")
    app = Starlette(routes=[Route("/{path:path}", service.answer, methods=["POST"])])
    public = "https://hotline.example:8443"
    line = TwilioDouble(
        practice_credentials.make(),
        f"{public}/phone/voice",
        instead=(public, HOST),
        transport=httpx.ASGITransport(app),
    )
    async with line.call():
        pass
    await line.aclose()
    ((url, form, signature),) = service.signatures
    assert url == f"{HOST}/phone/voice"
    token = line.credentials.auth_token
    assert RequestValidator(token).validate(f"{public}/phone/voice", form, signature)


# What is sent


async def test_a_call_begins_ringing_and_has_the_callers_number_and_blank_places() -> None:
    async with line_to(GATHER) as (line, service):
        async with line.call(number="+77017654321"):
            pass
        (first,) = service.of("/phone/voice")
    assert first["CallStatus"] == "ringing"
    assert first["From"] == first["Caller"] == "+77017654321"
    assert first["Direction"] == "inbound"
    assert first["ApiVersion"] == "2010-04-01"
    assert first["FromCity"] == ""
    assert first["CallSid"].startswith("CA")
    assert len(first["CallSid"]) == 34


async def test_the_end_of_a_call_is_told() -> None:
    async with line_to(GATHER) as (line, service):
        async with line.call():
            pass
        (told,) = service.of("/phone/status")
    assert told["CallStatus"] == "completed"
    assert told["CallDuration"] == "0"


# Gather


async def test_a_key_is_sent_to_the_action_beside_the_document() -> None:
    async with line_to(GATHER, next="<Say>Thank you.</Say>") as (line, service):
        async with line.call() as caller:
            await caller.hears("press one")
            await caller.press("1")
            await caller.hears("Thank you")
            assert caller.is_over
        assert service.of("/phone/next")[0]["Digits"] == "1"


async def test_without_a_key_the_next_verb_follows() -> None:
    async with line_to(GATHER) as (line, service), line.call() as caller:
        await caller.waits()
        await caller.hears("Nothing?")
        assert service.of("/phone/next") == []


async def test_without_a_key_the_action_may_be_asked_all_the_same() -> None:
    asking = GATHER.replace("<Gather", '<Gather actionOnEmptyResult="true"')
    async with line_to(asking, next="<Say>Still there?</Say>") as (line, service):
        async with line.call() as caller:
            await caller.waits()
            await caller.hears("Still there?")
        assert service.of("/phone/next")[0]["Digits"] == ""


async def test_a_finishing_key_ends_the_digits_and_is_not_one_of_them() -> None:
    async with line_to('<Gather action="next" finishOnKey="#"/>', next="") as (line, service):
        async with line.call() as caller:
            await caller.press("2550*7#")
        assert service.of("/phone/next")[0]["Digits"] == "2550*7"
        assert service.of("/phone/next")[0]["FinishedOnKey"] == "#"


async def test_digits_are_sent_when_no_more_come() -> None:
    async with line_to('<Gather action="next"/>', next="") as (line, service):
        async with line.call() as caller:
            await caller.press("25")
            assert service.of("/phone/next") == []
            await caller.waits()
        assert service.of("/phone/next")[0]["Digits"] == "25"


async def test_keys_pressed_ahead_go_to_the_next_question() -> None:
    async with line_to(GATHER, next='<Gather numDigits="1" action="then"/>', then="") as (
        line,
        service,
    ):
        async with line.call() as caller:
            await caller.press("42")
        assert service.of("/phone/then")[0]["Digits"] == "2"


async def test_who_hangs_up_while_asked_is_not_heard_of_but_by_the_end() -> None:
    async with line_to(GATHER) as (line, service):
        async with line.call() as caller:
            await caller.hangs_up()
        assert [path for path, _ in service.asked] == ["/phone/voice", "/phone/status"]


# Record


async def test_a_recording_is_told_to_the_action_and_then_to_its_callback() -> None:
    async with line_to(RECORD, next="<Say>Sent.</Say>") as (line, service):
        async with line.call() as caller:
            await caller.hears("[beep]")
            await caller.speaks(SPEECH)
            await caller.press("5")
            await caller.press("#")
            await caller.hears("Sent.")
        (done,) = service.of("/phone/next")
        (status,) = service.of("/phone/recording")
        assert done["Digits"] == "#"
        assert done["RecordingDuration"] == status["RecordingDuration"] == "2"
        assert done["RecordingUrl"].endswith(f"/Recordings/{done['RecordingSid']}")
        assert status["RecordingStatus"] == "completed"
        assert "From" not in status


async def test_who_hangs_up_while_recorded_is_a_recording_whose_answer_nobody_hears() -> None:
    async with line_to(RECORD, next="<Redirect>never</Redirect>") as (line, service):
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.hangs_up()
        (done,) = service.of("/phone/next")
        assert (done["Digits"], done["CallStatus"]) == ("hangup", "completed")
        assert service.of("/phone/never") == []
        assert len(service.of("/phone/recording")) == 1


async def test_silence_ends_a_recording() -> None:
    async with line_to(RECORD, next="") as (line, service):
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.waits()
        assert service.of("/phone/next")[0]["Digits"] == ""


async def test_a_recording_ends_at_its_full_length() -> None:
    async with line_to(RECORD.replace("600", "3"), next="") as (line, service):
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.speaks(SPEECH)
            assert caller.is_over
        assert service.of("/phone/next")[0]["RecordingDuration"] == "3"


async def test_an_empty_recording_is_absent_and_the_next_verb_follows() -> None:
    async with line_to(RECORD) as (line, service):
        async with line.call() as caller:
            await caller.waits()
            await caller.hears("Nothing was recorded.")
        assert service.of("/phone/next") == []
        assert service.of("/phone/recording")[0]["RecordingStatus"] == "absent"


async def test_absence_is_told_only_where_it_is_asked_for() -> None:
    async with line_to(RECORD.replace("completed absent", "completed")) as (line, service):
        async with line.call() as caller:
            await caller.waits()
        assert service.of("/phone/recording") == []


# Play, Redirect, Pause


async def test_what_is_played_is_fetched_and_heard_by_its_name() -> None:
    async with line_to("<Play>audio/kk/welcome.wav</Play><Pause length='3'/>") as (line, service):
        async with line.call() as caller:
            await caller.hears("welcome.wav")
            assert caller.seconds == pytest.approx(5, abs=0.1)
        assert service.of("/phone/audio/kk/welcome.wav") == [{}]


async def test_the_own_recording_can_be_played_again() -> None:
    async with line_to(RECORD, next="") as (line, _), line.call() as caller:
        await caller.speaks(SPEECH)
        await caller.press("#")
        (recording,) = line.recordings
        assert await line.listen(f"{recording.url}.wav") == (f"[recording {recording.sid}]", 2.0)


async def test_a_redirect_is_followed() -> None:
    first = "<Redirect>next</Redirect>"
    async with line_to(first, next="<Say>Here.</Say>") as (line, _), line.call() as caller:
        await caller.hears("Here.")


async def test_documents_that_go_in_a_circle_are_an_error() -> None:
    async with line_to("<Redirect>voice</Redirect>") as (line, _):
        with pytest.raises(LineError, match="circle"):
            async with line.call():
                pass


# What is refused


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("<Dial>+77010000000</Dial>", "Dial"),
        ("<Say><Play>a.wav</Play></Say>", "can't stand in"),
        ("<Gather><Record/></Gather>", "can't stand in"),
        ("<Gather><Redirect>x</Redirect></Gather>", "can't stand in"),
        ('<Say language="kk-KZ">Сәлем</Say>', "language"),
        ('<Say voice="Polly.Joanna" language="ru-RU">Привет</Say>', "doesn't speak"),
        ('<Say voice="woman" language="ru-RU">Привет</Say>', "doesn't speak"),
        ("<Say></Say>", "text"),
        (f"<Say>{'a' * 4097}</Say>", "4096"),
        (f'<Say language="ru-RU">{"ж" * 751}</Say>', "4500"),
        ('<Gather timeOut="5"/>', "timeOut"),
        ('<Gather timeout="0"/>', "timeout"),
        ('<Gather finishOnKey="##"/>', "finishOnKey"),
        ('<Gather input="speech"/>', "input"),
        ('<Gather action="/phone/next step"/>', "action"),
        ('<Gather action="ftp://service.example/"/>', "action"),
        ('<Gather action="//"/>', "action"),
        ('<Record maxLength="1"/>', "maxLength"),
        ('<Record trim="no"/>', "trim"),
        ('<Record recordingStatusCallbackEvent="completed,absent"/>', "Event"),
        ('<Record transcribe="true"/>', "transcribe"),
        ("<Record>text</Record>", "no text"),
        ("<Play>аудио.wav</Play>", "text of <Play>"),
        ("<Redirect/>", "text of <Redirect>"),
        ('<Pause length="1.5"/>', "length"),
        ("<Hangup><Say>Bye</Say></Hangup>", "can't stand in"),
        ("Hello", "no text"),
        ("<Say>one & two</Say>", "XML"),
        ("<say>Hello</say>", "say"),
        (f"<!--{'a' * 65536}-->", "64 kB"),
    ],
)
async def test_what_twiml_does_not_allow_ends_the_call(document: str, why: str) -> None:
    async with line_to(document) as (line, service):
        with pytest.raises(LineError, match=why):
            async with line.call():
                pass
        assert len(service.of("/phone/status")) == 1


async def test_another_content_type_is_refused() -> None:
    async with line_to("<Hangup/>", media_type="text/html") as (line, _):
        with pytest.raises(LineError, match="12300: text/html"):
            async with line.call():
                pass


async def test_a_late_answer_is_refused() -> None:
    async with line_to("<Hangup/>") as (line, service):
        assert line.answer_seconds == 15
        line.answer_seconds, service.delay = 0.01, 5
        with pytest.raises(LineError, match="no answer"):
            async with line.call():
                pass


async def test_another_status_than_200_is_refused() -> None:
    async with line_to("<Redirect>nowhere</Redirect>") as (line, _):
        with pytest.raises(LineError, match="204"):
            async with line.call():
                pass


# A script that expects what isn't so


async def test_a_script_that_expects_what_is_not_so_fails() -> None:
    async with line_to(GATHER, next="") as (line, _), line.call() as caller:
        with pytest.raises(AssertionError, match="not in what was heard: 'press one.'"):
            await caller.hears("something else")
        with pytest.raises(AssertionError, match="waits for something else"):
            await caller.speaks(SPEECH)
        with pytest.raises(AssertionError, match="the call is over"):
            await caller.press("12")


# Faults


async def test_requests_can_be_doubled() -> None:
    async with line_to(RECORD, next="") as (line, service):
        line.times = 3
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.press("#")
        assert len(service.of("/phone/next")) == len(service.of("/phone/recording")) == 3


async def test_callbacks_can_be_held_shuffled_and_lost() -> None:
    async with line_to(RECORD + RECORD, next="<Redirect>voice</Redirect>") as (line, service):
        line.holds = True
        line.loses = lambda webhook: webhook.params.get("CallStatus") == "completed"
        async with line.call() as caller:
            for _ in range(4):
                await caller.speaks(SPEECH)
                await caller.press("#")
        assert service.of("/phone/recording") == []
        in_order = [webhook.params.get("RecordingSid") for webhook in line.held]
        await line.release(random.Random(1))  # noqa: S311
        arrived = [form["RecordingSid"] for form in service.of("/phone/recording")]
        assert arrived != in_order[:-1]
        assert sorted(arrived) == sorted(str(sid) for sid in in_order[:-1])
        assert service.of("/phone/status") == []


async def test_a_request_sent_again_is_the_same() -> None:
    async with line_to(RECORD, next="") as (line, service):
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.press("#")
        before = list(service.signatures)
        await line.replay(line.sent)
        assert service.signatures == before * 2


# The REST API


@asynccontextmanager
async def recorded(slow: bool = False) -> AsyncIterator[tuple[TwilioDouble, httpx.AsyncClient]]:
    """A line at which one call left one recording, and a client of its API."""
    async with line_to(RECORD, next="") as (line, _):
        line.api.is_slow = slow
        async with line.call() as caller:
            await caller.speaks(SPEECH)
            await caller.press("#")
        async with line, client_of(line) as client:
            yield line, client


def client_of(line: TwilioDouble) -> httpx.AsyncClient:
    """Asks the API as the account."""
    auth = (line.credentials.account_sid, line.credentials.auth_token)
    return httpx.AsyncClient(base_url=line.credentials.api_base, auth=auth)


async def test_a_recording_is_fetched_deleted_and_gone() -> None:
    async with recorded() as (line, client):
        (recording,) = line.recordings
        audio = await client.get(f"{recording.path}.wav")
        assert audio.content[:4] == b"RIFF"
        assert audio.headers["content-type"] == "audio/x-wav"
        assert (await client.get(f"{recording.path}.json")).json()["duration"] == "2"
        assert (await client.delete(f"{recording.path}.json")).status_code == 204
        for again in (
            await client.get(f"{recording.path}.wav"),
            await client.get(f"{recording.path}.json"),
            await client.delete(f"{recording.path}.json"),
        ):
            assert again.status_code == 404
            assert again.json()["code"] == 20404


async def test_without_the_accounts_credentials_there_is_nothing() -> None:
    async with recorded() as (line, client):
        path = f"{line.recordings[0].path}.wav"
        assert (await client.get(path, auth=("AC0", "wrong"))).status_code == 401
        own = line.credentials.account_sid
        assert (await client.get(path.replace(own, "AC0"))).status_code == 404


async def test_the_api_can_fail_for_a_while() -> None:
    async with recorded() as (line, client):
        line.api.failures = [503, 429]
        path = f"{line.recordings[0].path}.wav"
        statuses = [(await client.get(path)).status_code for _ in range(3)]
        assert statuses == [503, 429, 200]


async def test_a_recording_that_is_not_there_yet_is_404_until_it_is() -> None:
    async with recorded(slow=True) as (line, client):
        (recording,) = line.recordings
        assert (await client.get(f"{recording.path}.wav")).status_code == 404
        assert (await client.get(f"{recording.path}.json")).json()["status"] == "processing"
        recording.status = "completed"
        assert (await client.get(f"{recording.path}.wav")).status_code == 200


async def test_a_call_can_be_deleted_once_it_is_over() -> None:
    async with line_to(GATHER) as (line, _):
        path = f"/2010-04-01/Accounts/{line.credentials.account_sid}/Calls"
        async with line, client_of(line) as client:
            async with line.call(number="+77011112233") as caller:
                this = f"{path}/{caller.call.sid}.json"
                assert (await client.delete(this)).status_code == 409
            assert (await client.get(this)).json()["from"] == "+77011112233"
            assert (await client.delete(this)).status_code == 204
            assert (await client.get(this)).status_code == 404
            assert (await client.delete(this)).status_code == 404


async def test_a_days_recordings_and_calls_are_listed_page_by_page() -> None:
    async with recorded() as (line, client):
        for _ in range(4):
            async with line.call() as caller:
                await caller.speaks(SPEECH)
                await caller.press("#")
        day = line.recordings[0].started.date().isoformat()
        account = f"/2010-04-01/Accounts/{line.credentials.account_sid}"
        for name, key in (("Recordings", "DateCreated"), ("Calls", "StartTime")):
            found = []
            page = f"{account}/{name}.json?{key}>={day}&{key}<={day}&PageSize=2"
            while page:
                answer = (await client.get(page)).json()
                assert len(answer[name.lower()]) <= 2
                found += [item["sid"] for item in answer[name.lower()]]
                page = answer["next_page_uri"]
            assert len(set(found)) == len(found) == 5
            none = await client.get(f"{account}/{name}.json?{key}<=2001-01-01")
            assert none.json()[name.lower()] == []
