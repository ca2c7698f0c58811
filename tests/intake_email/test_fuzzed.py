"""What fuzzing (tests/fuzz/parser.py) and looking for the square of things have found, in the smallest form."""

from __future__ import annotations

import struct

import pytest

from intake_email.parse import parse
from intake_email.tnef import SIGNATURE
from tests.intake_email import hostile


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Type: a/b; name*=a; name*0*=b",
        b"Content-Type: multipart/mixed; boundary*=x; boundary*0=x",
        b"Content-Disposition: attachment; filename*=a; filename*0*=b",
    ],
)
def test_a_parameter_in_pieces_with_and_without_a_number_does_not_cost_the_mail(
    field: bytes,
) -> None:
    # TypeError in email.utils.decode_params.
    read = parse(b"Subject: x\r\n" + field + b"\r\n\r\nwords", "")
    assert (read.text or read.files[0].content.decode()) == "words"


@pytest.mark.parametrize(("said", "name"), hostile.NAMES.items())
def test_a_name_in_a_winmail_dat_is_as_harmless_as_any(said: str, name: str) -> None:
    # No header's decoding has put it right before.
    title = said.encode("utf-16-le")
    properties = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(title)) + title
    properties += b"\0" * (-len(title) % 4)
    raw = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n" + SIGNATURE + b"\0\0"
    for attribute, value in ((0x9002, b""), (0x800F, b"content"), (0x9005, properties)):
        raw += b"\2" + struct.pack("<HHI", attribute, 6, len(value)) + value + b"\0\0"
    names = [file.name for file in parse(raw, "").files]
    expected = name.replace("attachment-1", "attachment-2")
    assert names == ["winmail.dat", expected.replace("a b c", "abc")]


@pytest.mark.parametrize(("said", "name"), hostile.NAMES.items())
def test_a_name_in_a_header_is_harmless(said: str, name: str) -> None:
    quoted = said.replace("\\", "\\\\")
    raw = f'Content-Type: application/x-y; name="{quoted}"\r\n\r\nx'.encode()
    (file,) = parse(raw, "").files
    assert file.name == name
