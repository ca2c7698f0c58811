"""One `make run` a folder of data: the second says that the first is there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another supervisor holds the folder; the text says which."""


@contextmanager
def held(var: Path) -> Iterator[None]:
    """Hold the folder. The lock ends with the process, however that ends. Raises AlreadyRunningError."""
    with os.fdopen(os.open(var / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"Speak Up is already running on {var} (process {file.read().strip() or '?'}). "
                "For a second one beside it set SPEAKUP_VAR, SPEAKUP_PORT and SPEAKUP_SMTP_PORT."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
