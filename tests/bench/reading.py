"""How many letters of a page are read wrong, and how many pages a second beside plain Tesseract, twice side by side."""

from __future__ import annotations

import asyncio
import io
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from intake_mail import page_reader
from intake_mail.page_reader import Page
from intake_mail.page_text import PageText
from intake_mail.reading_pool import ReadingPool, open_reading_pool
from speakup.events import Language
from tests.conftest import CORPORA
from tests.intake_mail.rendered import (
    FONTS,
    LETTERS,
    character_error,
    letter,
    noisy,
    png,
    skewed,
)

GOAL, RATIO = 0.02, 0.9
BESIDE = 2
PLACED: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "clean": lambda page, _: page,
    "noisy": lambda page, at: noisy(page, seed=at),
    "skewed": lambda page, at: skewed(page, (5, -3, 4, -5, 2, 1.5)[at % 6]),
    "upside down": lambda page, _: page.rotate(180),
}
GOLD = {
    "phototest.tif": "phototest.gold.txt",
    "phototest-rotated-180.png": "phototest.gold.txt",
    "phototest-rotated-L.png": "phototest.gold.txt",
    "phototest-rotated-R.png": "phototest.gold.txt",
    "eurotext.tif": "eurotext.txt",
    "8071_093.3B.tif": "8071_093.3B.txt",
    "8087_054.3B.tif": "8087_054.3B.txt",
}


class Letter(NamedTuple):
    """One to read."""

    language: Language
    file: Path
    said: str


async def measure(folder: Path) -> str:
    """Lines for the table."""
    if missing := await page_reader.notice():
        return f"reading pages: not measured ({missing})"
    lines = []
    wrong: dict[str, list[float]] = defaultdict(list)
    ours = plain = 0.0
    pages = 0
    async with open_reading_pool(workers=BESIDE) as pool:
        await _pool(pool, [_rendered(folder, 0, Language.en, "clean", 150, "DejaVu Sans")] * BESIDE)
        for name in PLACED:
            letters = [
                _rendered(folder, at, language, name, dpi, list(FONTS)[at % 2])
                for at, (dpi, language) in enumerate(product((150, 300), LETTERS))
            ]
            took, read = await _pool(pool, letters)
            took_plain = await _plain(letters)
            for one, text in zip(letters, read, strict=True):
                error = character_error(one.said, text)
                wrong[one.language].append(error)
                wrong[name].append(error)
            ours, plain, pages = ours + took, plain + took_plain, pages + len(letters)
            lines.append(
                f"pages, {name}: ratio {took_plain / took:.2f} to plain tesseract "
                f"({len(letters) / took:.2f} pages/s)"
            )
        lines += [
            f"character error, {name}: {sum(errors) / len(errors):.2%}, at most {max(errors):.2%} "
            f"of {len(errors)} pages (goal <= {GOAL:.0%})"
            for name, errors in wrong.items()
        ]
        lines.append(
            f"pages/s, {BESIDE} beside each other: ratio {plain / ours:.2f} to plain tesseract run "
            f"as many times on the same {pages} pages (goal >= {RATIO}; {pages / ours:.2f} pages/s)"
        )
        lines += await _gold(pool)
    return "\n".join(lines)


def _rendered(
    folder: Path, at: int, language: Language, placed: str, dpi: int, font: str
) -> Letter:
    page, said = letter(LETTERS[language], font=font, dpi=dpi, times=2)
    file = folder / f"{placed}-{language}-{dpi}.png"
    file.write_bytes(png(PLACED[placed](page, at), dpi=dpi))
    return Letter(language, file, said)


async def _pool(pool: ReadingPool, letters: Sequence[Letter]) -> tuple[float, list[str]]:
    """Seconds, and the texts."""
    started = time.perf_counter()
    tasks = [await pool.put(Page(one.file.read_bytes())) for one in letters]
    read = await asyncio.gather(*tasks)
    took = time.perf_counter() - started
    return took, [one.text if isinstance(one, PageText) else "" for one in read]


async def _plain(letters: Sequence[Letter]) -> float:
    """Seconds for all."""
    free = asyncio.Semaphore(BESIDE)

    async def one(file: Path) -> None:
        async with free:
            process = await asyncio.create_subprocess_exec(
                *("tesseract", str(file), "stdout", "-l", "kaz+rus+eng"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1"},
            )
            await process.wait()

    started = time.perf_counter()
    await asyncio.gather(*(one(letter_.file) for letter_ in letters))
    return time.perf_counter() - started


async def _gold(pool: ReadingPool) -> list[str]:
    """Public pages with their text."""
    folder = CORPORA / "scans"
    if not folder.is_dir():
        return ["public pages: not measured (they need the corpora)"]
    lines = []
    for name, gold in GOLD.items():
        with Image.open(folder / name) as image:
            file = io.BytesIO()
            image.save(file, "PNG", dpi=image.info.get("dpi", (0, 0)))
        read = await (await pool.put(Page(file.getvalue(), (Language.en,))))
        if isinstance(read, PageText):
            error = character_error((folder / gold).read_text(), read.text)
            lines.append(
                f"{name}: {error:.2%} wrong, {read.state.value}, {read.covered:.0%} of ink"
            )
        else:
            lines.append(f"{name}: unread, {read.why.value}")
    return lines
