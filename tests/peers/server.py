"""What Dovecot and Postfix share here: a program of Debian's in a folder of its own, on a port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

from embedded import ports


class MailServer:
    """A kind of server says by `command` how it is started in the foreground."""

    folder: Path
    port: int

    _process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """Program and arguments."""
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, start_new_session=True
            )
        end = time.monotonic() + 15
        while not ports.accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "output").read_text() + self.log())
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop, with all that it started; what it holds stays."""
        if self._process is not None:
            _stop_tree(self._process)
            self._process = None

    def log(self) -> str:
        """What it has said."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Started, and stopped at the end."""
        self.start()
        try:
            yield self
        finally:
            self.stop()


def program(name: str) -> str:
    """Where a program of the system's is; "" where it isn't installed."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin") or ""


@contextmanager
def open_folder(name: str, mode: int) -> Iterator[Path]:
    """For a server whose processes run under accounts of their own."""
    with tempfile.TemporaryDirectory(prefix=f"speakup-{name}-") as path:
        folder = Path(path)
        folder.chmod(mode)
        yield folder


def _stop_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the server and its children, SIGKILL to what stays."""
    tree = [psutil.Process(process.pid)]
    tree += tree[0].children(recursive=True)
    for each in tree:
        try:
            each.terminate()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(tree, timeout=3)
    for each in left:
        each.kill()
    process.wait(15)
