"""A full disk: no mail is said to be accepted that isn't on it, and none is lost."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.load import Load
from tests.system import System
from tests.waiting import eventually


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, which can be filled without harm."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = Path(tempfile.mkdtemp(prefix="speakup-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=700m,mode=755", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("a small disk can't be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return filler


async def test_with_the_disk_full_mails_are_put_off_and_none_is_lost(small_disk: Path) -> None:
    system = System(small_disk / "var", {"SPEAKUP_CLASSIFY_WORKERS": "0"})
    system.start()
    try:
        before = Load(system, 10)
        await before.send_all()
        filler = fill(small_disk)
        mail = b"Subject: full\r\nMessage-ID: <full@example.kz>\r\n\r\nNot on the disk.\r\n"
        large = mail + b"y" * 70 + b"\r\n" + (b"x" * 70 + b"\r\n") * 20_000
        assert not await system.send(large)
        filler.unlink()

        async def taken() -> bool:
            return await system.send(large)

        await eventually(taken, seconds=60, every=0.5)
        after = Load(system, 10)
        await after.send_all()
        await before.each_is_one_case()
        await after.each_is_one_case()
        assert len(await system.cases()) == 21
    finally:
        system.stop()
