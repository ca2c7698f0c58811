"""Odd dialogues at the doors for mail, most of them by swaks: nothing is taken that wasn't meant, and what
was meant is taken once."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded import ports
from intake_email import lmtp, smtp
from intake_email.settings import Settings
from intake_email.tls import server_context
from tests.intake_email.intake import HOTLINE, Intake, open_intake
from tests.peers.server import program
from tests.peers.test_lmtp import said

HELLO = {"ESMTP": b"EHLO x", "LMTP": b"LHLO x"}
FROM, TO = b"MAIL FROM:<asel@example.kz>", b"RCPT TO:<speakup@localhost>"


@dataclass
class Doors:
    """Where a running intake takes mails, by protocol."""

    intake: Intake
    ports: dict[str, int]

    async def swaks(self, protocol: str, *options: str) -> str:
        """What was said; our answers begin with `<`."""
        if not program("swaks"):
            pytest.skip("swaks isn't here: apt-get install swaks")
        where = ("--server", "127.0.0.1", "--port", str(self.ports[protocol]))
        whose = ("--from", "asel@example.kz", "--to", HOTLINE, "--protocol", protocol)
        process = await asyncio.create_subprocess_exec(
            program("swaks"),
            *where,
            *whose,
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 10)
        finally:
            if process.returncode is None:
                process.kill()
        return output.decode()

    def count(self) -> int:
        """Of what was accepted."""
        return len(self.intake.payloads())


def codes(transcript: str) -> list[str]:
    """Of our answers, one each."""
    return re.findall(r"^<[~*-]\S* +(\d{3})(?= )", transcript, re.MULTILINE)


@pytest.fixture(scope="module")
async def opened(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Doors]:
    """One intake for all dialogues."""
    folder = tmp_path_factory.mktemp("doors")
    settings = Settings(var=folder, smtp_port=ports.free_port(), lmtp_port=ports.free_port())
    tls = server_context(settings)
    async with (
        open_intake(postgres_url, folder) as intake,
        smtp.listen(settings, intake.acceptor, intake.addresses, tls),
        lmtp.listen(settings, intake.acceptor, intake.addresses, tls),
    ):
        taken = {
            "ESMTP": settings.smtp_port,
            "SMTP": settings.smtp_port,
            "LMTP": settings.lmtp_port or 0,
        }
        yield Doors(intake, taken)


@pytest.fixture
def doors(opened: Doors) -> Doors:
    """Nothing accepted yet."""
    opened.intake.published.records.clear()
    return opened


@pytest.mark.parametrize(
    ("protocol", "options"),
    [("ESMTP", ()), ("SMTP", ()), ("LMTP", ()), ("LMTP", ("--pipeline",))],
)
async def test_a_usual_dialogue_is_one_submission(
    doors: Doors, protocol: str, options: tuple[str, ...]
) -> None:
    transcript = await doors.swaks(protocol, *options)
    assert "250 2.0.0 OK, we have your message" in transcript
    assert doors.count() == 1


async def test_of_two_recipients_in_one_pipelined_mail_ours_gets_it_once(doors: Doors) -> None:
    transcript = await doors.swaks("LMTP", "--pipeline", "--to", f"nobody@localhost,{HOTLINE}")
    assert codes(transcript) == ["220", "250", "250", "550", "250", "354", "250", "221"]
    assert doors.count() == 1


async def test_data_pipelined_behind_an_unknown_recipient_is_not_taken(doors: Doors) -> None:
    transcript = await doors.swaks("LMTP", "--pipeline", "--to", "nobody@localhost")
    assert codes(transcript)[:5] == ["220", "250", "250", "550", "503"]
    assert doors.count() == 0


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
@pytest.mark.parametrize(
    ("commands", "answers"),
    [
        ((FROM, b"QUIT"), "503 221"),
        ((b"HELLO", TO, b"QUIT"), "hello 503 221"),
        ((b"HELLO", b"DATA", b"QUIT"), "hello 503 221"),
        ((b"HELLO", FROM, b"DATA", b"QUIT"), "hello 250 503 221"),
        ((b"HELLO", FROM, FROM, b"QUIT"), "hello 250 503 221"),
        ((b"HELLO", FROM, TO, b"RSET", b"DATA", b"QUIT"), "hello 250 250 250 503 221"),
        ((b"HELLO", FROM, TO, b"HELLO", b"DATA", b"QUIT"), "hello 250 250 hello 503 221"),
        ((b"HELLO", FROM, TO, b"BDAT 3 LAST", b"QUIT"), "hello 250 250 500 221"),
    ],
)
async def test_commands_in_a_wrong_order_are_refused_one_by_one(
    doors: Doors, protocol: str, commands: tuple[bytes, ...], answers: str
) -> None:
    lines = [HELLO[protocol] if line == b"HELLO" else line for line in commands]
    # Sent at once: what is refused is refused in its turn.
    given = await said(doors.ports[protocol], *lines)
    expected = ["220", *answers.replace("hello", "250").split()]
    assert [answer[:3].decode() for answer in given] == expected
    assert doors.count() == 0


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
@pytest.mark.parametrize("end", ["\n.\r\n", "\n.\n", "\r\n.\n", "\r.\r", "\r\n.\r\r\n", "\n.\r"])
async def test_a_second_mail_behind_a_false_end_stays_words_of_the_first(
    doors: Doors, tmp_path: Path, protocol: str, end: str
) -> None:
    smuggled = f"MAIL FROM:<boss@example.kz>\r\nRCPT TO:<{HOTLINE}>\r\nDATA\r\nSubject: b\r\n\r\nb"
    # swaks ends the last line.
    raw = f"Subject: a\r\n\r\n{protocol}{end}{smuggled}\r\nlast words\r\n."
    path = tmp_path / "mail"
    path.write_bytes(raw.encode())
    transcript = await doors.swaks(protocol, "--no-data-fixup", "--data", f"@{path}")
    assert codes(transcript)[-2:] == ["250", "221"]
    (payload,) = doors.intake.payloads()
    text = doors.intake.content(payload).text
    assert "MAIL FROM:<boss@example.kz>" in text
    assert "last words" in text


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
async def test_a_mail_whose_answer_was_not_waited_for_is_the_same_when_it_comes_again(
    doors: Doors, protocol: str
) -> None:
    named = ("--header", f"Message-ID: <{protocol}@example.kz>", "--body", "The 250 was lost.")
    await doors.swaks(protocol, *named, "--drop-after-send", "DOT")
    transcript = await doors.swaks(protocol, *named)
    assert "250 2.0.0 OK" in transcript
    assert doors.count() == 1


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
async def test_a_connection_dropped_before_the_mail_leaves_nothing(
    doors: Doors, protocol: str
) -> None:
    transcript = await doors.swaks(protocol, "--drop-after", "DATA")
    assert codes(transcript)[-1] == "354"
    # The door is open, and only this one comes in.
    assert "250 2.0.0 OK" in await doors.swaks(protocol)
    assert doors.count() == 1


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
async def test_nobody_can_name_another_origin_by_xclient_or_proxy(
    doors: Doors, protocol: str
) -> None:
    transcript = await doors.swaks(protocol, "--xclient-addr", "10.0.0.1")
    assert "Host did not advertise XCLIENT" in transcript
    proxy, xclient = b"PROXY TCP4 10.0.0.1 10.0.0.2 1 25", b"XCLIENT ADDR=10.0.0.1"
    given = await said(doors.ports[protocol], proxy, HELLO[protocol], xclient, b"QUIT")
    assert [answer[:3] for answer in given] == [b"220", b"500", b"250", b"500", b"221"]
    assert doors.count() == 0


@pytest.mark.parametrize("protocol", ["ESMTP", "LMTP"])
async def test_what_was_said_before_tls_is_forgotten_with_it(doors: Doors, protocol: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.ports[protocol])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Whoever is in the middle writes commands ahead, in the clear.
    writer.write(HELLO[protocol] + b"\r\n")
    while (await reader.readline())[:4] != b"250 ":
        pass
    writer.write(b"STARTTLS\r\n" + FROM + b"\r\n" + TO + b"\r\n")
    assert (await reader.readline()).startswith(b"220")
    await writer.start_tls(context)
    writer.write(HELLO[protocol] + b"\r\n")
    while (await reader.readline())[:4] != b"250 ":
        pass
    writer.write(b"DATA\r\n")
    assert (await reader.readline()).startswith(b"503")
    writer.close()
    assert doors.count() == 0
