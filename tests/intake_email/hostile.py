"""Mails made to break a parser, or to make it do what it shouldn't."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Callable

from intake_email.tnef import SIGNATURE

MULTI = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
PAGE = b"Content-Type: text/html\r\n\r\n"
MEGABYTE = 1_000_000

BOMBS: dict[str, Callable[[], bytes]] = {
    "1,000 nested parts": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n)
        for n in range(1000)
    ),
    "100,000 parts": lambda: MULTI + b"--x\r\n\r\na\r\n" * 100_000,
    "2.5 million lines": lambda: b"Subject: x\r\n\r\n" + b">a\r\n" * 2_500_000,
    "a megabyte of header": lambda: b"X: " + b"a" * MEGABYTE + b"\r\n\r\nwords",
    "two megabytes of header fields": lambda: b"X: a\r\n" * (MEGABYTE // 3) + b"\r\nwords",
    "a megabyte of subject": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 80_000 + b"\r\n\r\nwords",
    "a megabyte of senders": lambda: (b'From: "' + b'\\"' * 1990 + b"\r\n") * 240 + b"\r\nwords",
    "forwarded in forwarded": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "parameters of parameters": lambda: (
        MULTI + (b'--x\r\nContent-Type: a/b; name="' + b";" * 15_900 + b"\r\n\r\na\r\n") * 1000
    ),
    "multiparts without parts": lambda: (
        MULTI
        + b"".join(
            b"--x\r\nContent-Type: multipart/mixed; boundary=y%d\r\n\r\n" % n
            + (b"--y%d\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n" % n) * 300
            for n in range(300)
        )
    ),
    "every line flows": lambda: (
        b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 600_000
    ),
    "a line of blanks": lambda: b"Subject: x\r\n\r\na\r\n" + b" " * 4 * MEGABYTE + b"x",
    "every line begins a thread": lambda: (
        b"In-Reply-To: <a@b>\r\n\r\n" + b"From:\r\n\r\n" * 500_000
    ),
    "base64 of nothing but padding": lambda: (
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * 9 * MEGABYTE
    ),
    "uuencoded emptiness": lambda: (
        b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 a\n" + b"\n" * 30 * MEGABYTE
    ),
    "tables of 180,000 cells": lambda: PAGE + b"<table>" + b"<tr>" * 100 + b"<td>x" * 180_000,
    "a wide table of many rows": lambda: (
        PAGE + b"<table><tr><td>" + b"x" * 100_000 + b"<tr><td>y" * 40_000
    ),
    "spaces by style": lambda: (
        PAGE + b"<div style='padding-left:9999em;margin-top:999999999em'>x" * 9000
    ),
    "lists in lists": lambda: PAGE + b"<ul>" * 240 + b"<li>x" * 100_000,
    "elements in elements": lambda: PAGE + b"<blockquote>x" * 70_000,
    "entities of entities": lambda: (
        PAGE
        + b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'>"
        + b"".join(
            b"<!ENTITY %c '%s'>" % (n, b"&%c;" % (n - 1) * 10) for n in range(ord("b"), ord("z"))
        )
        + b"]><p>&y;</p>"
    ),
    "40 MB of text": lambda: b"Subject: x\r\n\r\n" + "слова ".encode() * 3_800_000,
    "40 MB of attachment": lambda: (
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(bytes(31 * MEGABYTE))
    ),
}
"""All of them at most 40 MiB."""


def zip_bomb(depth: int = 3) -> bytes:
    """Zips within zips, like 42.zip: each expands to 16 of the next, at last to 16 times a gigabyte's start."""
    inner = bytes(4 * MEGABYTE)
    for level in range(depth):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16 if level else 4):
                archive.writestr(f"{level}-{number}", inner)
        inner = packed.getvalue()
    return inner


PACKED: dict[str, Callable[[], bytes]] = {
    "42.zip": zip_bomb,
    "page.html.gz": lambda: gzip.compress(b"<p>" + b"a" * 30 * MEGABYTE),
    "twice.gz": lambda: gzip.compress(gzip.compress(bytes(50 * MEGABYTE))),
}

REACHING_OUT = (
    b"From: a@example.kz\r\nSubject: look\r\n" + MULTI + b"--x\r\nContent-Type: text/html\r\n\r\n"
    b"<html><head><link rel=stylesheet href=http://track.example/s.css><base href=http://track.example>"
    b"<meta http-equiv=refresh content='0;url=http://track.example/r'>"
    b"<style>@import url(http://track.example/i.css); p {background: url(//track.example/b.png)}</style>"
    b"<script src=http://track.example/j.js></script></head><body onload=alert(1)>"
    b"<p>Diesel <img src='http://track.example/p.gif?id=1' width=1 height=1>is sold "
    b"<svg onload=alert(2)><image href=http://track.example/v.svg></svg>"
    b"<iframe src=http://track.example/f></iframe><object data=http://track.example/o></object>"
    b"<video poster=http://track.example/v><source src=http://track.example/w></video>"
    b"<script>document.write('stolen')</script>"
    b"<a href='https://click.example/?u=1'>at night</a>"
    b"<a href='javascript:alert(3)'>!</a></p>\r\n"
    b'--x\r\nContent-Type: message/external-body; access-type=URL; URL="http://track.example/e"\r\n\r\n'
    b"Content-Type: text/plain\r\n\r\n"
    b"--x\r\nContent-Type: message/external-body; access-type=anon-ftp; site=track.example; name=a\r\n\r\n"
    b"Content-Type: text/plain\r\n\r\n"
    b"--x\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\n"
    b"crl http://track.example/crl\r\n"
    b"--x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
    + SIGNATURE
    + b"\0\0 http://track.example/t\r\n"
    b"--x\r\nContent-Type: image/svg+xml; name=a.svg\r\n\r\n"
    b'<!DOCTYPE s [<!ENTITY e SYSTEM "http://track.example/x">]><svg>&e;</svg>\r\n'
    b"--x\r\nContent-Type: application/xhtml+xml\r\n\r\n"
    b'<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e;</p>\r\n--x--\r\n'
)
"""What a program that is less careful fetches, runs or opens."""

_HIDING = "\u202etxt.\u2066exe\u2069\u200f\u061c"
NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\Windows\\System32\\calc.exe": "calc.exe",
    "/": "attachment-1.bin",
    "..": "attachment-1.bin",
    "invoice.pdf.exe": "invoice.pdf.exe",
    f"a{_HIDING}": "atxt.exe",
    "a\u2028b\u2029c": "a b c",
    "a\x00b\x1b[31m.txt": "ab[31m.txt",
    "x" * 400 + ".pdf": "x" * 251 + ".pdf",
}
"""Names as strangers choose them, and what is left of them."""

MAILS: dict[str, bytes] = {
    "reaching out": REACHING_OUT,
    "injecting": (
        b"From: =?utf-8?q?A=0D=0ABcc:_b=40x.kz?= <a@example.kz>\r\n"
        b"Subject: =?utf-8?b?" + base64.b64encode(b"x\r\nBcc: b@x.kz\r\n\r\nbody\0") + b"?=\r\n"
        b"Message-ID: <1@x.kz\r\n\r\n"
    ),
}
