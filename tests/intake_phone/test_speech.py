"""Kazakh text to speech, by the real voice in its limited child."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake_phone import speech, wav
from speakup.sandbox import Sandbox, SandboxError

SENTENCE = "Цех бастығы дизель отынын ұрлап сатып жүр."


async def spoken(voice: Sandbox, text: str) -> float:
    """Seconds."""
    return wav.seconds(await voice.run(text.encode()))


async def test_a_kazakh_sentence_is_spoken_at_a_pace_to_be_followed(voice: Sandbox) -> None:
    assert 2 < await spoken(voice, SENTENCE) < 5


async def test_a_whole_portion_is_spoken(voice: Sandbox) -> None:
    assert await spoken(voice, f"{SENTENCE} " * 21) > 50


@pytest.mark.parametrize(
    "text",
    [
        "PIN-код пен email",
        "<speak>[[s]]</speak> &amp; <audio src='file:///etc/passwd'/>",
        "ЖШС «Ромашка», ИИН 850101300123, 25.03.2026, 5 % № 7",
        "қазақша ελληνικά العربية 中文 हिन्दी 😀",
    ],
    ids=["Latin", "markup", "numbers", "other scripts"],
)
async def test_what_isnt_plain_kazakh_is_spoken_all_the_same(voice: Sandbox, text: str) -> None:
    assert await spoken(voice, text) > 0.5


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=60))
async def test_no_text_brings_the_voice_down(voice: Sandbox, text: str) -> None:
    with suppress(UnicodeEncodeError):
        assert await spoken(voice, f"сөз {text}") > 0


@pytest.mark.parametrize("text", ["", " \n", "😀", "中文", "с" * 1001])
async def test_what_cant_be_spoken_is_an_error(voice: Sandbox, text: str) -> None:
    with pytest.raises(SandboxError, match="ValueError"):
        await voice.run(text.encode())


def test_silence_and_the_loudest_are_what_g711_says() -> None:
    assert speech.mulaw(np.array([0.0, 1.0, -1.0])) == b"\xff\x80\x00"


def test_a_small_sound_isnt_lost() -> None:
    assert len(set(speech.mulaw(np.array([0.001, 0.002, -0.001])))) == 3
