"""A program of the machine's gets bytes and gives bytes, within limits, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from intake_mail import program
from intake_mail.program import ProgramError


async def python(code: str, given: bytes = b"", *, seconds: float = 60) -> bytes:
    command = [sys.executable, "-I", "-S", "-c", code]
    return await program.run(command, given, seconds=seconds, megabytes=512, output_bytes=2**20)


async def test_it_gets_what_it_is_given_and_gives_back_what_it_writes() -> None:
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
    assert await python(code, b"ab" * 2**18) == b"ba" * 2**18


async def test_one_that_does_not_read_what_it_is_given_is_no_error() -> None:
    assert await python("print('done')", bytes(2**22)) == b"done\n"


async def test_too_much_memory_ends_it() -> None:
    with pytest.raises(ProgramError, match="failed"):
        await python("import sys; sys.stdin.read(); bytearray(2**30)")


async def test_it_writes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "note"
    with pytest.raises(ProgramError, match="failed"):
        await python(
            f"import sys; sys.stdin.read(); open({str(file)!r}, 'w', buffering=1).write('words\\n')"
        )
    assert file.read_bytes() == b""


async def test_one_that_says_too_much_is_ended() -> None:
    with pytest.raises(ProgramError, match="too much"):
        await python("while True: print('words' * 1000)")


async def test_one_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(ProgramError, match="missing"):
        await program.run(["/nonexistent"], b"", seconds=60, megabytes=64)


async def test_out_of_time_it_is_gone() -> None:
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(TimeoutError):
        await python("import signal; signal.pause()", seconds=0.5)
    assert set(psutil.Process().children(recursive=True)) <= before


async def test_cancelled_it_is_gone_with_what_it_started(tmp_path: Path) -> None:
    told = tmp_path / "child"
    os.mkfifo(told)
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import signal; signal.pause()'])\n"
        f"open({str(told)!r}, 'w').write(str(child.pid))\n"
        "child.wait()\n"
    )
    process = asyncio.create_task(python(code))
    started = psutil.Process(int(await asyncio.to_thread(told.read_text)))
    process.cancel()
    with pytest.raises(asyncio.CancelledError):
        await process
    assert not psutil.wait_procs([started], timeout=30)[1]


async def test_cancelled_while_it_starts_it_is_gone_too() -> None:
    before = set(psutil.Process().children(recursive=True))
    process = asyncio.create_task(python("import signal; signal.pause()"))
    await asyncio.sleep(0)
    process.cancel()
    with pytest.raises(asyncio.CancelledError):
        await process
    assert set(psutil.Process().children(recursive=True)) <= before
