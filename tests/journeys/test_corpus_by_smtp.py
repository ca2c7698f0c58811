"""Real mails by SMTP, as strangers' servers send them: each that is answered 250 is exactly one case."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiosmtplib
import httpx
import pytest

from intake_email.compose import deliverable
from intake_email.once_a_day import mailbox_of
from intake_email.parse import parse
from tests.mailbox import Mailbox, open_mailbox
from tests.system import System, run_system
from tests.waiting import eventually

CONNECTIONS = 8

REFUSED: dict[str, int] = {}
"""Known ones with their SMTP reply codes; none today."""

FROM = re.compile(rb"^from:(?:.|\r\n[ \t])*?([\w.+=-]+@[\w-]+(?:\.[\w-]+)+)", re.I | re.M)
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.I | re.M)


class Sent(NamedTuple):
    """A mail as it goes over the wire, but for the dots, which the client doubles."""

    name: str
    sender: str
    head: bytes
    body: bytes

    @property
    def wire(self) -> bytes:
        return self.head + self.body

    @property
    def options(self) -> list[str]:
        eight_bits = [] if self.wire.isascii() else ["BODY=8BITMIME"]
        return eight_bits if self.head.isascii() else [*eight_bits, "SMTPUTF8"]

    @property
    def identity(self) -> tuple[str, bytes, bytes]:
        """What is equal for a mail that is sent again (ARCHITECTURE.md, Accept)."""
        found = MESSAGE_ID.search(self.head)
        return (self.sender, found[1], self.body) if found else (self.sender, b"", self.wire)


def to_send(path: Path, number: int) -> Sent:
    wire = re.sub(rb"\r\n?|\n", b"\r\n", path.read_bytes()).removesuffix(b"\r\n") + b"\r\n"
    head, blank, body = wire.partition(b"\r\n\r\n")
    author = FROM.search(head)
    sender = author[1].decode() if author else f"a{number}@example.kz"
    return Sent(f"{path.parent.name}/{path.name}", sender, head + blank, body)


@pytest.fixture(scope="module")
def system(corpora: Path) -> Iterator[System]:
    """One of its own, since other journeys read every case; its classifier would take minutes for these."""
    with run_system({"SPEAKUP_CLASSIFY_WORKERS": "0"}) as started:
        yield started


@pytest.fixture(scope="module")
def mailbox(system: System) -> Iterator[Mailbox]:
    with open_mailbox(system.relay_port) as opened:
        yield opened


@pytest.fixture(scope="module")
def services(system: System) -> int:
    """The pid of the services before the first mail."""
    return pid_of_services(system)


def pid_of_services(system: System) -> int:
    process = system.child("embedded.services")
    assert process is not None
    return process.pid


@pytest.fixture(scope="module")
async def answers(
    system: System, mailbox: Mailbox, services: int, corpora: Path
) -> dict[Sent, int]:
    """Every mail of the corpus and the reply code that it got."""
    paths = sorted(p for p in (corpora / "emails").rglob("*") if p.suffix in (".eml", ".box"))
    left = [to_send(path, number) for number, path in enumerate(paths)]
    codes: dict[Sent, int] = {}

    async def send_some() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=system.smtp_port, start_tls=False)
        async with client:
            while left:
                mail = left.pop()
                codes[mail] = await code_of(client, mail)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(send_some())
    return codes


async def code_of(client: aiosmtplib.SMTP, mail: Sent) -> int:
    try:
        await client.sendmail(
            mail.sender, "speakup@localhost", mail.wire, mail_options=mail.options
        )
    except aiosmtplib.SMTPResponseException as error:
        return error.code
    return 250


@pytest.fixture(scope="module")
def accepted(answers: dict[Sent, int]) -> list[Sent]:
    """The mails that were answered 250; of those that are the same, one."""
    return list({mail.identity: mail for mail, code in answers.items() if code == 250}.values())


def test_every_mail_is_taken_but_the_known_which_are_refused_for_good(
    answers: dict[Sent, int],
) -> None:
    assert len(answers) > 900
    assert {mail.name: code for mail, code in answers.items() if code != 250} == REFUSED
    assert all(500 <= code < 600 for code in REFUSED.values())


def test_every_mail_is_read_within_the_childs_limits(
    system: System, answers: dict[Sent, int]
) -> None:
    assert "mail_unparsed" not in (system.var / "log" / "services.log").read_text()


async def test_whoever_may_be_answered_is_acknowledged_once(
    mailbox: Mailbox, accepted: list[Sent]
) -> None:
    read = [parse(mail.wire, mail.sender) for mail in accepted]
    # Who wrote several gets the one automatic mail of the day.
    expected = len(
        {
            mailbox_of(deliverable(mail.address).lower())
            for mail in read
            if mail.answerable and mail.traits.automatic is None
        }
    )
    await eventually(lambda: len(mailbox.mails) >= expected, seconds=60)
    # The subject holds the case number.
    subjects = [message["Subject"] for _, message in mailbox.mails]
    assert len(set(subjects)) == len(subjects) == expected


async def test_each_accepted_mail_is_exactly_one_case(system: System, accepted: list[Sent]) -> None:
    async def all_there() -> bool:
        return len(await system.cases()) >= len(accepted)

    await eventually(all_there, seconds=30, every=0.5)
    numbers = [case["case_number"] for case in await system.cases()]
    assert len(set(numbers)) == len(numbers) == len(accepted)


async def test_the_same_process_is_ready_after_all_of_them(
    system: System, services: int, answers: dict[Sent, int]
) -> None:
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:
        assert (await client.get("/readyz")).status_code == 200
    assert pid_of_services(system) == services
