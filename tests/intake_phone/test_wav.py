"""WAV files of a telephone."""

from __future__ import annotations

import io
import wave

import pytest

from intake_phone import wav


def pcm(*, rate: int = 8000, channels: int = 1, width: int = 2, frames: int = 4000) -> bytes:
    opened = io.BytesIO()
    with wave.open(opened, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"\0" * frames * channels * width)
    return opened.getvalue()


def test_what_is_wrapped_lasts_as_long_as_its_samples() -> None:
    assert wav.seconds(wav.wrap(b"\xff" * 12001)) == 12001 / 8000


def test_sixteen_bit_pcm_is_good_for_a_telephone_too() -> None:
    assert wav.seconds(pcm()) == 0.5


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (pcm(rate=44100), "1 channels at 44100 Hz"),
        (pcm(channels=2), "2 channels"),
        (pcm(width=1), "neither mu-law nor"),
        (wav.wrap(b"\xff").replace(b"\x07\0\x01\0", b"\x06\0\x01\0", 1), "neither mu-law nor"),
        (pcm(frames=0), "empty"),
        (pcm()[:-1], "no WAV"),
        (pcm()[:30], "no WAV"),
        (b"ID3\x03 an MP3 file, renamed", "no WAV"),
        (b"", "no WAV"),
    ],
    ids=["rate", "stereo", "8 bits", "A-law", "empty", "cut", "no data", "MP3", "nothing"],
)
def test_what_a_telephone_cant_play_is_refused_with_a_reason(file: bytes, why: str) -> None:
    with pytest.raises(wav.NotForTelephoneError, match=why):
        wav.seconds(file)
