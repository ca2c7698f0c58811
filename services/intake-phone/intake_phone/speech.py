"""Kazakh text to speech, by espeak-ng's `kk` voice, in a limited child process (`speakup.sandbox`).

The words are a handler's or a machine's: they go to a library written in C. So that runs where it can open no
file, no connection and no program, and has a bound on memory and time. All that it needs is loaded when
this module is imported, which only children do. (It is under the GPL, too: a process of its own keeps it apart.)
"""

from __future__ import annotations

import ctypes
import unicodedata
from typing import Any

import espeakng_loader
import numpy as np

from intake_phone import wav

CHARACTERS = 1000
"""At a time, at most."""

_SECONDS = 600
"""Of sound, at most."""

_RETRIEVE = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback, no thread is started
_UTF8 = 1
_PEAK = 0.5
"""Of full scale: as loud as a voice of Twilio's."""
_PAUSE = 0.25
"""Seconds, at the end: digits that follow each other can be written down."""


class SpeechError(Exception):
    """The library refused; the text names its function."""


class Voice:
    """The library, speaking Kazakh. One at a time in a process."""

    def __init__(self) -> None:
        """Raises SpeechError, and OSError where there is no library for this machine."""
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_RETRIEVE, 0, data, 0)
        if self._rate <= 0:
            raise SpeechError("espeak_Initialize")
        self._heard = bytearray()
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        # Held, since the library calls it without holding it.
        self._callback = kind(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)
        if self._library.espeak_SetVoiceByName(b"kk") != 0:
            raise SpeechError("espeak_SetVoiceByName")
        # What is Latin is read as English, signs in it by a further dictionary: they must be loaded now, too.
        self.speak("<a>[[PIN]]</a> &amp; код 5% №5 ё")

    def speak(self, text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Samples between -1 and 1, `wav.RATE` a second. Raises SpeechError."""
        self._heard.clear()
        written = text.encode()
        if self._library.espeak_Synth(written, len(written) + 1, 0, 0, 0, _UTF8, None, None) != 0:
            raise SpeechError("espeak_Synth")
        return _to_rate(np.frombuffer(bytes(self._heard), "<i2") / 32768, self._rate)

    def _hear(self, samples: Any, count: int, _events: object) -> int:
        """1: enough."""
        if samples and count > 0:
            self._heard += ctypes.string_at(samples, count * 2)
        return int(len(self._heard) > _SECONDS * self._rate * 2)


def speak(text: bytes) -> bytes:
    """A WAV file of a text in UTF-8. Raises ValueError for one that is too long or can't be heard; SpeechError."""
    words = text.decode()
    if len(words) > CHARACTERS:
        raise ValueError("too long")
    sound = _voice.speak(_readable(words))
    loudest = np.abs(sound).max(initial=0)
    if loudest == 0:
        raise ValueError("nothing to be heard")
    pause = np.zeros(int(_PAUSE * wav.RATE))
    return wav.wrap(mulaw(np.concatenate([sound * (_PEAK / loudest), pause])))


def _readable(words: str) -> str:
    """Without letters that need another dictionary, which can't be opened any more, without pictures and signs."""
    return "".join(c if _is_readable(c) else " " for c in unicodedata.normalize("NFC", words))


def _is_readable(c: str) -> bool:
    if c.isalpha():
        return unicodedata.name(c, "").startswith(("CYRILLIC", "LATIN"))
    return (c.isascii() and c.isdigit()) or c in ".,;:!?()-'\"–—…«»“”„’%№"


def mulaw(sound: np.ndarray[Any, np.dtype[np.float64]]) -> bytes:
    """Samples between -1 and 1 by ITU-T G.711, mu-law."""
    whole = np.round(sound * 32767).astype(np.int32)
    size = np.minimum(np.abs(whole), 32635) + 0x84
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    sign = np.where(whole < 0, 0x80, 0)
    return bytes((~(sign | exponent << 4 | mantissa)).astype(np.uint8).tobytes())


def _to_rate(
    sound: np.ndarray[Any, np.dtype[np.float64]], rate: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """At a lower rate: what is too high for it is left out of the spectrum."""
    # Whole seconds: their spectrum is quickly made.
    seconds = -(-len(sound) // rate)
    padded = np.pad(sound, (0, seconds * rate - len(sound)))
    if seconds == 0:
        return padded
    spectrum = np.fft.rfft(padded)[: seconds * wav.RATE // 2 + 1]
    lower = np.fft.irfft(spectrum, seconds * wav.RATE) * (wav.RATE / rate)
    return lower[: len(sound) * wav.RATE // rate]


_voice = Voice()
