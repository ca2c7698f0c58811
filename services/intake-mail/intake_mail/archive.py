"""The archive copy of a letter: a searchable PDF/A-2b (ISO 19005-2) of its pages' pixels, beside the untouched original.

ocrmypdf (https://ocrmypdf.readthedocs.io, MPL-2.0) makes it with Tesseract and Ghostscript (AGPL-3.0), as programs of the
machine's own: nothing of theirs is part of this project. It needs no network. It works in a folder: in memory, where
there is one, so that no plain picture reaches a disk.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from intake_mail import program
from intake_mail.bind import packed
from intake_mail.page_reader import MODELS, Page
from speakup.sandbox import Sandbox, open_sandbox

FUNCTION = "intake_mail.bind:bind"
SECONDS = 60.0
"""For a page, and once for the letter."""
MEGABYTES, FILE_MEGABYTES = 1024, 512
MEMORY = Path("/dev/shm")  # noqa: S108 - folders of our own in it, mode 700
_PREFIX = "speakup-archive-"


class Archiver:
    """Makes archive copies, one at a time for each caller."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder = sandbox, folder

    async def archive(self, pages: Sequence[Page]) -> bytes:
        """The PDF/A of these pages, turned upright as each says (0 where it says nothing).

        Raises SandboxError (NoPageError by name), ProgramError (`missing`, `failed`, `too much`), TimeoutError.
        """
        bound = await self._sandbox.run(packed([(page.png, page.rotation or 0) for page in pages]))
        used = {language for page in pages for language in page.languages}
        models = "+".join(model for language, model in MODELS.items() if language in used)
        with tempfile.TemporaryDirectory(
            prefix=f"{_PREFIX}{os.getpid()}-", dir=self._folder, ignore_cleanup_errors=True
        ) as place:
            return await program.run(
                [
                    shutil.which("ocrmypdf") or "ocrmypdf",
                    *("--quiet", "--jobs", "1", "--language", models),
                    *("--output-type", "pdfa-2", "--optimize", "1"),
                    *("--tesseract-timeout", str(int(SECONDS)), "-", "-"),
                ],
                bound,
                seconds=SECONDS * (1 + len(pages)),
                megabytes=MEGABYTES,
                file_megabytes=FILE_MEGABYTES,
                environment={"TMPDIR": place, "HOME": place},
            )


@asynccontextmanager
async def open_archiver(var: Path) -> AsyncIterator[Archiver]:
    """Works in memory, or else in a folder under `var`; what a killed process left there is removed."""
    folder = MEMORY if os.access(MEMORY, os.W_OK) else var
    await asyncio.to_thread(clear, folder)
    async with open_sandbox(FUNCTION, children=1, seconds=SECONDS, megabytes=MEGABYTES) as sandbox:
        yield Archiver(sandbox, folder)


def clear(folder: Path) -> None:
    """Remove what processes that are gone left behind."""
    for place in folder.glob(f"{_PREFIX}*"):
        pid = place.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(place, ignore_errors=True)


async def notice() -> str | None:
    """For readiness: what the machine lacks, or None."""
    if shutil.which("ocrmypdf") is None:
        return "no archive copy of letters is made: install ocrmypdf"
    return None
