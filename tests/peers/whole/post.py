"""A whole system as a company connects it: Postfix hands mails on to it and sends its own, Dovecot keeps
the reporters' mailbox and another one of the hotline's."""

from __future__ import annotations

import imaplib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import aiosmtplib

from embedded import ports
from tests.mailbox import Mailbox, open_mailbox
from tests.peers.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.peers.postfix import Postfix, run_postfix
from tests.system import System, run_system
from tests.waiting import eventually

HOTLINE = "speakup@localhost"


@dataclass
class Post:
    """What tests with a whole system and real mail servers need."""

    system: System
    postfix: Postfix
    reporters: Dovecot
    """One mailbox for all of `@reporters.kz`."""
    hotline: Dovecot
    """The mailbox that the system reads by IMAP."""
    robots: Mailbox
    """The mail server of `robots.kz`: a double, so that it can answer by itself."""

    async def write(self, sender: str, mail: bytes, *, to: str = HOTLINE) -> None:
        """A reporter's mail program gives a mail to Postfix."""
        await aiosmtplib.send(
            mail,
            sender=sender,
            recipients=[to],
            hostname="127.0.0.1",
            port=self.postfix.port,
            start_tls=False,
        )

    def arrived(self, address: str) -> list[EmailMessage]:
        """What lies in the reporters' mailbox for an address, oldest first, as read by IMAP."""
        with self.reporters.client() as client:
            client.select("INBOX", readonly=True)
            found = client.search(None, "HEADER", "Delivered-To", address)[1][0].split()
            mails = [_fetched(client, number) for number in found]
        # The search finds longer addresses, too.
        return [mail for mail in mails if mail["Delivered-To"] == address]

    async def mails(self, address: str, count: int) -> list[EmailMessage]:
        """Wait until there are as many, and no more."""
        await eventually(lambda: len(self.arrived(address)) >= count, seconds=30, every=0.1)
        mails = self.arrived(address)
        assert len(mails) == count
        return mails

    async def case(self, number: str) -> dict[str, Any]:
        """As the officer sees it."""
        case: dict[str, Any] = (await self.system.get(f"/api/v1/cases/{number}")).json()
        return case

    async def states(self, number: str) -> dict[str, str]:
        """Of the replies, by purpose."""
        return {reply["purpose"]: reply["state"] for reply in (await self.case(number))["replies"]}

    async def numbers(self) -> list[str]:
        """Of all cases."""
        return [case["case_number"] for case in await self.system.cases()]

    async def new_case(self, before: list[str]) -> str:
        """Wait for the one case that wasn't there before."""

        async def look() -> set[str]:
            return set(await self.numbers()) - set(before)

        (number,) = await eventually(look, seconds=30, every=0.1)
        return number


def _fetched(client: imaplib.IMAP4, number: bytes) -> EmailMessage:
    raw = cast("Any", client.fetch(number.decode(), "(BODY.PEEK[])")[1])[0][1]
    return message_from_bytes(raw, policy=default)


@contextmanager
def open_post() -> Iterator[Post]:
    """All started; the test is skipped where a server isn't installed."""
    lmtp, robots = ports.free_port(), ports.free_port()
    with (
        run_dovecot() as reporters,
        run_dovecot() as hotline,
        open_mailbox(robots) as answering,
        run_postfix(_between(lmtp, robots, reporters)) as postfix,
        run_system(_connected(lmtp, postfix, hotline)) as system,
    ):
        yield Post(system, postfix, reporters, hotline, answering)


def _connected(lmtp: int, postfix: Postfix, hotline: Dovecot) -> dict[str, str]:
    """The system's settings."""
    read = {
        "host": "127.0.0.1",
        "port": hotline.port,
        "security": "none",
        "user": USER,
        "password": PASSWORD,
    }
    return {
        "SPEAKUP_RELAY_PORT": str(postfix.port),
        "SPEAKUP_LMTP_PORT": str(lmtp),
        "SPEAKUP_IMAP_MAILBOXES": json.dumps([read]),
        "SPEAKUP_IMAP_POLL_SECONDS": "0.5",
    }


def _between(lmtp: int, robots: int, reporters: Dovecot) -> dict[str, str]:
    """The hotline's mails by LMTP, the reporters' into Dovecot's Maildir; `refused.kz` is refused at
    once, `vanished.kz` has no mailbox, which is seen only when the mail has been taken."""
    return {
        "relay_domains": "localhost, robots.kz",
        "transport_maps": (
            f"inline:{{localhost=lmtp:inet:127.0.0.1:{lmtp}, robots.kz=smtp:[127.0.0.1]:{robots}}}"
        ),
        "lmtp_destination_recipient_limit": "1",
        "virtual_transport": "virtual",
        "virtual_mailbox_domains": "reporters.kz, vanished.kz",
        "virtual_mailbox_base": str(reporters.folder),
        "virtual_mailbox_maps": "inline:{@reporters.kz=mail/}",
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
        "smtpd_reject_unlisted_recipient": "no",
        "smtpd_recipient_restrictions": (
            "check_recipient_access inline:{refused.kz=REJECT}, permit_mynetworks, reject"
        ),
        "smtp_destination_concurrency_limit": "20",
    }
