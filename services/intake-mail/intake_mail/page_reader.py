"""A page's picture to text, by Tesseract 5 (https://tesseract-ocr.github.io) in a process of its own.

A limited child makes grey pixels of the picture (straighten.py); the sample of it tells what is up; Tesseract is given
pixels under a header that we write. It would take anything else it doesn't know for a list of files to open.
"""

from __future__ import annotations

import asyncio
import csv
import math
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np

from intake_mail import program
from intake_mail.page_text import (
    Box,
    PageState,
    PageText,
    Word,
    covered,
    in_lines,
    judged,
    mean_confidence,
)
from intake_mail.program import ProgramError
from intake_mail.straighten import Head, Pixels
from speakup.events import Language
from speakup.sandbox import Sandbox, open_sandbox

FUNCTION = "intake_mail.straighten:straighten"
SECONDS, MEGABYTES = 60.0, 1024
"""A page's."""
PACKAGES = "tesseract-ocr tesseract-ocr-kaz tesseract-ocr-rus tesseract-ocr-eng"
"""Debian's names."""
MODELS = {Language.kk: "kaz", Language.ru: "rus", Language.en: "eng"}
_OSD_CERTAIN, _OSD_SURE = 1.0, 2.0
_OSD_LETTERS = (12, 50)
"""A few letters tell most pages in half the time that Tesseract's own 50 take, which are asked where those aren't sure."""
_OUTPUT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Page:
    """One to read."""

    png: bytes
    languages: tuple[Language, ...] = (Language.kk, Language.ru, Language.en)
    rotation: int | None = None
    """Degrees clockwise that make it upright, if a person said so: a multiple of 90."""


