"""Dovecot as Debian packages it, on loopback, from a folder of its own."""

from __future__ import annotations

import getpass
import imaplib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded import ports
from tests.peers.server import MailServer, open_folder, program

USER, PASSWORD = "hotline", "dovecot-test"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot(MailServer):
    """A server with one mailbox."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None) -> None:
        self.folder, self.port, self.tls_port = folder, ports.free_port(), ports.free_port()
        root = os.geteuid() == 0
        me = getpass.getuser()
        uid, gid = (65534, 65534) if root else (os.getuid(), os.getgid())
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir()
        if root:
            for name in ("mail", "home"):
                os.chown(folder / name, uid, gid)
        config = _CONFIG.format(
            folder=folder,
            ssl="yes" if certificate else "no",
            internal="dovecot" if root else me,
            internal_group="dovecot" if root else _group(),
            login="dovenull" if root else me,
            password=PASSWORD,
            uid=uid,
            gid=gid,
            port=self.port,
            tls_port=self.tls_port if certificate else 0,
        )
        if certificate:
            config += f"ssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}\n"
        (folder / "dovecot.conf").write_text(config)

    def command(self) -> list[str]:
        return [program("dovecot"), "-F", "-c", str(self.folder / "dovecot.conf")]

    def client(self) -> imaplib.IMAP4:
        """Logged in, as the mailbox's owner."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, *mails: bytes) -> None:
        """Put mails into the mailbox."""
        with self.client() as client:
            for mail in mails:
                assert client.append("INBOX", "", "", mail)[0] == "OK"

    def count(self, flag: str = "ALL") -> int:
        """How many mails are in the mailbox (with that flag)."""
        with self.client() as client:
            client.select("INBOX", readonly=True)
            return len(client.search(None, flag)[1][0].split())

    def new_validity(self) -> None:
        """Forget the numbering: the same mails under another UIDVALIDITY. Only while stopped."""
        # Dovecot takes the time as the next validity (its list of UIDs holds the old one).
        for path in (self.folder / "mail").glob("dovecot*"):
            path.unlink()


def _group() -> str:
    import grp

    return grp.getgrgid(os.getgid()).gr_name


@contextmanager
def run_dovecot(certificate: tuple[Path, Path] | None = None) -> Iterator[Dovecot]:
    """A started server; the test is skipped where Dovecot isn't installed."""
    if not program("dovecot") or not Path("/usr/lib/dovecot/imap").exists():
        pytest.skip("Dovecot isn't here: apt-get install dovecot-imapd")
    with (
        open_folder("dovecot", 0o711) as folder,
        Dovecot(folder, certificate).running() as server,
    ):
        yield server
