"""WAV files of a telephone: 8 kHz, one channel, mu-law (G.711) as we make them, or 16-bit PCM.

Python's `wave` reads no mu-law.
"""

from __future__ import annotations

import struct

RATE = 8000
"""Samples a second."""

PCM, MULAW = 1, 7
_KINDS = {(MULAW, 8): 1, (PCM, 16): 2}
"""Bytes a sample, by format and bits."""


class NotForTelephoneError(ValueError):
    """The file can't be played on a telephone as it is; the text says why."""


def wrap(mulaw: bytes) -> bytes:
    """A WAV file of these samples."""
    fmt = struct.pack("<4sIHHIIHHH", b"fmt ", 18, MULAW, 1, RATE, RATE, 1, 8, 0)
    fact = struct.pack("<4sII", b"fact", 4, len(mulaw))
    data = struct.pack("<4sI", b"data", len(mulaw)) + mulaw + b"\0" * (len(mulaw) % 2)
    body = b"WAVE" + fmt + fact + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def seconds(file: bytes) -> float:
    """How long it takes. Raises NotForTelephoneError."""
    found = chunks(file)
    if len(found.get(b"fmt ", b"")) < 16 or b"data" not in found:
        raise NotForTelephoneError("no WAV file")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", found[b"fmt "])
    if (kind, bits) not in _KINDS:
        raise NotForTelephoneError("neither mu-law nor 16-bit PCM")
    if (channels, rate) != (1, RATE):
        raise NotForTelephoneError(f"{channels} channels at {rate} Hz instead of one at {RATE}")
    if not found[b"data"]:
        raise NotForTelephoneError("empty")
    return len(found[b"data"]) / _KINDS[kind, bits] / RATE


def chunks(file: bytes) -> dict[bytes, bytes]:
    """The first of each name; a cut one isn't there."""
    found: dict[bytes, bytes] = {}
    if file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        return found
    place = 12
    while place + 8 <= len(file):
        name, size = struct.unpack_from("<4sI", file, place)
        chunk = file[place + 8 : place + 8 + size]
        if len(chunk) == size:
            found.setdefault(name, chunk)
        place += 8 + size + size % 2
    return found


SILENCE = wrap(b"\xff" * (RATE // 2))
"""Half a second."""
