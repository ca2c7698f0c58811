"""A reporter's mailbox behind a relay: takes what the system sends, on loopback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """What has arrived, by recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.envelopes: list[Any] = []
        self.greetings: list[str] = []
        self.peers: list[object] = []
        """Address and port of who brought each."""
        self.answers: list[str] = []
        """SMTP answers to give instead of 250, the first to the next mail."""
        self.robot: Callable[[EmailMessage], Awaitable[None]] | None = None
        """Answers every mail by itself, once it has been taken."""

    async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take it."""
        self.greetings.append(session.host_name)
        self.peers.append(session.peer)
        if self.answers and (answer := self.answers.pop(0)):
            return answer
        self.envelopes.append(envelope)
        message = message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos[0], message))
        if self.robot is not None:
            await self.robot(message)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails for an address, oldest first."""
        return [message for recipient, message in self.mails if recipient == address]


def text_of(mail: EmailMessage) -> str:
    """Its plain text, with \\n for line ends."""
    part = mail.get_body(("plain",))
    content: str = part.get_content() if part is not None else ""
    return content.replace("\r\n", "\n")


@contextmanager
def open_mailbox(port: int) -> Iterator[Mailbox]:
    """Listen on a port of loopback."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
