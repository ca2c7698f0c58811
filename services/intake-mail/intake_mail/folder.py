"""The watched folder, where a network scanner drops files (`SPEAKUP_SCAN_FOLDER`).

A file is taken once it has stopped growing and the desk has said who opens letters today. It is deleted when all its
letters have their case; what can't be taken moves to `refused/`, with a text that says why. Nothing of a file's name
goes anywhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import text

from intake_mail import pile
from intake_mail.opening import MAX_BYTES
from intake_mail.parts import Parts
from intake_mail.taking import RefusedError, Request, Taking, Upload
from speakup.events import Language
from speakup.i18n import texts
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest

EVERY_SECONDS = 2.0
STEADY_SECONDS = 4.0
"""A file that hasn't changed for so long is whole."""
REFUSED = "refused"
NAME_BYTES = 200
"""Of a refused file's name: the last ones are kept."""

log = get_logger("intake-mail-folder")

T = TypeVar("T")

# A file is known by its content: a scanner uses its names again.
_LETTERS = text(
    """
    SELECT letters.state, letters.opened_at IS NOT NULL AS opened FROM scans JOIN letters USING (letter_id)
    WHERE scans.sha256 = :sha256
    """
)


@dataclass(frozen=True, slots=True)
class _Look:
    """What tells whether a file has changed."""

    inode: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Files in the folder that wait, and that were refused."""

    waiting: int
    refused: int


class FileError(OSError):
    """A file can't be read, moved or deleted; the others can."""


class Folder:
    """Takes what lies in the folder."""

    def __init__(self, folder: Path, parts: Parts, taking: Taking) -> None:
        self._folder, self._parts, self._taking = folder, parts, taking
        self._seen: dict[Path, tuple[_Look, float]] = {}
        self._hashes: dict[_Look, bytes] = {}
        self._trouble: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                await self.look()
                self._trouble = None
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("folder_waits", error=type(error).__name__)
                self._trouble = (
                    "the folder of scans can't be read or written, or the database is away"
                )
            await rest(stop, EVERY_SECONDS)

    async def notice(self) -> str | None:
        """For the admin."""
        return self._trouble

    async def look(self) -> None:
        """Take what is whole, clear away what has its cases. Raises what the file system or the database raises.

        FileError, where a file is in the way, is raised when all others were looked at.
        """
        trouble: FileError | None = None
        for path, look in await asyncio.to_thread(self._steady):
            try:
                await self._do(path, look)
            except FileError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    async def counts(self) -> Counts | None:
        """For the desk; None where the folder is away."""
        try:
            return await asyncio.to_thread(self._counts)
        except OSError:
            return None

    def _counts(self) -> Counts:
        refused = self._folder / REFUSED
        number = sum(1 for _ in _files(refused)) if refused.is_dir() else 0
        # Each refused file has its text beside it.
        return Counts(sum(1 for _ in _files(self._folder)), (number + 1) // 2)

    def _steady(self) -> list[tuple[Path, _Look]]:
        now = time.monotonic()
        there = dict(_files(self._folder))
        self._seen = {
            path: (look, self._seen[path][1])
            if path in self._seen and self._seen[path][0] == look
            else (look, now)
            for path, look in there.items()
        }
        known = set(there.values())
        self._hashes = {look: found for look, found in self._hashes.items() if look in known}
        return [
            (path, look)
            for path, (look, since) in sorted(self._seen.items())
            if now - since >= STEADY_SECONDS
        ]

    async def _do(self, path: Path, look: _Look) -> None:
        if look.size > MAX_BYTES:
            await self._refuse(path, look, "too_large")
            return
        if look not in self._hashes:
            content = await _on_disk(_read, path, look)
            if content is None:
                return
            self._hashes[look] = hashlib.sha256(content).digest()
            del content
        known = await self._known(self._hashes[look])
        if known is None:
            await self._take(path, look)
        elif known == "done":
            await _on_disk(_clear, path, look)
        elif known == "void":
            await self._refuse(path, look, "void")

    async def _known(self, sha256: bytes) -> str | None:
        """None: it was never taken. Else how far its letters are: `at work`, `done` or `void` (all of them)."""
        async with self._parts.engine.connect() as connection:
            rows = (await connection.execute(_LETTERS, {"sha256": sha256})).all()
        if not rows:
            return None
        live = [row for row in rows if row.state != "void"]
        if not live:
            return "void"
        return "done" if all(row.opened for row in live) else "at work"

    async def _take(self, path: Path, look: _Look) -> None:
        async with self._parts.engine.connect() as connection:
            defaults, staff = await pile.get(connection)
        entry = defaults.entry()
        today = datetime.now(self._parts.settings.timezone).date()
        if entry is None or staff is None or entry.received_on != today:
            return
        content = await _on_disk(_read, path, look)
        if content is None:
            return
        try:
            await self._taking.letters(
                [Upload(path.name, content)],
                entry,
                Request(staff, key=None),
                together=False,
                language=defaults.language,
            )
        except RefusedError as error:
            await self._refuse(path, look, error.problems[0][1])

    async def _refuse(self, path: Path, look: _Look, code: str) -> None:
        log.warning("scan_refused", reason=code)
        await _on_disk(_move_aside, path, look, self._folder / REFUSED, code)


async def _on_disk(act: Callable[..., T], *what: object) -> T:
    """Raises FileError."""
    try:
        return await asyncio.to_thread(act, *what)
    except OSError as error:
        # Neither its name nor where it lies goes into a log.
        raise FileError(error.errno, type(error).__name__) from None


def _files(folder: Path) -> Iterator[tuple[Path, _Look]]:
    for path in folder.iterdir():
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        # No link leads out of the folder, and no pipe holds us up.
        if stat.S_ISREG(found.st_mode) and not path.name.startswith("."):
            yield path, _look(found)


def _look(found: os.stat_result) -> _Look:
    return _Look(found.st_ino, found.st_size, found.st_mtime_ns)


def _is_still(path: Path, look: _Look) -> bool:
    """A scanner may have put another letter there, under the same name."""
    try:
        return _look(path.lstat()) == look
    except FileNotFoundError:
        return False


def _clear(path: Path, look: _Look) -> None:
    if _is_still(path, look):
        path.unlink(missing_ok=True)


def _read(path: Path, look: _Look) -> bytes | None:
    """The file as it was looked at; None where it has changed or gone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        content = file.read(MAX_BYTES + 1)
        found = os.fstat(file.fileno())
    return content if _look(found) == look and len(content) == look.size else None


def _move_aside(path: Path, look: _Look, refused: Path, code: str) -> None:
    if not _is_still(path, look):
        return
    refused.mkdir(exist_ok=True, mode=0o700)
    # One of the same name may lie there; and with what stands around it a name must not be longer than 255 bytes.
    ending = os.fsdecode(os.fsencode(path.name)[-NAME_BYTES:])
    there = refused / f"{uuid4().hex[:8]}-{ending}"
    words = "\n\n".join(texts()(language, f"scan.{code}") for language in Language)
    path.rename(there)
    there.with_name(f"{there.name}.txt").write_text(f"{words}\n", encoding="utf-8")
