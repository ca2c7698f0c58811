"""How many words the transcriber gets wrong, on telephone speech of the corpora, and how long it takes."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Sequence
from pathlib import Path

from embedded import practice_audio
from intake_phone.heard import Heard
from intake_phone.transcribe import FUNCTION, MEGABYTES, is_installed
from speakup.sandbox import Sandbox, open_sandbox
from tests.conftest import CORPORA

GOALS = {"en": 6, "ru": 18}
"""Per cent."""


async def measure(_folder: Path) -> str:
    """Lines for the table."""
    if not is_installed() or not CORPORA.is_dir():
        return "word error: not measured (it needs `make speech` and the corpora)"
    lines = []
    async with open_sandbox(FUNCTION, children=1, seconds=300, megabytes=MEGABYTES) as sandbox:
        await sandbox.warm_up()
        for language, goal in GOALS.items():
            wrong, words, took, lasting = await _language(sandbox, language)
            lines.append(
                f"word error, {language}: {wrong / words:.1%} of {words} words (goal <= {goal} %), "
                f"in {took / lasting:.2f} of the recordings' time"
            )
        for name, hertz in (("silence", 0), ("ringing", 425)):
            heard = await _hear(sandbox, "en", practice_audio.tone(8, hertz))
            lines.append(f"{name}: {heard.text!r} (goal: nothing)")
    return "\n".join(lines)


async def _language(sandbox: Sandbox, language: str) -> tuple[int, int, float, float]:
    """Words wrong, words, seconds taken, seconds of sound."""
    folder = CORPORA / "speech" / language
    wrong = words = 0
    lasting = 0.0
    started = time.perf_counter()
    with (folder / "transcripts.tsv").open(encoding="utf-8") as file:
        for name, seconds, said in csv.reader(file, delimiter="\t"):
            heard = await _hear(sandbox, language, (folder / name).read_bytes())
            expected = _words(said)
            wrong += _distance(expected, _words(heard.text))
            words += len(expected)
            lasting += float(seconds)
    return wrong, words, time.perf_counter() - started, lasting


async def _hear(sandbox: Sandbox, language: str, sound: bytes) -> Heard:
    return Heard.model_validate_json(await sandbox.run(language.encode() + sound))


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower().replace("ё", "е"))


def _distance(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, leave out or replace, at least (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(expected, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
