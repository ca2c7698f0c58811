"""What a mail server, a virus scanner and the mail's own form say of it is noted, and never believed too far."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from intake_email import calendar, tnef
from intake_email.authentication import results_of
from intake_email.clamd import Clamd
from intake_email.parse import parse

OURS = b"Authentication-Results: mx.example.kz; spf=pass (a; dkim=fail) smtp.mailfrom=x;\r\n dkim=fail\r\n"


def test_our_servers_results_are_noted() -> None:
    assert results_of(OURS, "mx.example.kz") == {"spf": "pass", "dkim": "fail"}


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: mx.evil.kz; dmarc=pass\r\n",
        b"Received: by mx\r\nAuthentication-Results: mx.example.kz; dmarc=pass\r\n",
    ],
)
def test_what_the_sender_wrote_is_not_heeded(forged: bytes) -> None:
    assert "dmarc" not in results_of(OURS + forged, "mx.example.kz")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\0", "clean"),
        (b"stream: Eicar-Test FOUND\0", "found: Eicar-Test"),
        (b"INSTREAM size limit exceeded. ERROR\0", "not scanned"),
        (b"", "not scanned"),
    ],
)
async def test_the_scanners_verdict_is_noted(tmp_path: Path, answer: bytes, verdict: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0\0\0\0")
        writer.write(answer)
        writer.close()

    path = str(tmp_path / "clamd")
    async with await asyncio.start_unix_server(serve, path):
        assert await Clamd(path).scan(b"a mail") == verdict


async def test_a_scanner_that_is_away_is_no_hindrance(tmp_path: Path) -> None:
    assert await Clamd(str(tmp_path / "none")).scan(b"x") == "not scanned"


def test_an_invitation_is_readable() -> None:
    text = (
        "BEGIN:VEVENT\nSUMMARY:Cash\\, again\nDTSTART:20260301T100000Z\n"
        "ORGANIZER;CN=Asel:mailto:a@x.kz\nLOCATION:Gara\n ge\nEND:VEVENT"
    )
    assert calendar.summary_of(text) == (
        "What: Cash, again\nWhen: 2026-03-01 10:00 UTC\nOrganizer: Asel <a@x.kz>\nWhere: Garage"
    )


def attribute(name: int, value: bytes) -> bytes:
    return b"\2" + struct.pack("<HHI", name, 6, len(value)) + value + b"\0\0"


WINMAIL = (
    tnef.SIGNATURE
    + b"\0\0"
    + attribute(0x800C, b"words\0")
    + attribute(0x9002, b"")
    + attribute(0x8010, b"a.pdf\0")
    + attribute(0x800F, b"%PDF")
)


def test_a_winmail_dat_is_unpacked_and_kept() -> None:
    raw = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n" + WINMAIL
    read = parse(raw, "")
    assert read.text == "words"
    assert [file.name for file in read.files] == ["winmail.dat", "a.pdf"]


def test_a_winmail_dat_cut_anywhere_is_read_as_far_as_it_goes() -> None:
    for end in range(len(WINMAIL)):
        tnef.unpack(WINMAIL[:end])


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        ("multipart/encrypted; boundary=x", ("encrypted",)),
        ("multipart/signed; boundary=x", ("signed",)),
        ("application/pkcs7-mime; smime-type=signed-data", ("signed",)),
        ("application/pkcs7-mime; smime-type=enveloped-data", ("encrypted",)),
    ],
)
def test_what_is_encrypted_or_signed_is_marked(kind: str, marks: tuple[str, ...]) -> None:
    assert parse(f"Content-Type: {kind}\r\n\r\n--x\r\n\r\na\r\n--x--".encode(), "").marks == marks


def test_a_name_that_hides_what_a_file_is_is_marked() -> None:
    name = "../bill\u202e.pdf.exe"
    raw = f'Content-Type: application/x-y; name="{name}"\r\n\r\nx'
    (file,) = parse(raw.encode(), "").files
    assert file.name == "bill.pdf.exe"
    assert set(file.marks) == {"hidden_name", "path_in_name", "double_ending"}


def test_a_forwarded_message_is_shown_below_its_files_name() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsee\r\n--x\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: b@x.kz\r\nSubject: cash\r\n\r\nbring it\r\n--x--"
    )
    shown = "see\n\n=== attachment-1.eml ===\nFrom: b@x.kz\nSubject: cash\n\nbring it"
    assert parse(raw, "").text == shown


def test_a_pictures_place_and_a_links_target_are_shown() -> None:
    raw = (
        b"Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n"
        b'<p>a <img src="cid:1"> <a href="https://evil.kz/x">https://bank.kz</a>'
        b'<img src="http://t.kz/p.gif"><script>x</script>\r\n--x\r\n'
        b"Content-Type: image/png; name=p.png\r\nContent-ID: <1>\r\n\r\npng\r\n--x--"
    )
    assert parse(raw, "").text == "a [p.png] https://bank.kz (https://evil.kz/x)"
