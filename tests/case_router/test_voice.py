"""A masked voice is another's, says the same, and comes from nothing but a telephone's WAV."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from case_router import voice, wav
from case_router.api.recordings import MASKING, NO_TELEPHONE_WAV
from case_router.voice import Shift, masked, shift_of
from case_router.wav import NoTelephoneWavError, Samples
from speakup.sandbox import SandboxError, open_sandbox

WORD = 512
LOW, HIGH = Shift(0.79, 0.88), Shift(1.3, 1.14)


def spoken(pitch: float = 120, seconds: float = 1.0) -> Samples:
    """A vowel: a glottis' pulses through two formants."""
    time = np.arange(int(seconds * wav.RATE)) / wav.RATE
    harmonics = np.arange(1, int(3800 / pitch))
    loud = sum(1 / (1 + ((harmonics * pitch - formant) / 120) ** 2) for formant in (700, 1800))
    waves = np.sin(2 * np.pi * pitch * harmonics[:, None] * time)
    return (0.05 * (loud @ waves)).astype(np.float32)


def pieces(samples: Samples) -> Iterator[NDArray[np.float64]]:
    """Parts of it in which somebody speaks."""
    for start in range(0, len(samples) - WORD, WORD // 2):
        part = samples[start : start + WORD].astype(np.float64)
        if np.sqrt(np.mean(part**2)) > 0.03:
            yield part - part.mean()


def pitch_of(samples: Samples) -> float:
    """The median pitch in Hz, by autocorrelation."""
    found = []
    shortest, longest = wav.RATE // 420, wav.RATE // 65
    for part in pieces(samples):
        alike = np.correlate(part, part, "full")[WORD - 1 :]
        lag = shortest + int(np.argmax(alike[shortest:longest]))
        if alike[lag] > alike[0] / 2:
            found.append(wav.RATE / lag)
    return float(np.median(found))


def formants_of(samples: Samples) -> NDArray[np.float64]:
    """The mean log envelope of the spectrum, with its fine structure smoothed away."""
    window = np.hanning(WORD)
    cepstra = np.array(
        [
            np.fft.irfft(np.log(np.abs(np.fft.rfft(part * window)) + 1e-6))
            for part in pieces(samples)
        ]
    )
    cepstra[:, 30:-30] = 0
    return np.asarray(np.fft.rfft(cepstra.mean(axis=0)).real)


def stretch_of(before: Samples, after: Samples) -> float:
    """By which factor the envelope was stretched along the frequencies, within the telephone's band."""
    old, new, bins = formants_of(before), formants_of(after), np.arange(WORD // 2 + 1)
    band = (bins > 15) & (bins < 190)

    def unlike(factor: float) -> float:
        moved = np.interp(bins / factor, bins, old)
        gap = (moved - new)[band]
        return float(np.std(gap))

    return float(min(np.arange(0.7, 1.4, 0.01), key=unlike))


def loudness(samples: Samples) -> NDArray[np.float64]:
    """Every 50 ms, in log units."""
    whole = samples[: len(samples) // 400 * 400].reshape(-1, 400)
    return np.asarray(np.log(np.sqrt((whole**2).mean(axis=1)) + 1e-3))


def likeness(before: Samples, after: Samples) -> float:
    """Of the two courses of loudness: where syllables and pauses are."""
    return float(np.corrcoef(loudness(before), loudness(after))[0, 1])


@pytest.mark.parametrize("shift", [LOW, HIGH])
@pytest.mark.parametrize("pitch", [95, 120, 210])
def test_pitch_moves_by_its_factor(pitch: float, shift: Shift) -> None:
    voiced = spoken(pitch)
    assert pitch_of(masked(voiced, shift)) == pytest.approx(pitch * shift.pitch, rel=0.05)


@pytest.mark.parametrize("shift", [LOW, HIGH])
@pytest.mark.parametrize("pitch", [95, 120])
def test_formants_move_by_a_factor_of_their_own_and_the_length_stays(
    pitch: float, shift: Shift
) -> None:
    voiced = spoken(pitch)
    after = masked(voiced, shift)
    assert len(after) == len(voiced)
    assert stretch_of(voiced, after) == pytest.approx(shift.formants, abs=0.05)
    assert stretch_of(voiced, voiced) == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("shift", [LOW, HIGH])
def test_of_real_speech_pitch_and_formants_move_and_the_words_stay_where_they_are(
    corpora: Path, shift: Shift
) -> None:
    files = [corpora / "speech" / part for part in ("en/vm-forward.wav", "ru/vm-leavemsg.wav")]
    for file in files:
        before = wav.read(file.read_bytes())
        after = masked(before, shift)
        assert len(after) == len(before)
        assert pitch_of(after) / pitch_of(before) == pytest.approx(shift.pitch, rel=0.08)
        assert stretch_of(before, after) == pytest.approx(shift.formants, abs=0.05)
        assert likeness(before, after) > 0.8


@given(st.binary(min_size=voice.SEED, max_size=voice.SEED))
def test_every_seed_moves_a_voice_far_enough_and_not_too_far(seed: bytes) -> None:
    shift = shift_of(seed)
    assert shift == shift_of(seed)
    assert 0.15 < abs(shift.pitch - 1) < 0.4
    assert 0.08 < abs(shift.formants - 1) < 0.2
    assert (shift.pitch > 1) == (shift.formants > 1)


def test_seeds_move_voices_differently() -> None:
    seeds = [sha256(bytes([place])).digest() for place in range(100)]
    found = [shift_of(seed) for seed in seeds]
    assert len(set(found)) == 100
    assert 20 < sum(shift.pitch > 1 for shift in found) < 80


def test_long_recordings_are_worked_on_in_pieces_that_are_not_heard() -> None:
    voiced = spoken(seconds=20)
    after = masked(voiced, HIGH)
    seam = voice._FRAMES * voice.HOP
    steps = np.abs(np.diff(after[seam - 2000 : seam + 2000]))
    assert steps.max() < 2 * np.abs(np.diff(after[2000:6000])).max()


@pytest.mark.parametrize("samples", [0, 1, 100, 511, 513])
def test_the_shortest_recordings_are_masked_too(samples: int) -> None:
    assert len(masked(np.zeros(samples, dtype=np.float32), LOW)) == samples


def header(coding: int, channels: int, rate: int, bits: int, data: bytes) -> bytes:
    form = struct.pack(
        "<HHIIHH", coding, channels, rate, rate * channels * bits // 8, channels, bits
    )
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
    body += b"LIST\x03\x00\x00\x00abc\x00" + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


MU_LAW = {0x00: -32124, 0x7F: 0, 0x80: 32124, 0xFF: 0, 0xF0: 120, 0xDF: 396}
"""Codes and their values by ITU-T G.711, in 16 bits."""


def test_mu_law_is_read_as_the_standard_says() -> None:
    samples = wav.read(header(7, 1, 8000, 8, bytes(MU_LAW)))
    assert [round(float(sample) * 32768) for sample in samples] == list(MU_LAW.values())


def test_pcm_is_read_in_8_and_16_bits_and_two_channels_are_mixed() -> None:
    assert list(wav.read(header(1, 1, 8000, 8, b"\x80\x00\xc0"))) == [0, -1, 0.5]
    both = struct.pack("<4h", 16384, 0, -16384, -16384)
    assert list(wav.read(header(1, 2, 8000, 16, both))) == [0.25, -0.5]


def test_what_is_written_every_player_reads() -> None:
    samples = spoken(seconds=0.1)
    written = wav.write(samples)
    with wave.open(BytesIO(written)) as read:
        assert read.getparams()[:4] == (1, 2, 8000, len(samples))
    assert np.allclose(wav.read(written), samples, atol=1e-4)


def test_a_stream_whose_length_was_not_known_is_read_to_its_end() -> None:
    whole = bytearray(header(1, 1, 8000, 8, b"\x80\xc0"))
    whole[-6:-2] = b"\xff\xff\xff\xff"
    assert list(wav.read(bytes(whole))) == [0, 0.5]


@pytest.mark.parametrize(
    "sound",
    [
        b"",
        b"ID3\x04\x00" + bytes(200),
        b"\xff\xfb\x90\x00" + bytes(200),
        header(1, 1, 16000, 16, bytes(200)),
        header(1, 3, 8000, 16, bytes(200)),
        header(6, 1, 8000, 8, bytes(200)),
        header(85, 1, 8000, 0, bytes(200)),
        b"RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00\x01\x00",
        b"RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00\x01\x00",
    ],
)
def test_other_sound_is_refused(sound: bytes) -> None:
    with pytest.raises(NoTelephoneWavError):
        wav.read(sound)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_damage_does_more_than_be_refused(rubbish: bytes, place: int) -> None:
    whole = header(1, 1, 8000, 16, bytes(64))
    damaged = whole[:place] + rubbish + whole[place + len(rubbish) :]
    try:
        voice.mask(bytes(voice.SEED) + damaged)
    except NoTelephoneWavError:
        return


async def test_the_limited_child_masks_and_says_what_it_refuses() -> None:
    seed = sha256(b"case").digest()
    sound = wav.write(spoken(seconds=0.5))
    async with open_sandbox(MASKING, children=1, seconds=30, megabytes=768) as sandbox:
        assert await sandbox.run(seed + sound) == voice.mask(seed + sound)
        with pytest.raises(SandboxError, match=f"^{NO_TELEPHONE_WAV}$"):
            await sandbox.run(seed + b"ID3")
    assert NoTelephoneWavError.__name__ == NO_TELEPHONE_WAV
