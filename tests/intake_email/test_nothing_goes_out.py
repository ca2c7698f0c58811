"""Reading a mail opens no connection and asks no name server; what is shown of it leads nowhere by itself."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from intake_email.parse import parse
from speakup.sandbox import SandboxError, open_sandbox
from speakup.web import _SAFE
from tests.intake_email import hostile
from tests.intake_email.intake import HOTLINE, Intake, readers

ATTEMPTS = {
    "a connection": "__import__('socket').socket(2, 1)",
    "a connection by IPv6": "__import__('socket').socket(10, 1)",
    "a datagram": "__import__('socket').socket(2, 2)",
    "a local socket": "__import__('socket').socket(1, 1)",
    "a name": "__import__('socket').getaddrinfo('track.example', 80)",
    "a file": "open('/etc/passwd', 'rb').read()",
}


class _Taken:
    """Makes a child that was taken over try it."""

    def __init__(self, attempt: str) -> None:
        self._code = f"(b'', {attempt})[0]"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return eval, (self._code,)


@pytest.mark.parametrize("what", ATTEMPTS)
async def test_a_child_cannot_reach_for(what: str) -> None:
    async with open_sandbox("pickle:loads", children=1) as sandbox:
        with pytest.raises(SandboxError, match=r"^(PermissionError|OSError|gaierror)$"):
            await sandbox.run(pickle.dumps(_Taken(ATTEMPTS[what])))


async def test_the_child_that_reads_mails_is_held_by_the_kernel(intake: Intake) -> None:
    await intake.acceptor.accept(hostile.REACHING_OUT, "a@example.kz", HOTLINE)
    (child,) = readers()
    process = Path(f"/proc/{child.pid}")
    status = (process / "status").read_text()
    assert "\nNoNewPrivs:\t1\n" in status
    assert "\nSeccomp:\t2\n" in status
    assert re.search(r"Max open files +0 +0 ", (process / "limits").read_text())
    assert child.net_connections("inet") == []
    assert child.children() == []


async def test_a_mail_that_wants_to_reach_out_is_read_in_that_child(intake: Intake) -> None:
    await intake.acceptor.accept(hostile.REACHING_OUT, "a@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    assert not payload.unparsed
    assert await intake.raw(payload) == hostile.REACHING_OUT
    content = intake.content(payload)
    assert content.text.startswith("Diesel is sold at night (https://click.example/?u=1)!")
    assert [file.name for file in content.attachments] == [
        "attachment-1.bin",
        "a",
        "smime.p7m",
        "winmail.dat",
        "a.svg",
    ]


def test_reading_calls_for_no_socket_even_where_it_could(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was to be fetched")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(f"socket.{name}", refuse)
    parse(hostile.REACHING_OUT, "a@example.kz")


def test_what_is_shown_is_text_without_an_element_a_script_or_a_remote_picture() -> None:
    text = parse(hostile.REACHING_OUT, "").text
    for gone in ("track.example", "stolen", "alert(1)", "alert(2)", "root:"):
        assert gone not in text
    assert not re.search(r"<\s*/?\s*[a-z!]", text, re.IGNORECASE)


def test_pages_may_fetch_from_nowhere_but_their_own_server() -> None:
    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in _SAFE["content-security-policy"].split(";")
    )
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) <= {"'self'", "'none'"}
    assert _SAFE["referrer-policy"] == "no-referrer"
