"""The one process of all services: started with its settings, asked whether it is ready, why it ended."""

from __future__ import annotations

import http.client
import json
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from embedded import child, ports
from embedded.server import ServerProcess

_IS_IMPORT = re.compile("(ModuleNotFound|Import)Error: ").match

COMMAND = (sys.executable, "-m", "embedded.services")


class ServicesProcess(ServerProcess):
    """Started again and again, each time with the environment of the moment."""

    name = "the services"
    # They finish what they do, and end themselves after 13 s (`speakup.process`).
    _stop_by = (signal.SIGTERM, 14)

    def __init__(self, port: int, log: Path, command: Sequence[str] = COMMAND) -> None:
        self._port, self._log, self._command = port, log, command

    def start(self, environment: Mapping[str, str]) -> None:
        """Start; not yet ready."""
        self._process = child.spawn(
            self._command, log=self._log, death=signal.SIGKILL, environment=environment
        )

    def missing(self) -> dict[str, str] | None:
        """What is missing for readiness, by its own word; empty: nothing. None: it doesn't answer yet."""
        connection = http.client.HTTPConnection(ports.HOST, self._port, timeout=4)
        with suppress(OSError, http.client.HTTPException, ValueError):
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            body = json.loads(answer.read())
            missing: dict[str, str] = {} if answer.status == 200 else body["missing"]
            return missing
        connection.close()
        return None

    def why(self) -> str:
        """Why it ended, in one line."""
        status = self.ended() or 0
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return f"{how}{_last_error(self._log)}"


def _last_error(log: Path) -> str:
    """Of its last lines, the one about an error; of a bare traceback, only the exception's type."""
    with suppress(OSError):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            lines = file.read().decode(errors="replace").strip().splitlines()[-20:]
        for line in reversed(lines):
            if line.startswith("{"):
                with suppress(ValueError):
                    said = json.loads(line)
                    if said.get("level") in ("error", "critical"):
                        words = (said.get(name) for name in ("event", "task", "error"))
                        return ", " + " ".join(str(word) for word in words if word)
            elif line and not line.startswith((" ", "Traceback")):
                return f", {line if _IS_IMPORT(line) else line.partition(':')[0]:.150}"
    return ""
