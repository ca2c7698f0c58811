"""What the servers here share: one process at a time, told to end or killed, and started again."""

from __future__ import annotations

import signal
import subprocess
from typing import Self

from embedded import child


class ServerProcess:
    """A server in a process of its own. A kind of server sets `_process` when it starts it."""

    name: str

    _stop_by: tuple[signal.Signals, float]
    """The signal that asks for the end, and the seconds until it is made by force."""

    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server's main process. Raises StartError before the first start."""
        if self._process is None:
            raise child.StartError(f"{self.name} has not been started")
        return self._process.pid

    def ended(self) -> int | None:
        """The exit status if it has ended, else None."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Orderly, as far as its time allows. Waits until it is gone."""
        self._end(*self._stop_by)

    def kill(self) -> None:
        """kill -9 of the main process. Waits until it is gone."""
        self._end(signal.SIGKILL, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self, number: signal.Signals, seconds: float) -> None:
        if self._process is not None:
            child.stop(self._process, number, seconds)
