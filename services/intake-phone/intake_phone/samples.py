"""A telephone WAV as numbers. Apart from `wav`, since numpy takes time and memory that only children have."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from intake_phone import wav


def read(file: bytes) -> NDArray[np.float32]:
    """Its samples, `wav.RATE` a second, between -1 and 1. Raises NotForTelephoneError."""
    wav.seconds(file)
    chunks = wav.chunks(file)
    kind, _, _, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    data = chunks[b"data"]
    if (kind, bits) == (wav.MULAW, 8):
        return np.take(_VALUES, np.frombuffer(data, np.uint8))
    whole = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    return (whole / 32768.0).astype(np.float32)


def _values() -> NDArray[np.float32]:
    """Of mu-law's codes (ITU-T G.711)."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    size = (((mantissa << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -size, size) / 32768.0).astype(np.float32)


_VALUES = _values()
