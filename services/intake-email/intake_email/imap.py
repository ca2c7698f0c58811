"""A connection to a mailbox by IMAP (RFC 3501): blocking, for a thread of its own.

Nothing but the message's bytes is asked for, so that the server has nothing of the sender's to put into an
answer that would have to be parsed.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress

from imapclient import DELETED, IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from intake_email.credentials import Secret
from intake_email.mailbox import Mailbox

__all__ = ["Connection", "LoginError"]

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
AT_ONCE = 1000
"""Messages named in one command: a line of an answer has its limits."""


class Connection:
    """Logged in; every method may raise OSError or imaplib's error (abort: the connection is gone)."""

    def __init__(self, mailbox: Mailbox, secret: Secret) -> None:
        """Connects. Raises LoginError where the server doesn't take the secret, OSError, imaplib's error."""
        self._folder = mailbox.folder
        context = ssl.create_default_context(cafile=mailbox.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._client = IMAPClient(
            mailbox.host,
            port=mailbox.tcp_port,
            ssl=mailbox.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(CONNECT_SECONDS, ANSWER_SECONDS),
        )
        try:
            if mailbox.security == "starttls":
                self._client.starttls(context)
            self._log_in(mailbox.user, secret)
            self.can_idle = bool(self._client.has_capability("IDLE"))
            self._has_uidplus = bool(self._client.has_capability("UIDPLUS"))
        except BaseException:
            self.drop()
            raise

    def _log_in(self, user: str, secret: Secret) -> None:
        if secret.is_token:
            said = f"user={user}\x01auth=Bearer {secret.text}\x01\x01"
            # To an error the server wants an empty answer, and only then says NO.
            self._client.sasl_login("XOAUTH2", lambda asked: "" if asked else said)
        elif self._client.has_capability("AUTH=PLAIN"):
            self._client.plain_login(user, secret.text)
        else:
            self._client.login(user, secret.text)

    def look(self) -> tuple[int, list[int]]:
        """UIDVALIDITY and the UIDs of all messages, as they are now, oldest first."""
        selected = self._client.select_folder(self._folder)
        exists = int(selected[b"EXISTS"])
        found: set[int] = set()
        for first in range(1, exists + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, exists)
            found.update(int(uid) for uid in self._client.search(f"{first}:{last}"))
        return int(selected[b"UIDVALIDITY"]), sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each message, by the server's word."""
        sizes: dict[int, int] = {}
        for part in _parts(uids):
            for uid, data in self._client.fetch(part, ["RFC822.SIZE"]).items():
                sizes[int(uid)] = int(data.get(b"RFC822.SIZE", 0))
        return sizes

    def fetch(self, uid: int, most: int) -> bytes | None:
        """The first `most` bytes of a message, which stays unread; None where it is there no more."""
        data = self._client.fetch([uid], [f"BODY.PEEK[]<0.{most}>"]).get(uid, {})
        return next((bytes(v) for k, v in data.items() if k.startswith(b"BODY[]") and v), None)

    def expunge(self, uids: Sequence[int]) -> bool:
        """Remove these messages and no other one; whether that could be done.

        Without UIDPLUS (RFC 4315) a server removes whatever is marked: then it is done only where nothing
        else is.
        """
        for part in _parts(uids):
            self._client.add_flags(part, [DELETED], silent=True)
            if self._has_uidplus:
                self._client.uid_expunge(part)
        if not self._has_uidplus:
            if not set(uids).issuperset(self._client.search("DELETED")):
                return False
            self._client.expunge()
        return True

    def idle(self) -> None:
        """Have the server tell what is new (RFC 2177), until `idle_done`."""
        self._client.idle()

    def is_told(self, seconds: float) -> bool:
        """Whether it told anything, or went away, within that time."""
        if self._has_buffered():
            return True
        start = time.monotonic()
        told = self._client.idle_check(timeout=seconds)
        return bool(told) or time.monotonic() - start < seconds / 2

    def _has_buffered(self) -> bool:
        """Whether something came together with the answer to IDLE: polling the socket doesn't see that."""
        sock = self._client.socket()
        sock.settimeout(0)
        try:
            return bool(self._client._imap.file.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            sock.settimeout(ANSWER_SECONDS)

    def idle_done(self) -> None:
        """Back to commands."""
        self._client.idle_done()

    def drop(self) -> None:
        """Close it, also from another thread and in the midst of a command."""
        with suppress(OSError, AttributeError):
            self._client.socket().shutdown(socket.SHUT_RDWR)
        with suppress(Exception):
            self._client.shutdown()


def _parts(uids: Sequence[int]) -> list[Sequence[int]]:
    return [uids[start : start + AT_ONCE] for start in range(0, len(uids), AT_ONCE)]
