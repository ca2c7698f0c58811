"""The edge and the sending worker as processes of their own, each with its own keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import aiosmtplib
import pytest

from embedded import ports
from tests.bench.servers import Servers, start_servers, start_service
from tests.mailbox import open_mailbox, text_of
from tests.waiting import eventually


def keys_with(servers: Servers, folder: Path, *parts: str) -> str:
    """A folder of keys with the public ones and these."""
    shutil.copytree(servers.var / "keys" / "public", folder / "public")
    for part in parts:
        source = servers.var / "keys" / part
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    return str(folder)


async def test_a_mail_is_taken_without_the_contact_key_and_acknowledged_by_who_has_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("apart")
    smtp_port, relay_port = ports.free_port(), ports.free_port()
    hmac = "secret/email-hmac.key"
    with start_servers(folder) as servers, open_mailbox(relay_port) as mailbox:
        edge = keys_with(servers, folder / "edge", hmac)
        worker = keys_with(servers, folder / "worker", hmac, "private/email-contact")
        async with (
            start_service("case_router", servers),
            start_service(
                "intake_email", servers, SPEAKUP_KEYS=edge, SPEAKUP_SMTP_PORT=str(smtp_port)
            ),
        ):
            await aiosmtplib.send(
                b"From: a@example.kz\r\nMessage-ID: <1@example.kz>\r\n\r\nThe foreman sells diesel.\r\n",
                sender="a@example.kz",
                recipients=["speakup@localhost"],
                hostname="127.0.0.1",
                port=smtp_port,
                start_tls=False,
            )
            # Only now: what was asked for meanwhile waits in Kafka and with the router.
            async with start_service(
                "intake_email.worker",
                servers,
                SPEAKUP_KEYS=worker,
                SPEAKUP_RELAY_PORT=str(relay_port),
            ):
                (mail,) = await eventually(lambda: mailbox.to("a@example.kz"), seconds=60)
    assert "PIN: " in text_of(mail)
    assert not (folder / "edge" / "private").exists()
