"""A winmail.dat whose only words are compressed RTF is readable; nothing in it expands beyond its bound."""

from __future__ import annotations

import struct
import time

import pytest

from intake_email import rtf, tnef
from intake_email.parse import parse

# MS-OXRTFCP, 3.1: the specification's own examples.
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c09"
    "0020627705b06c647d0a800fa0"
)
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")

WRAPPED = (
    rb"{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl{\f0\fswiss\fcharset204 Arial;}}"
    rb"{\colortbl\red0\green0\blue0;}\uc1\pard\plain\deftab360 \f0\fs24"
    rb"{\*\htmltag19 <html>}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 \'cf\'f0\'e8\'e2\'e5\'f2 "
    rb"{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 \u1178?! "
    rb'{\*\htmltag84 <a href="https://x.kz/t">}link{\*\htmltag92 </a>}\htmlrtf\par}\htmlrtf0'
    rb"{\*\htmltag84 <img src=http://t.kz/p.gif>}{\*\htmltag72 </p>}}"
)


def uncompressed(text: bytes) -> bytes:
    return struct.pack("<II4sI", len(text) + 12, len(text), b"MELA", 0) + text


def winmail(packed: bytes) -> bytes:
    """A mail of nothing but a winmail.dat with that compressed RTF."""
    properties = struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(packed)) + packed
    return (
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
        + tnef.SIGNATURE
        + b"\0\0\1"
        + struct.pack("<HHI", 0x9003, 6, len(properties))
        + properties
        + b"\0\0"
    )


def test_the_specifications_examples_are_expanded() -> None:
    assert rtf.expand(HELLO) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.expand(CROSSING) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_a_winmail_dat_of_compressed_rtf_alone_is_readable_and_kept() -> None:
    read = parse(winmail(HELLO), "")
    assert read.text == "hello world"
    assert [(file.name, file.content) for file in read.files] == [
        ("winmail.dat", winmail(HELLO).partition(b"\r\n\r\n")[2])
    ]


def test_html_wrapped_in_rtf_is_read_as_html() -> None:
    assert parse(winmail(uncompressed(WRAPPED)), "").text == "Привет <Қ! link (https://x.kz/t)"


def test_letters_are_read_by_their_fonts_charset_and_as_unicode() -> None:
    text = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}{\f1 B;}}{\*\generator x;}"
        rb"{\f0 \'cf\'f0}{\f1 \'e9\u1178 ?\u-10179?\u-8704?}\par {\pict 00ff}x\bin3 {{{y\{}"
    )
    assert rtf.words_of(text).text == "ПрéҚ😀\nxy{"


@pytest.mark.parametrize("whole", [HELLO, CROSSING, uncompressed(WRAPPED)])
def test_what_is_cut_anywhere_or_wrong_in_any_byte_is_read_as_far_as_it_goes(whole: bytes) -> None:
    for place in range(len(whole)):
        for packed in (whole[:place], whole[:place] + b"\xff" + whole[place + 1 :]):
            rtf.words_of(rtf.expand(packed)).text.encode()


@pytest.mark.parametrize(
    "bomb",
    [b"{", b"}", b"\\par", b"\\u1 ", b"{\\f1 ", b"\\'aa", b"\\*\\x{", b"\\u-9999999 ", b"\\bin9 "],
)
def test_an_rtf_bomb_is_read_in_time(bomb: bytes) -> None:
    started = time.process_time()
    text = rtf.words_of(b"{" + bomb * 3_000_000).text
    assert len(text) <= rtf.RTF_BYTES
    assert time.process_time() - started < 5


def test_what_expands_without_end_is_cut() -> None:
    # Each reference repeats the 17 bytes written last.
    content, at = bytearray(), 207
    for _ in range(30_000):
        content.append(0xFF)
        for _ in range(8):
            content += ((at - 17) % 4096 << 4 | 15).to_bytes(2, "big")
            at += 17
    packed = struct.pack("<II4sI", len(content) + 12, 0, b"LZFu", 0) + content
    assert len(rtf.expand(packed)) == rtf.RTF_BYTES
