"""Staff who can be told: addresses, a mail server and a webhook on loopback, and a clock that is set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from case_router.alerts import Alerts
from case_router.clockwork import Clockwork
from case_router.reminders import Reminders
from case_router.settings import Settings
from case_router.staff_mail import StaffMail
from embedded.ports import free_port
from speakup.staff import Role
from tests.case_router.world import PUBLIC, World
from tests.mailbox import Mailbox, open_mailbox

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SECRET = "a secret of the webhook"


class Hook:
    """A server that webhooks are posted to."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        """Statuses to give instead of 204, the first to the next post."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        self.paths.append(path)
        self.posts.append((headers, body))
        return self.answers.pop(0) if self.answers else 204


@contextmanager
def open_hook() -> Iterator[tuple[Hook, str]]:
    """Listen on loopback; the hook and its address."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(hook.take(self.path, headers, body))
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook, f"http://127.0.0.1:{server.server_port}/alerts"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Telling:
    """The clockwork of an installation, and what it has sent."""

    world: World
    settings: Settings
    mailbox: Mailbox
    hook: Hook
    now: datetime = NOW
    clockwork: Clockwork = field(init=False)

    def __post_init__(self) -> None:
        self.clockwork = self.instance()

    def instance(self, **settings: Any) -> Clockwork:
        """Another one on the same tables, with nothing in its memory."""
        engine, parts = self.world.engine, self.world.parts
        told = self.settings.model_copy(update=settings)
        mail = StaffMail(told)
        return Clockwork(
            engine,
            parts.clocks,
            Reminders(engine, parts.clocks, mail),
            Alerts(engine, parts.profiles, mail, told),
            clock=lambda: self.now,
        )

    async def look(self, now: datetime | None = None) -> list[list[str]]:
        """The recipients of each mail that a look at this moment sends."""
        self.now = now or self.now
        before = len(self.mailbox.envelopes)
        await self.clockwork.alert()
        await self.clockwork.remind()
        return [
            sorted(address.partition("@")[0] for address in envelope.rcpt_tos)
            for envelope in self.mailbox.envelopes[before:]
        ]

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for _, mail in self.mailbox.mails]


@contextmanager
def open_telling(world: World) -> Iterator[Telling]:
    """With the chair's webhook at the same server, under another path."""
    port = free_port()
    with open_mailbox(port) as mailbox, open_hook() as (hook, url):
        settings = Settings.model_validate(
            {
                "public_url": PUBLIC,
                "email_address": "hotline@company.kz",
                "staff_smtp_host": "127.0.0.1",
                "staff_smtp_port": port,
                "alert_webhook": url,
                "alert_webhook_chair": f"{url}/chair",
                "alert_webhook_secret": SECRET,
            }
        )
        yield Telling(world, settings, mailbox, hook)


async def give_addresses(world: World) -> None:
    """Every account gets one, and a second officer is there."""
    await world.add_account("officer2", Role.officer)
    await world.execute("UPDATE accounts SET email = name || '@company.kz'")
