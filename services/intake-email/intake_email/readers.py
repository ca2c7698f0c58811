"""Hands mails to the limited children: those that wait for one go to it together, in one frame.

Between two processes it is the wake-ups that cost, not the bytes. A mail that makes its child fail makes it fail
once more alone; the others of its group are read without it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from intake_email.reading import (
    Job,
    Reading,
    pack,
    pack_several,
    read_unparsed,
    unpack_reading,
    unpack_several,
)
from speakup.gather import tell
from speakup.logs import get_logger
from speakup.sandbox import Sandbox, SandboxError

GROUP = 16
GROUP_BYTES = 256 * 1024
"""A larger mail goes alone, so that it has the child's time for itself."""

Sealed = tuple[Reading, list[tuple[str, bytes]]]
"""A mail read and sealed, and its blobs by digest."""

log = get_logger("intake-email")


class _Waiting(NamedTuple):
    frame: bytes
    submission_id: str
    read: asyncio.Future[Sealed]


class Readers:
    """As many readers as the sandbox has children."""

    def __init__(self, sandbox: Sandbox, *, children: int) -> None:
        self._sandbox, self._children = sandbox, children
        self._waiting: deque[_Waiting] = deque()
        self._at_work: set[asyncio.Task[None] | None] = set()

    async def read(self, job: Job, raw: bytes) -> Sealed:
        """A mail, read and sealed; unparsed where no child could read it."""
        read = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(pack(job, raw), job.submission_id, read))
        if len(self._at_work) < self._children:
            self._at_work.add(asyncio.create_task(self._work()))
        result: Sealed = await read
        return result

    async def _work(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                try:
                    await self._read(group)
                except BaseException as error:
                    tell((waiting.read for waiting in group), error)
        finally:
            # Here, not in a callback: a mail that came in between would wait for nobody.
            self._at_work.remove(asyncio.current_task())

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        size = len(group[0].frame)
        while self._waiting and len(group) < GROUP:
            size += len(self._waiting[0].frame)
            if size > GROUP_BYTES:
                break
            group.append(self._waiting.popleft())
        return group

    async def _read(self, group: list[_Waiting]) -> None:
        try:
            frames = await self._sandbox.run(pack_several([waiting.frame for waiting in group]))
            readings = [
                unpack_reading(frame)
                for _, frame in zip(group, unpack_several(frames), strict=True)
            ]
        except (SandboxError, ValueError) as error:
            if len(group) > 1:
                for waiting in group:
                    await self._read([waiting])
                return
            submission_id = group[0].submission_id
            log.warning("mail_unparsed", submission_id=submission_id, reason=str(error)[:40])
            sealed = await asyncio.to_thread(read_unparsed, group[0].frame)
            readings = [unpack_reading(sealed)]
        for waiting, reading in zip(group, readings, strict=True):
            if not waiting.read.done():
                waiting.read.set_result(reading)
