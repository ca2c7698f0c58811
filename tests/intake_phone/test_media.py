"""What Twilio fetches to play it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from intake_phone import media, wav
from intake_phone.addresses import Addresses
from intake_phone.call import Call, PlayTake, Speech, Take
from intake_phone.sound_files import SoundFiles
from speakup import problems
from speakup.events import Language
from speakup.i18n import texts
from speakup.sandbox import Sandbox
from tests.intake_phone.calling import reply, view

CALL_SID, TAKE_SID = "CA" + "0a" * 16, "RE" + "1b" * 16
WORDS = "Біз тексердік, дизель отыны туралы айтқаныңыз расталды."
UNSPEAKABLE = "中文"
CALL = Call(takes=(Take(sid=TAKE_SID, seconds=3),), view=view(reply(WORDS), reply(UNSPEAKABLE)))
RECORDED = wav.wrap(b"\x80" * 800)


class Service:
    """The routes, with what they ask for."""

    def __init__(self, folder: Path, voice: Sandbox) -> None:
        self.calls = {CALL_SID: CALL}
        self.recordings: list[bytes | None] = [RECORDED]
        """What Twilio gives, one after the other."""
        self.files = SoundFiles(texts(), folder, None, voice)
        self.addresses = Addresses("http://hotline.example", b"k" * 32, self.files.version)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            media.router(
                self.files, self.addresses, voice, self.call_of, self.fetch, pauses=(0.0, 0.0)
            )
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app))

    async def call_of(self, call_sid: str) -> Call | None:
        return self.calls.get(call_sid)

    async def fetch(self, sid: str) -> bytes | None:
        assert sid == TAKE_SID
        return self.recordings.pop(0) if self.recordings else None

    async def get(self, address: str) -> httpx.Response:
        return await self.client.get(address)

    async def own(self, one: PlayTake | Speech) -> httpx.Response:
        return await self.get(self.addresses.own(CALL_SID, one))


@pytest.fixture
async def service(tmp_path: Path, voice: Sandbox) -> AsyncIterator[Service]:
    service = Service(tmp_path, voice)
    yield service
    await service.client.aclose()


async def test_a_fixed_sound_may_be_kept_by_whoever_plays_it(service: Service) -> None:
    answer = await service.get(service.addresses.fixed("menu"))
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == await service.files.read("menu")


async def test_a_fixed_sound_of_before_is_played_as_it_is_now_and_not_kept(
    service: Service,
) -> None:
    answer = await service.get("http://hotline.example/phone/sounds/0123456789abcdef/menu.wav")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/nothing.wav",
        "0123456789abcdef/menu.mp3",
        "x/menu.wav",
        "0123456789abcdef/..%2F..%2Fkeys.wav",
        "0123456789abcdef/%00.wav",
        "own/x.wav",
        "own/menu.wav",
        f"own/{'A' * 87}.wav",
    ],
)
async def test_what_isnt_there_is_404(service: Service, path: str) -> None:
    answer = await service.get(f"http://hotline.example/phone/sounds/{path}")
    assert answer.status_code == 404


async def test_a_handlers_words_are_spoken_for_the_call_that_opened_the_case(
    service: Service,
) -> None:
    answer = await service.own(Speech(WORDS, Language.kk))
    assert wav.seconds(answer.content) > 2
    assert answer.headers["cache-control"] == "private, no-store"


async def test_words_that_cant_be_spoken_are_answered_by_a_sentence(service: Service) -> None:
    answer = await service.own(Speech(UNSPEAKABLE, Language.kk))
    assert answer.content == await service.files.read("late")


async def test_the_callers_recording_is_played_to_them(service: Service) -> None:
    answer = await service.own(PlayTake(TAKE_SID))
    assert (answer.status_code, answer.content) == (200, RECORDED)
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_recording_that_isnt_ready_is_asked_for_again(service: Service) -> None:
    service.recordings = [None, None, RECORDED]
    assert (await service.own(PlayTake(TAKE_SID))).content == RECORDED


async def test_a_recording_that_never_comes_is_a_short_silence(service: Service) -> None:
    service.recordings = []
    answer = await service.own(PlayTake(TAKE_SID))
    assert (answer.status_code, wav.seconds(answer.content)) == (200, 0.5)


async def test_after_the_call_its_addresses_lead_nowhere(service: Service) -> None:
    address = service.addresses.own(CALL_SID, PlayTake(TAKE_SID))
    assert (await service.get(address)).status_code == 200
    service.calls.clear()
    assert (await service.get(address)).status_code == 404


async def test_another_calls_recording_cant_be_asked_for(service: Service) -> None:
    other = "CA" + "ff" * 16
    service.calls[other] = Call()
    answer = await service.get(service.addresses.own(other, PlayTake(TAKE_SID)))
    assert answer.status_code == 404
    assert service.recordings == [RECORDED]
