"""A PostgreSQL left over from a supervisor that was killed: ended before the folder is used again.

Whoever calls this holds the lock of `var`, so a server that runs from the folder is nobody's.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""Fast shutdown, immediate shutdown, force; with the seconds each has."""


def end_orphan(data: Path) -> bool:
    """End what runs from the data folder, and remove a stale `postmaster.pid`. Whether there was one.

    A stale file has to go since its process id may be another program's by now, which PostgreSQL
    would take for a running server.
    """
    there = (data / "postmaster.pid").exists()
    for number, seconds in _STEPS:
        end = time.monotonic() + seconds
        for pid in _postmaster(data) if number != signal.SIGKILL else running_from(data):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while running_from(data) and time.monotonic() < end:
            time.sleep(0.05)
        if not running_from(data):
            break
    if sys.platform == "linux":
        (data / "postmaster.pid").unlink(missing_ok=True)
    return there


def running_from(data: Path) -> list[int]:
    """Processes whose working folder is the data folder: PostgreSQL's, since it changes into it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
        with suppress(OSError):
            if (entry / "cwd").readlink() == data.absolute().resolve():
                found.append(int(entry.name))
    return found


def _postmaster(data: Path) -> list[int]:
    """The server's main process; its workers follow it."""
    with suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        return [pid] if pid in running_from(data) else []
    return []
