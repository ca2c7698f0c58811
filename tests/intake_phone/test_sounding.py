"""What callers hear, wired as the service has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from intake_phone import sounding
from intake_phone.call import Call
from intake_phone.settings import Settings
from intake_phone.sounding import Sounds, open_sounds


async def no_call(_call_sid: str) -> Call | None:
    return None


async def no_recording(_sid: str) -> bytes | None:
    return None


Opens = Callable[[], AbstractAsyncContextManager[Sounds]]


@pytest.fixture
def opens(tmp_path: Path) -> Opens:
    (tmp_path / "studio").mkdir()
    settings = Settings(var=tmp_path, phone_sounds=tmp_path / "studio")
    return lambda: open_sounds(settings, b"k" * 32, no_call, no_recording)


async def run_once(sounds: Sounds) -> None:
    """The task, until it has nothing more to make."""
    stop = asyncio.Event()
    stop.set()
    await sounds.make_missing(stop)


async def test_at_the_first_start_all_sounds_are_made_and_nothing_is_to_be_said(
    opens: Opens, tmp_path: Path
) -> None:
    async with opens() as sounds:
        await run_once(sounds)
        assert await sounds.notice() is None
        made = {path.name for path in (tmp_path / "phone-sounds").iterdir()}
        assert made == {f"{sounds.files.version(name)}.wav" for name in sounds.files.words}


async def test_an_admin_sees_which_studio_recordings_arent_used(
    opens: Opens, tmp_path: Path
) -> None:
    (tmp_path / "studio" / "menu.wav").write_bytes(b"ID3")
    async with opens() as sounds:
        said = await sounds.notice()
    assert said == "in SPEAKUP_PHONE_SOUNDS aren't used: menu.wav: no WAV file"


async def test_an_admin_sees_that_kazakh_cant_be_spoken(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounding, "VOICE", "intake_phone.no_such_voice:speak")
    async with opens() as sounds:
        await run_once(sounds)
        assert await sounds.notice() == "Kazakh can't be spoken: unstartable"
