"""Recordings of telephone calls: WAV of 8,000 samples a second, as PCM or mu-law (ITU-T G.711)."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples a second."""

_PCM, _MU_LAW = 1, 7

Samples = NDArray[np.float32]
"""From -1 to 1."""


class NoTelephoneWavError(ValueError):
    """Something else: another format, another rate, or damaged."""


def read(content: bytes) -> Samples:
    """One channel; two are mixed. Raises NoTelephoneWavError."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise NoTelephoneWavError("no WAV")
    form: tuple[int, ...] | None = None
    place = 12
    while place + 8 <= len(content):
        name, size = (
            content[place : place + 4],
            int.from_bytes(content[place + 4 : place + 8], "little"),
        )
        body = content[place + 8 : place + 8 + size]
        if name == b"fmt ":
            if len(body) < 16:
                raise NoTelephoneWavError("damaged")
            form = struct.unpack("<HHIIHH", body[:16])
        elif name == b"data" and form is not None:
            return _samples(body, form)
        place += 8 + size + size % 2
    raise NoTelephoneWavError("no sound in it")


def write(samples: Samples) -> bytes:
    """As 16-bit PCM, which every browser plays."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, RATE, 0, "NONE", ""))
        made.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _samples(body: bytes, form: tuple[int, ...]) -> Samples:
    coding, channels, rate, _, _, bits = form
    if rate != RATE or channels not in (1, 2):
        raise NoTelephoneWavError("another rate, or too many channels")
    if (coding, bits) == (_PCM, 16):
        whole = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
        flat: Samples = (whole / 32768.0).astype(np.float32)
    elif (coding, bits) == (_PCM, 8):
        flat = ((np.frombuffer(body, np.uint8) - 128.0) / 128).astype(np.float32)
    elif (coding, bits) == (_MU_LAW, 8):
        flat = np.take(_MU_LAW_VALUES, np.frombuffer(body, np.uint8))
    else:
        raise NoTelephoneWavError("another coding")
    mixed = flat[: len(flat) // channels * channels].reshape(-1, channels).mean(axis=1)
    return np.asarray(mixed, dtype=np.float32)


def _mu_law_values() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + 132) << exponent) - 132
    signed = np.where(code & 128, -size, size).astype(np.float32)
    return np.asarray(signed / 32768, dtype=np.float32)


_MU_LAW_VALUES = _mu_law_values()
