"""Runs a program of the machine's on bytes, with limits on time, memory and output: no shell, no file of ours.

The limits are set once the program has started and before it is given anything, so nothing that was sent is ever read
without them.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

OUTPUT_BYTES = 256 * 2**20


class ProgramError(Exception):
    """It ended with an error or said too much; the text is a fixed word."""


async def run(
    command: Sequence[str],
    given: bytes,
    *,
    seconds: float,
    megabytes: int,
    file_megabytes: int = 0,
    output_bytes: int = OUTPUT_BYTES,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What it writes to stdout. Cancelled, or out of time, it is ended with all that it started.

    Raises ProgramError: `missing`, `failed` or `too much`; TimeoutError.
    """
    process = await _started(command, environment or {})
    try:
        async with asyncio.timeout(seconds):
            _limit(process.pid, seconds, megabytes, file_megabytes)
            giving = asyncio.create_task(_give(process, given))
            try:
                found = await _take(process, output_bytes)
            finally:
                giving.cancel()
            status = await process.wait()
    except BaseException:
        await _end(process)
        raise
    if status != 0:
        raise ProgramError("failed")
    return found


async def _started(
    command: Sequence[str], environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Its words could be a reporter's.
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1", **environment},
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except (FileNotFoundError, PermissionError):
        raise ProgramError("missing") from None
    except asyncio.CancelledError:
        # Half started, it would be ended without what it starts itself.
        await _end(await starting)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """With its children, which are of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(_gone(process))


async def _gone(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None  # noqa: S101
    # While something is left in the pipe, asyncio doesn't see that the process has ended.
    while await process.stdout.read(2**16):
        pass
    await process.wait()


def _limit(pid: int, seconds: float, megabytes: int, file_megabytes: int) -> None:
    limits = {
        resource.RLIMIT_AS: megabytes * 2**20,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_FSIZE: file_megabytes * 2**20,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        with suppress(ProcessLookupError):
            resource.prlimit(pid, limit, (most, most))


async def _give(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None  # noqa: S101
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _take(process: asyncio.subprocess.Process, most: int) -> bytes:
    assert process.stdout is not None  # noqa: S101
    found = bytearray()
    while piece := await process.stdout.read(2**16):
        found += piece
        if len(found) > most:
            raise ProgramError("too much")
    return bytes(found)
