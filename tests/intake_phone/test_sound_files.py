"""The fixed Kazakh sounds: made once, replaced one by one by studio recordings."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from intake_phone import wav
from intake_phone.sound_files import SoundFiles
from speakup.events import Language
from speakup.i18n import FOLDER, Texts, texts
from speakup.sandbox import Sandbox, SandboxError

RECORDED = wav.wrap(b"\x80" * 4000)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    folder = tmp_path / "studio"
    folder.mkdir()
    return folder


@pytest.fixture
def files(tmp_path: Path, studio: Path, voice: Sandbox) -> SoundFiles:
    return SoundFiles(texts(), tmp_path / "made", studio, voice)


async def test_every_sound_can_be_made_and_none_is_made_twice(files: SoundFiles) -> None:
    assert await files.make_missing() > 100
    assert await files.make_missing() == 0
    for name in files.words:
        assert wav.seconds(await files.read(name)) > 0.3


async def test_a_sound_that_is_asked_for_before_it_is_made_is_made(files: SoundFiles) -> None:
    first = await files.read("menu")
    assert wav.seconds(first) > 5
    assert await files.read("menu") == first


async def test_there_are_digits_days_and_months(files: SoundFiles) -> None:
    for kind, numbers in (("digit", range(10)), ("day", range(1, 32)), ("month", range(1, 13))):
        assert {f"{kind}.{n}" for n in numbers} <= files.words.keys()


async def test_a_studio_recording_takes_the_place_of_one_sound(
    tmp_path: Path, studio: Path, voice: Sandbox, files: SoundFiles
) -> None:
    (studio / "menu.wav").write_bytes(RECORDED)
    after = SoundFiles(texts(), tmp_path / "made", studio, voice)
    assert await after.read("menu") == RECORDED
    assert after.version("menu") != files.version("menu")
    assert after.version("consent") == files.version("consent")
    assert list(after.recorded) == ["menu"]


async def test_a_recording_that_a_telephone_cant_play_isnt_used_and_it_is_said(
    tmp_path: Path, studio: Path, voice: Sandbox
) -> None:
    (studio / "menu.wav").write_bytes(b"ID3")
    (studio / "menü.wav").write_bytes(RECORDED)
    (studio / "consent.mp3").write_bytes(RECORDED)
    files = SoundFiles(texts(), tmp_path / "made", studio, voice)
    assert files.refused == {
        "menu.wav": "no WAV file",
        "menü.wav": "no sound has this name",
        "consent.mp3": "no sound has this name",
    }
    assert not files.recorded
    assert wav.seconds(await files.read("menu")) > 5


async def test_a_changed_text_is_another_sound(
    tmp_path: Path, voice: Sandbox, files: SoundFiles
) -> None:
    written = (FOLDER / "kk.po").read_text(encoding="utf-8")
    said = texts()(Language.kk, "phone.kept")
    assert said in written
    (tmp_path / "kk.po").write_text(written.replace(said, "Рақмет."), encoding="utf-8")
    changed = SoundFiles(Texts(tmp_path), tmp_path / "made", None, voice)
    assert changed.version("kept") != files.version("kept")
    assert changed.version("menu") == files.version("menu")


async def test_a_sound_is_heard_where_it_cant_be_kept(tmp_path: Path, voice: Sandbox) -> None:
    (tmp_path / "made").write_text("in the way")
    files = SoundFiles(texts(), tmp_path / "made", None, voice)
    with pytest.raises(NotADirectoryError):
        (tmp_path / "made" / "x").read_bytes()
    assert wav.seconds(await files.read("kept")) > 1


async def test_without_a_voice_what_was_made_is_still_there(tmp_path: Path, voice: Sandbox) -> None:
    await SoundFiles(texts(), tmp_path, None, voice).read("kept")
    with closing(Sandbox("intake_phone.no_such_voice:speak", children=1)) as dumb:
        files = SoundFiles(texts(), tmp_path, None, dumb)
        assert wav.seconds(await files.read("kept")) > 1
        with pytest.raises(SandboxError):
            await files.read("menu")
