"""Postfix as Debian packages it, on loopback, from a folder of its own; it needs root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded import ports
from tests.peers.server import MailServer, open_folder, program

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
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(MailServer):
    """A server that takes mails on `port`; `settings` go into its main.cf."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder, self.port = folder, ports.free_port()
        self._config = folder / "etc"
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

    def command(self) -> list[str]:
        return [program("postfix"), "-c", str(self._config), "start-fg"]


@contextmanager
def run_postfix(settings: Mapping[str, str]) -> Iterator[Postfix]:
    """A started server; the test is skipped where there is no Postfix, or no root to start it."""
    if not program("postfix"):
        pytest.skip("Postfix isn't here: apt-get install postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    with open_folder("postfix", 0o755) as folder, Postfix(folder, settings).running() as server:
        yield server
