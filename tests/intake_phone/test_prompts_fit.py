"""The texts of the telephone: short enough to be listened to."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from intake_phone import spoken, wav
from intake_phone.call import Prompt, Record
from intake_phone.sound_files import SoundFiles
from speakup.events import Language
from speakup.i18n import texts
from speakup.sandbox import Sandbox
from tests.intake_phone.calling import Caller

CHARACTERS_A_SECOND = 14
"""Of a voice that speaks calmly."""

KEY_SECONDS = 1
"""From the end of a prompt to the key."""

LANGUAGE_KEYS = {Language.kk: "1", Language.ru: "2", Language.en: "3"}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("choice", ["1", "2", "4"])
async def test_three_keys_and_a_minute_lead_to_the_tone(
    tmp_path: Path, voice: Sandbox, language: Language, choice: str
) -> None:
    files = SoundFiles(texts(), tmp_path, None, voice)
    caller, seconds = Caller().rings(), 0.0
    keys = [LANGUAGE_KEYS[language], "1", choice]
    for key in keys:
        seconds += await heard(caller, files) + KEY_SECONDS
        caller.presses(key)
    seconds += await heard(caller, files)
    assert isinstance(caller.turn, Record)
    assert seconds <= 60


async def heard(caller: Caller, files: SoundFiles) -> float:
    """Seconds of what is said now: Kazakh ones measured, others reckoned."""
    prompts = [sound for sound in caller.turn.sounds if isinstance(sound, Prompt)]
    reckoned = sum(
        len(texts()(p.language, p.name)) / CHARACTERS_A_SECOND
        for p in prompts
        if p.language != Language.kk
    )
    played = [
        wav.seconds(await files.read(name))
        for p in prompts
        if p.language == Language.kk
        for name in spoken.sounds(p, texts(), UTC)
    ]
    return reckoned + sum(played)


@pytest.mark.parametrize("language", list(Language))
def test_nothing_but_the_channels_takes_longer_than_eighteen_seconds(language: Language) -> None:
    long = {
        name: len(text)
        for name, text in texts().names(language).items()
        if name.startswith("phone.") and len(text) > 18 * CHARACTERS_A_SECOND
    }
    assert set(long) <= {"phone.channels"}


@pytest.mark.parametrize("language", list(Language))
def test_numbers_are_written_as_they_are_spoken(language: Language) -> None:
    written = {
        name: text
        for name, text in texts().names(language).items()
        if name.startswith("phone.") and any(c.isdigit() or c in "#*" for c in text)
    }
    assert written == {}
