"""Limited child processes for work on hostile input: bytes in, bytes out, nothing else.

A child has no settings, no secrets, one open socket to its parent and no way to open anything else: no file,
no connection, no program, no other process. It has a bound on memory and on time for each job, and is
killed and replaced when it oversteps. Children are kept for many jobs, since starting one takes longer than
most mails. A child's module must import all it needs when it is imported: later it can't.

Frames: the child says it is ready with one byte; to the child, 8 bytes of length and the job; back, one
byte (0 done, 1 failed), 8 bytes of length and the result or the name of the exception's type.
"""

from __future__ import annotations

import asyncio
import contextlib
import encodings
import gc
import importlib
import os
import pkgutil
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import BinaryIO

from speakup import seccomp

JOBS_A_CHILD = 2000
RESULT_BYTES = 256 * 1024 * 1024
START_SECONDS = 60
"""For a child to import its module, on a machine that is starting everything else, too."""

_READY = b"\x06"
_NAME_BYTES = 100
_LOST = (asyncio.IncompleteReadError, OSError, RuntimeError, ValueError)
"""What a dead or lying child shows itself by; RuntimeError is uvloop's for a closed transport."""


class SandboxError(Exception):
    """The job couldn't be done within its limits; the text is a fixed word."""


class Sandbox:
    """A few children that all run one function."""

    def __init__(
        self,
        function: str,
        *,
        children: int = 2,
        seconds: float = 10,
        megabytes: int = 512,
        threads: bool = False,
    ) -> None:
        self._function, self._seconds, self._megabytes = function, seconds, megabytes
        self._threads = threads
        self._free: asyncio.Queue[_Child | None] = asyncio.Queue()
        self._children: set[_Child] = set()
        self._ended: list[_Child] = []
        self._closed = False
        for _ in range(children):
            self._free.put_nowait(None)

    async def run(self, job: bytes) -> bytes:
        """The function's result.

        Raises SandboxError: `timeout`, `crashed`, `closed`, `unstartable`, or the exception's type.
        """
        child = await self._free.get()
        try:
            child = await self._alive(child)
            async with asyncio.timeout(self._seconds):
                done, result = await child.do(job)
        except BaseException as error:
            self._end(child)
            self._free.put_nowait(None)
            raise self._said(error) from None
        if not done or child.jobs >= JOBS_A_CHILD:
            # After a failure the child's memory may be anything.
            self._end(child)
            child = None
        self._free.put_nowait(child)
        if not done:
            name = result.decode("ascii", "replace")
            raise SandboxError(name if name.isidentifier() else "failed")
        return result

    async def warm_up(self) -> None:
        """Start the children now rather than with the first job. Raises SandboxError."""
        await asyncio.gather(*(self._warm_up_one() for _ in range(self._free.qsize())))

    async def _warm_up_one(self) -> None:
        child = await self._free.get()
        try:
            child = await self._alive(child)
        finally:
            self._free.put_nowait(child)

    def close(self) -> None:
        """End the children, those at work too, and wait until they are gone."""
        self._closed = True
        for child in list(self._children):
            self._end(child)
        for child in self._ended:
            child.process.wait()
        self._ended.clear()

    async def _alive(self, child: _Child | None) -> _Child:
        """That child, or another one in its place."""
        if self._closed:
            raise SandboxError("closed")
        if child is not None and child.process.poll() is None:
            return child
        self._end(child)
        child = _Child(self._function, self._seconds, self._megabytes, self._threads)
        self._children.add(child)
        try:
            async with asyncio.timeout(START_SECONDS):
                await child.start()
        except BaseException as error:
            self._end(child)
            if isinstance(error, (*_LOST, TimeoutError)):
                raise SandboxError("unstartable") from None
            raise
        return child

    def _end(self, child: _Child | None) -> None:
        if child in self._children:
            self._children.discard(child)
            child.kill()
            # Reaped when it is gone, without waiting here.
            self._ended = [*(one for one in self._ended if one.process.poll() is None), child]

    def _said(self, error: BaseException) -> BaseException:
        if isinstance(error, TimeoutError):
            return SandboxError("timeout")
        if isinstance(error, _LOST):
            return SandboxError("closed" if self._closed else "crashed")
        return error


