"""Postfix as Debian packages it, on loopback, from a folder of its own; it needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded import ports
from tests.peers.stopping import stop_tree

_MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A server that takes mails on `port`; `settings` go into its main.cf."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder, self.port = folder, ports.free_port()
        self._config = folder / "etc"
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix", "postfix")
        base = {
            "compatibility_level": "3.6",
            "queue_directory": str(folder / "queue"),
            "data_directory": str(folder / "data"),
            "maillog_file": str(folder / "log"),
            "maillog_file_prefixes": str(folder),
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "postfix.localhost",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "queue_run_delay": "1s",
        }
        lines = [f"{name} = {value}" for name, value in {**base, **settings}.items()]
        (self._config / "main.cf").write_text("\n".join(lines) + "\n")
        (self._config / "master.cf").write_text(_MASTER.format(port=self.port))

    def _postfix(self, command: str) -> list[str]:
        return [_program(), "-c", str(self._config), command]

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._postfix("start-fg"), stdout=output, stderr=output, start_new_session=True
            )
        end = time.monotonic() + 15
        while not ports.accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "output").read_text() + self.log())
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop; its queue stays."""
        if self._process is not None:
            stop_tree(self._process)
            self._process = None

    def log(self) -> str:
        """What it has said."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""


def _program() -> str:
    return shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin") or ""


@contextmanager
def run_postfix(settings: Mapping[str, str]) -> Iterator[Postfix]:
    """A started server; the test is skipped where there is no Postfix, or no root to start it."""
    if not _program():
        pytest.skip("Postfix isn't here: apt-get install postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    with tempfile.TemporaryDirectory(prefix="speakup-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Postfix(folder, settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
