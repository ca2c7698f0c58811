"""What a mail server is told at each step: whose mail is taken, and when to come again."""

from __future__ import annotations

import asyncio

import aiosmtplib
import pytest

from tests.system import System
from tests.waiting import eventually


async def open_client(system: System) -> aiosmtplib.SMTP:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=system.smtp_port, start_tls=False)
    await client.connect()
    await client.ehlo()
    return client


async def code_of(command: object) -> int:
    try:
        return int((await command)[0])  # type: ignore[misc]
    except aiosmtplib.SMTPResponseException as error:
        return error.code


async def test_the_size_and_starttls_are_announced(system: System) -> None:
    client = await open_client(system)
    assert client.esmtp_extensions["size"] == str(40 * 1024 * 1024)
    assert client.supports_extension("starttls")
    await client.quit()


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("speakup@localhost", 250),
        ("SpeakUp@LOCALHOST", 250),
        ("speakup+2941080236.x@localhost", 250),
        ("postmaster@localhost", 250),
        ("somebody@localhost", 550),
        ("speakup@elsewhere.kz", 550),
        ("speakupx@localhost", 550),
    ],
)
async def test_mail_is_taken_for_the_hotline_only(
    system: System, recipient: str, code: int
) -> None:
    client = await open_client(system)
    await client.mail("a@example.kz")
    assert await code_of(client.rcpt(recipient)) == code
    await client.quit()


async def test_a_second_recipient_is_asked_to_come_in_a_transaction_of_its_own(
    system: System,
) -> None:
    client = await open_client(system)
    await client.mail("a@example.kz")
    assert await code_of(client.rcpt("speakup@localhost")) == 250
    assert await code_of(client.rcpt("postmaster@localhost")) == 452
    await client.quit()


async def test_a_mail_that_says_it_is_too_large_is_refused_before_it_is_sent(
    system: System,
) -> None:
    client = await open_client(system)
    options = [f"SIZE={40 * 1024 * 1024 + 1}"]
    assert await code_of(client.mail("a@example.kz", options=options)) == 552
    await client.quit()


async def test_a_connection_cut_at_any_step_leaves_the_server_well(system: System) -> None:
    steps = [
        b"EHLO x\r\n",
        b"MAIL FROM:<a@example.kz>\r\n",
        b"RCPT TO:<speakup@localhost>\r\n",
        b"DATA\r\n",
        b"Subject: cut\r\n\r\nhalf a line",
    ]
    before = len(await system.cases())
    for count in range(len(steps) + 1):
        reader, writer = await asyncio.open_connection("127.0.0.1", system.smtp_port)
        await reader.readline()
        for step in steps[:count]:
            writer.write(step)
            await writer.drain()
            if step != steps[-1]:
                await reader.readline()
        writer.transport.abort()
    client = await open_client(system)
    await client.quit()
    assert len(await system.cases()) == before


async def test_a_connection_cut_after_the_last_dot_and_the_mail_sent_again_is_one_case(
    system: System,
) -> None:
    mail = b"Subject: cut\r\nMessage-ID: <cut@example.kz>\r\n\r\nThe 250 was lost.\r\n"
    dialogue = (b"EHLO x", b"MAIL FROM:<a@example.kz>", b"RCPT TO:<speakup@localhost>", b"DATA")
    before = len(await system.cases())
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", system.smtp_port)
        await reader.readline()
        for step in dialogue:
            writer.write(step + b"\r\n")
            while (await reader.readline())[3:4] == b"-":
                pass
        writer.write(mail + b".\r\n")
        await writer.drain()
        writer.transport.abort()
    assert await system.send(mail, sender="a@example.kz")

    async def there() -> bool:
        return len(await system.cases()) == before + 1

    await eventually(there)
    # What comes after it comes after all that was sent before it.
    assert await system.send(mail.replace(b"<cut", b"<next"), sender="a@example.kz")

    async def next_there() -> bool:
        return len(await system.cases()) >= before + 2

    await eventually(next_there)
    assert len(await system.cases()) == before + 2
