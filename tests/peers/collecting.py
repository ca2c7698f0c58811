"""Runs collectors against a mailbox and plays the router that opens cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from unittest.mock import patch

from sqlalchemy import text

from intake_email.collect import Collector
from intake_email.imap import Connection
from intake_email.mailbox import Mailbox
from intake_email.settings import Settings
from speakup import outbox
from tests.intake_email.intake import Intake
from tests.peers.dovecot import PASSWORD, USER, Dovecot
from tests.waiting import eventually


def mailbox_of(server: Dovecot) -> Mailbox:
    return Mailbox.model_validate(
        {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "user": USER,
            "password": PASSWORD,
        }
    )


@asynccontextmanager
async def collecting(
    intake: Intake, *mailboxes: Mailbox, poll: float = 0.3, most: int = 40 * 1024 * 1024
) -> AsyncIterator[list[Collector]]:
    """Collectors that run until the end of the context."""
    settings = Settings(imap_poll_seconds=poll, smtp_message_bytes=most)
    collectors = [
        Collector(
            index,
            mailbox,
            engine=intake.engine,
            acceptor=intake.acceptor,
            addresses=intake.addresses,
            settings=settings,
        )
        for index, mailbox in enumerate(mailboxes)
    ]
    stop = asyncio.Event()
    tasks = [asyncio.create_task(collector.run(stop)) for collector in collectors]
    try:
        yield collectors
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def settle_all(intake: Intake) -> None:
    """As if the router had opened a case for all that was accepted."""
    async with intake.engine.begin() as connection:
        ids = list(await connection.scalars(text("SELECT event_id FROM outbox")))
        await outbox.settle(connection, ids)


async def rows(intake: Intake, table: str) -> int:
    async with intake.engine.connect() as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


class Looks:
    """How often mailboxes were looked through: what a look could do has been done when the next begins."""

    def __init__(self) -> None:
        self.begun = 0

    async def whole(self, count: int) -> None:
        """Wait until so many more have begun and ended."""
        # The one that goes on now may have begun too early to count.
        wanted = self.begun + count + 1
        await eventually(lambda: self.begun >= wanted)


@contextmanager
def counted_looks() -> Iterator[Looks]:
    """Counts the looks of all collectors."""
    looks, look = Looks(), Connection.look

    def counting(connection: Connection) -> tuple[int, list[int]]:
        looks.begun += 1
        return look(connection)

    with patch.object(Connection, "look", counting):
        yield looks
