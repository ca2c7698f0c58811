"""Voice masking: a copy of a recording in another's voice, its words unchanged.

Pitch and vocal tract are moved apart by a phase vocoder: each short spectrum is parted into an envelope (the
formants, by its cepstrum) and what excites it (the pitch), each is stretched by a factor of its own, and both are
put together again. This keeps a colleague from knowing a voice; it is no promise against a laboratory.

Runs in a limited child: importing this must load all that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from case_router import wav
from case_router.wav import Samples

SEED = 32
"""Bytes."""

WINDOW, HOP = 512, 128
"""Samples: 64 ms, which tells the harmonics of a low voice apart, every 16 ms."""
_BINS = WINDOW // 2 + 1
_ENVELOPE = 30
"""Cepstral samples that are the envelope: a pitch below 265 Hz lies beyond them."""
_FRAMES = 1000
"""Worked on at a time, so that ten minutes need no more memory than 16 s."""

Spectra = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Shift:
    """By which factors pitch and formants are moved."""

    pitch: float
    formants: float


def shift_of(seed: bytes) -> Shift:
    """Up or down, far enough to be another person, near enough to be understood."""
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(seed, "big")))
    if rng.random() < 0.5:
        return Shift(rng.uniform(0.74, 0.84), rng.uniform(0.86, 0.91))
    return Shift(rng.uniform(1.22, 1.38), rng.uniform(1.10, 1.17))


def mask(job: bytes) -> bytes:
    """The seed and the recording to the masked copy. Raises NoTelephoneWavError."""
    return wav.write(masked(wav.read(job[SEED:]), shift_of(job[:SEED])))


def masked(samples: Samples, shift: Shift) -> Samples:
    """As long and as loud as the original."""
    padded = np.pad(samples, (WINDOW, WINDOW + HOP))
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frames = sliding_window_view(padded, WINDOW)[::HOP]
    result = np.zeros_like(padded)
    vocoder = _Vocoder(shift)
    for start in range(0, len(frames), _FRAMES):
        spectra = np.fft.rfft(frames[start : start + _FRAMES] * window).astype(np.complex64)
        made = np.fft.irfft(vocoder.shifted(spectra)).astype(np.float32) * window
        for place, frame in enumerate(made, start):
            result[place * HOP : place * HOP + WINDOW] += frame
    result = result[WINDOW : WINDOW + len(samples)]
    loudness = float(np.sqrt(np.mean(result**2))) if len(result) else 0.0
    return result * (float(np.sqrt(np.mean(samples**2))) / loudness) if loudness else result


class _Vocoder:
    """Shifts spectra of one recording, which come in pieces."""

    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        bins = np.arange(_BINS)
        self._step = 2 * np.pi * HOP * bins / WINDOW
        # From which bin of the original each one is taken; beyond the last there is nothing.
        self._source = np.rint(bins / shift.pitch).astype(int)
        self._there = (self._source < _BINS).astype(np.float32)
        self._source = np.minimum(self._source, _BINS - 1)
        self._phase_before = np.zeros(_BINS)
        self._phase = np.zeros(_BINS)

    def shifted(self, spectra: Spectra) -> Spectra:
        """The next ones."""
        size, phase = np.abs(spectra) + 1e-7, np.angle(spectra)
        envelope = _envelope(size)
        excitation = (size / envelope)[:, self._source] * self._there
        before = np.vstack([self._phase_before, phase[:-1]])
        # How far the phase of each bin went in a step: its true frequency, not its bin's.
        turned = phase - before - self._step
        turned -= 2 * np.pi * np.rint(turned / (2 * np.pi))
        steps = (self._step + turned)[:, self._source] * self._shift.pitch
        phases = self._phase + np.cumsum(steps, axis=0)
        self._phase_before, self._phase = phase[-1], phases[-1] % (2 * np.pi)
        made = excitation * self._moved(envelope) * np.exp(1j * phases)
        return np.asarray(made, dtype=np.complex64)

    def _moved(self, envelope: NDArray[np.float32]) -> NDArray[np.float32]:
        source = np.minimum(np.arange(_BINS) / self._shift.formants, _BINS - 1)
        low = np.minimum(source.astype(int), _BINS - 2)
        part = source - low
        return np.asarray(envelope[:, low] * (1 - part) + envelope[:, low + 1] * part)


def _envelope(size: NDArray[np.floating]) -> NDArray[np.float32]:
    cepstra = np.fft.irfft(np.log(size))
    cepstra[:, _ENVELOPE:-_ENVELOPE] = 0
    return np.asarray(np.exp(np.fft.rfft(cepstra).real), dtype=np.float32)


# A child can import nothing later, and libraries import late.
mask(bytes(SEED) + wav.write(np.zeros(WINDOW, dtype=np.float32)))