@asynccontextmanager
async def open_sandbox(
    function: str,
    *,
    children: int = 2,
    seconds: float = 10,
    megabytes: int = 512,
    threads: bool = False,
) -> AsyncIterator[Sandbox]:
    """A sandbox whose children end with the context. `function` is `module:name`, bytes to bytes.

    `threads`: they may start threads of their own, as some decoders must.
    """
    with contextlib.closing(
        Sandbox(function, children=children, seconds=seconds, megabytes=megabytes, threads=threads)
    ) as sandbox:
        yield sandbox


class _Child:
    def __init__(self, function: str, seconds: float, megabytes: int, threads: bool) -> None:
        self.jobs = 0
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-m", "speakup.sandbox"]
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603
                [*command, function, str(seconds), str(megabytes), str(int(threads))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # Its words could be a reporter's.
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath},
            )

    async def start(self) -> None:
        """Returns when the child is ready for jobs."""
        self._reader, self._writer = await asyncio.open_unix_connection(
            sock=self._socket, limit=2**20
        )
        if await self._reader.readexactly(1) != _READY:
            raise ValueError("not ready")

    async def do(self, job: bytes) -> tuple[bool, bytes]:
        """Whether it was done, and the result or what failed."""
        self.jobs += 1
        self._writer.write(len(job).to_bytes(8, "big") + job)
        await self._writer.drain()
        head = await self._reader.readexactly(9)
        size, done = int.from_bytes(head[1:], "big"), head[0] == 0
        if size > (RESULT_BYTES if done else _NAME_BYTES):
            raise ValueError("too large")
        return done, await self._reader.readexactly(size)

    def kill(self) -> None:
        self.process.kill()
        if hasattr(self, "_writer"):
            self._writer.transport.abort()
        else:
            self._socket.close()


def _limit(megabytes: int, *, threads: bool) -> None:
    # Whatever needs a codec later must find it loaded.
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with suppress(ImportError):
            importlib.import_module(module.name)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    if not threads:
        # It counts threads, too.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the parent
        libc.prctl(4, 0)  # PR_SET_DUMPABLE: no other process may read its memory
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    # What is open stays open; nothing can be opened.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    seccomp.compute_only(threads=threads)


def _work(
    function: Callable[[bytes], bytes], seconds: float, jobs: BinaryIO, results: BinaryIO
) -> None:
    while len(head := jobs.read(8)) == 8:
        job = jobs.read(int.from_bytes(head, "big"))
        # Processor time, by SIGPROF, in case the parent isn't there to count.
        signal.setitimer(signal.ITIMER_PROF, seconds + 1)
        try:
            status, result = 0, function(job)
        except Exception as error:
            status, result = 1, type(error).__name__.encode()[:_NAME_BYTES]
        del job
        results.write(bytes([status]) + len(result).to_bytes(8, "big"))
        results.write(result)
        results.flush()
        del result


def main() -> None:
    """The child: `python -m speakup.sandbox module:function seconds megabytes threads`."""
    name, seconds, megabytes, threads = sys.argv[1:]
    module, _, attribute = name.partition(":")
    function = getattr(importlib.import_module(module), attribute)
    jobs, results = os.fdopen(0, "rb"), os.fdopen(os.dup(0), "wb")
    _limit(int(megabytes), threads=bool(int(threads)))
    # What is imported stays for good: the cycle collector needn't walk through it.
    gc.freeze()
    results.write(_READY)
    results.flush()
    _work(function, float(seconds), jobs, results)


if __name__ == "__main__":
    main()
