"""Limited child processes for work on hostile input: bytes in, bytes out, nothing else.

A child has no settings, no secrets, no open files but its pipes; it can't write files, has a bound on
memory and on time for each job, and is killed and replaced when it oversteps. Children are kept for many
jobs, since starting one takes longer than most mails.

Frames: to the child, 8 bytes of length and the job; back, one byte (0 done, 1 failed), 8 bytes of length
and the result or the name of the exception's type.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import BinaryIO

JOBS_A_CHILD = 2000
RESULT_BYTES = 256 * 1024 * 1024


class SandboxError(Exception):
    """The job couldn't be done within its limits; the text is a fixed word."""


class Sandbox:
    """A few children that all run one function."""

    def __init__(
        self, function: str, *, children: int = 2, seconds: float = 10, megabytes: int = 512
    ) -> None:
        self._function, self._seconds, self._megabytes = function, seconds, megabytes
        self._free: asyncio.Queue[_Child | None] = asyncio.Queue()
        for _ in range(children):
            self._free.put_nowait(None)

    async def run(self, job: bytes) -> bytes:
        """The function's result. Raises SandboxError: `timeout`, `crashed`, or the exception's type."""
        child = await self._free.get()
        try:
            if child is None:
                child = await _Child.start(self._function, self._megabytes)
            try:
                async with asyncio.timeout(self._seconds):
                    done, result = await child.do(job)
            except TimeoutError:
                raise SandboxError("timeout") from None
            except (asyncio.IncompleteReadError, ConnectionError, ValueError):
                raise SandboxError("crashed") from None
        except BaseException:
            if child is not None:
                child.kill()
            self._free.put_nowait(None)
            raise
        child.jobs += 1
        if not done or child.jobs >= JOBS_A_CHILD:
            # After a failure the child's memory may be anything.
            child.kill()
            child = None
        self._free.put_nowait(child)
        if not done:
            raise SandboxError(result.decode("ascii", "replace"))
        return result

    async def warm_up(self) -> None:
        """Start the children now rather than with the first job."""
        for _ in range(self._free.qsize()):
            child = await self._free.get()
            self._free.put_nowait(child or await _Child.start(self._function, self._megabytes))

    def close(self) -> None:
        """End the children."""
        while not self._free.empty():
            child = self._free.get_nowait()
            if child is not None:
                child.kill()


@asynccontextmanager
async def open_sandbox(
    function: str, *, children: int = 2, seconds: float = 10, megabytes: int = 512
) -> AsyncIterator[Sandbox]:
    """A sandbox whose children end with the context. `function` is `module:name`, bytes to bytes."""
    sandbox = Sandbox(function, children=children, seconds=seconds, megabytes=megabytes)
    try:
        yield sandbox
    finally:
        sandbox.close()


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.jobs = 0

    @classmethod
    async def start(cls, function: str, megabytes: int) -> _Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            "speakup.sandbox",
            function,
            str(megabytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Its words could be a reporter's.
            stderr=asyncio.subprocess.DEVNULL,
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath},
            limit=2**20,
        )
        return cls(process)

    async def do(self, job: bytes) -> tuple[bool, bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("no pipes")
        stdin.write(len(job).to_bytes(8, "big") + job)
        await stdin.drain()
        head = await stdout.readexactly(9)
        size = int.from_bytes(head[1:], "big")
        if size > RESULT_BYTES:
            raise ValueError("result too large")
        return head[0] == 0, await stdout.readexactly(size)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


def _limit(megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the parent
        libc.prctl(4, 0)  # PR_SET_DUMPABLE: no other process may read its memory
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS


def _work(function: Callable[[bytes], bytes], jobs: BinaryIO, results: BinaryIO) -> None:
    while len(head := jobs.read(8)) == 8:
        job = jobs.read(int.from_bytes(head, "big"))
        try:
            status, result = 0, function(job)
        except Exception as error:
            status, result = 1, type(error).__name__.encode()
        results.write(bytes([status]) + len(result).to_bytes(8, "big") + result)
        results.flush()


def main() -> None:
    """The child: `python -m speakup.sandbox module:function megabytes`."""
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(module), name)
    results = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get between the frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit(int(sys.argv[2]))
    _work(function, sys.stdin.buffer, results)


if __name__ == "__main__":
    main()
