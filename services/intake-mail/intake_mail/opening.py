"""A scan file, which could be anything, becomes clean pages: by a limited child (pages_of.py), page by page.

What the file's name or sender says of its kind is of no matter. A page that can't be opened, takes too long or ends the
child is lost alone: the next ones follow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import ValidationError

from intake_mail import codes
from intake_mail.scan_job import Answer, Ask, Made, PageCode
from intake_mail.scan_kind import MAX_BYTES
from speakup.sandbox import Sandbox, SandboxError, open_sandbox

__all__ = [
    "MAX_BYTES",
    "LostPage",
    "OpenedPage",
    "Opener",
    "Probe",
    "ScanError",
    "notice",
    "open_opener",
]

FUNCTION = "intake_mail.pages_of:pages_of"
SECONDS, MEGABYTES = 60.0, 1024
"""A page's."""

_LOST: dict[str, PageCode] = {
    "timeout": "page_too_long",
    "crashed": "page_too_heavy",
    "MemoryError": "page_too_heavy",
}
"""What the sandbox says of one page; `closed` and `unstartable` say nothing of it."""


class ScanError(Exception):
    """The whole file can't be a scan, nothing of it is taken; `code` says why (text `scan.<code>`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file is: its media type, and how many pages it has (1 to 200)."""

    content_type: str
    pages: int


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """A page as pixels: a PNG without metadata, and the texts of the QR codes on it."""

    png: bytes
    width: int
    height: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LostPage:
    """A page that couldn't be opened; `code` says why (text `scan.<code>`)."""

    code: str


class Opener:
    """Opens scan files, each job in a limited child."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def probe(self, content: bytes) -> Probe:
        """What the file is, by its headers. Raises ScanError; SandboxError: `closed`, `unstartable`."""
        if not content:
            raise ScanError("empty")
        if len(content) > MAX_BYTES:
            raise ScanError("too_large")
        try:
            answer, _ = await self._ask(content, Ask())
        except SandboxError as error:
            if str(error) in ("closed", "unstartable"):
                raise
            # Not even its headers could be read within the limits.
            raise ScanError("broken") from None
        if answer.kind is None or answer.pages < 1:
            raise ScanError("broken")
        return Probe(answer.kind.value, answer.pages)

    async def pages(self, content: bytes, probe: Probe) -> AsyncIterator[OpenedPage | LostPage]:
        """All its pages in order. Raises ScanError; SandboxError: `closed`, `unstartable`.

        Several pages are asked for at once, as each job carries the file. Where that fails, nobody knows at which page:
        they are asked for one by one then, until the bad one is met.
        """
        place, alone = 0, False
        while place < probe.pages:
            last = place + 1 if alone else probe.pages
            try:
                opened = await self._opened(content, Ask(first=place, last=last))
            except SandboxError as error:
                if str(error) in ("closed", "unstartable"):
                    raise
                alone = last > place + 1
                if alone:
                    continue
                opened = [LostPage(_LOST.get(str(error), "page_broken"))]
            for page in opened:
                yield page
            place += len(opened)

    async def _opened(self, content: bytes, ask: Ask) -> list[OpenedPage | LostPage]:
        """At least one. Raises ScanError, SandboxError."""
        answer, pictures = await self._ask(content, ask)
        if not 0 < len(answer.made) <= ask.last - ask.first:
            raise SandboxError("failed")
        return list(_parted(answer.made, pictures))

    async def _ask(self, content: bytes, ask: Ask) -> tuple[Answer, bytes]:
        """Raises ScanError, SandboxError."""
        told = await self._sandbox.run(ask.model_dump_json().encode() + b"\n" + content)
        line, _, pictures = told.partition(b"\n")
        try:
            answer = Answer.model_validate_json(line)
        except ValidationError:
            # A child that was taken over could say anything.
            raise SandboxError("failed") from None
        if answer.refused is not None:
            raise ScanError(answer.refused)
        if sum(page.png_bytes for page in answer.made) != len(pictures):
            raise SandboxError("failed")
        return answer, pictures


@asynccontextmanager
async def open_opener(*, children: int = 1) -> AsyncIterator[Opener]:
    """An opener whose children end with the context."""
    async with open_sandbox(
        FUNCTION,
        children=children,
        seconds=SECONDS,
        megabytes=MEGABYTES,
        # libde265, which decodes HEIC, starts one whatever it is told.
        threads=True,
    ) as sandbox:
        yield Opener(sandbox)


async def notice() -> str | None:
    """For readiness: what the machine lacks, or None."""
    return codes.notice()


def _parted(made: tuple[Made, ...], pictures: bytes) -> Iterator[OpenedPage | LostPage]:
    at = 0
    for page in made:
        if page.lost is not None:
            yield LostPage(page.lost)
        else:
            png = pictures[at : at + page.png_bytes]
            yield OpenedPage(png, page.width, page.height, page.codes)
        at += page.png_bytes