class PageReader:
    """Reads pages, each in processes of its own; as many at a time as it is asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def read(self, page: Page) -> PageText:
        """Raises SandboxError (NoPageError by name: it is no picture), ProgramError, TimeoutError."""
        async with asyncio.timeout(SECONDS):
            turned = (page.rotation or 0) // 90 % 4
            made = await self._sandbox.run(bytes([turned]) + page.png)
            head, pixels, sample = _parted(made)
            if page.rotation is not None:
                return await _read(page, head, pixels, turned * 90)
            if head.is_flush:
                # Which way is up takes a quarter of reading's time: asked only if the likely way doesn't read well.
                told = await _read(page, head, pixels, 0)
                if told.state is PageState.read:
                    return told
            else:
                told = None
            more = await _orientation(sample, head)
            if told is not None and not more:
                return told
            return await _read(page, head, np.rot90(pixels, -more // 90), more)


@asynccontextmanager
async def open_page_reader(*, children: int = 2) -> AsyncIterator[PageReader]:
    """A reader whose children end with the context."""
    async with open_sandbox(
        FUNCTION, children=children, seconds=SECONDS, megabytes=MEGABYTES
    ) as sandbox:
        yield PageReader(sandbox)


async def notice() -> str | None:
    """For readiness: what the machine lacks, or None."""
    if shutil.which("tesseract") is None:
        return f"no letter is read by a machine: install {PACKAGES}"
    try:
        listed = await program.run(
            [_program(), "--list-langs"], b"", seconds=SECONDS, megabytes=MEGABYTES
        )
    except (ProgramError, TimeoutError):
        return "no letter is read by a machine: tesseract doesn't start"
    missing = {*MODELS.values(), "osd"} - set(listed.decode("utf-8", "replace").split())
    if missing:
        return f"no letter is read by a machine: tesseract lacks {', '.join(sorted(missing))}; install {PACKAGES}"
    return None


def _program() -> str:
    return shutil.which("tesseract") or "tesseract"


def _parted(made: bytes) -> tuple[Head, Pixels, Pixels]:
    """A child that was taken over could say anything."""
    line, _, rest = made.partition(b"\n")
    head = Head.model_validate_json(line)
    size, more = head.width * head.height, head.sample_width * head.sample_height
    if len(rest) != size + more:
        raise ProgramError("failed")
    pixels = np.frombuffer(rest, dtype=np.uint8)
    return (
        head,
        pixels[:size].reshape(head.height, head.width),
        pixels[size:].reshape(head.sample_height, head.sample_width),
    )


async def _read(page: Page, head: Head, pixels: Pixels, rotation: int) -> PageText:
    """`rotation`: degrees clockwise by which the pixels are turned already."""
    models = "+".join(MODELS[language] for language in page.languages)
    found = await _tesseract(pixels, head.dpi, "-l", models, "--psm", "3", "tsv")
    return await asyncio.to_thread(_told, found.decode(), head, pixels, rotation)


async def _tesseract(pixels: Pixels, dpi: int, *arguments: str) -> bytes:
    height, width = pixels.shape
    picture = b"P5 %d %d 255\n" % (width, height) + pixels.tobytes()
    return await program.run(
        [_program(), "stdin", "stdout", "--dpi", str(max(dpi, 70)), *arguments],
        picture,
        seconds=SECONDS,
        megabytes=MEGABYTES,
        output_bytes=_OUTPUT_BYTES,
    )


async def _orientation(sample: Pixels, head: Head) -> int:
    """Degrees clockwise that make it upright; 0 where nothing tells."""
    for letters in _OSD_LETTERS:
        rotation, certainty = await _told_by(sample, head, letters)
        if certainty >= _OSD_SURE:
            break
    return rotation if certainty >= _OSD_CERTAIN else 0


async def _told_by(sample: Pixels, head: Head, letters: int) -> tuple[int, float]:
    """What some letters say of it, and how certainly (Tesseract's measure; 15 is very)."""
    try:
        found = await _tesseract(
            sample,
            min(head.dpi, 130),
            *("-l", "osd", "--psm", "0", "-c", f"min_characters_to_try={letters}"),
        )
    except ProgramError:
        # So it ends where there are too few letters.
        return 0, 0.0
    said = dict(line.split(": ", 1) for line in found.decode().splitlines() if ": " in line)
    rotation = int(said.get("Rotate", 0)) % 360
    return rotation, float(said.get("Orientation confidence", 0))


def _told(tsv: str, head: Head, pixels: Pixels, rotation: int) -> PageText:
    words = tuple(_words(tsv))
    confidence = mean_confidence(words)
    share = covered(pixels < head.ink, words, head.dpi)
    height, width = pixels.shape
    return PageText(
        words=tuple(
            word.model_copy(update={"box": _as_it_came(word.box, head, width, height)})
            for word in words
        ),
        text=in_lines(words),
        rotation=rotation,
        skew=round(head.skew, 2),
        confidence=confidence,
        covered=share,
        state=judged(confidence, share),
    )


def _words(tsv: str) -> Iterator[Word]:
    """Rows of level 5 (https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html, TSV)."""
    lines: dict[tuple[str, ...], int] = {}
    paragraphs: dict[tuple[str, ...], int] = {}
    for row in csv.reader(tsv.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if len(row) == 12 and row[0] == "5" and row[11].strip():
            left, top, width, height = (int(value) for value in row[6:10])
            yield Word(
                text=row[11].strip(),
                confidence=float(row[10]),
                box=Box(left=left, top=top, width=width, height=height),
                line=lines.setdefault(tuple(row[1:5]), len(lines)),
                paragraph=paragraphs.setdefault(tuple(row[1:4]), len(paragraphs)),
            )


def _as_it_came(box: Box, head: Head, width: int, height: int) -> Box:
    """Turned back by the skew about the page's middle, and as large as the picture was."""
    x = box.left + box.width / 2 - width / 2
    y = box.top + box.height / 2 - height / 2
    angle = math.radians(head.skew)
    x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    wide = box.width * abs(math.cos(angle)) + box.height * abs(math.sin(angle))
    high = box.height * abs(math.cos(angle)) + box.width * abs(math.sin(angle))
    return Box(
        left=round((x + width / 2 - wide / 2) * head.scale),
        top=round((y + height / 2 - high / 2) * head.scale),
        width=round(wide * head.scale),
        height=round(high * head.scale),
    )
