"""Audio of the practice line: WAV files in and out, 8 kHz, one channel, 16 bits."""

from __future__ import annotations

import io
import wave

import numpy as np

RATE = 8000
"""Samples a second, of a telephone."""

_HEADER = 44


def samples(wav: bytes) -> bytes:
    """A WAV file's sound as a telephone would carry it. Raises wave.Error for another kind of file."""
    with wave.open(io.BytesIO(wav)) as file:
        if file.getsampwidth() != 2:
            raise wave.Error("only 16 bits a sample are understood")
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        sound = sound.reshape(-1, file.getnchannels()).mean(axis=1)
        places = np.arange(0, len(sound), file.getframerate() / RATE)
    return bytes(np.interp(places, np.arange(len(sound)), sound).astype("<i2").tobytes())


def wav(sound: bytes) -> bytes:
    """A WAV file of these samples."""
    opened = io.BytesIO()
    with wave.open(opened, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound)
    return opened.getvalue()


def seconds(sound: bytes | bytearray) -> float:
    """How long these samples take."""
    return len(sound) / 2 / RATE


def length(file: bytes) -> float:
    """How long an audio file takes, about; one that is no WAV: as mu-law of 8 kHz."""
    a_second = int.from_bytes(file[28:32], "little") if file[:4] == b"RIFF" else RATE
    return max(0, len(file) - _HEADER) / (a_second or RATE)


def tone(lasting: float, hertz: int = 220) -> bytes:
    """A WAV file of a tone, where nobody speaks."""
    places = np.arange(int(lasting * RATE)) / RATE
    return wav((np.sin(2 * np.pi * hertz * places) * 8000).astype("<i2").tobytes())
