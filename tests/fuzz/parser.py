"""Fuzzes what the limited child does with a stranger's bytes, guided by coverage (atheris, libFuzzer).

Atheris is no package of this project. In a virtual environment of its own that sees the project's:

    python3.11 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    echo "$PWD/.venv/lib/python3.11/site-packages" > /tmp/fuzz/lib/python3.11/site-packages/project.pth
    mkdir /tmp/found && PYTHONPATH=. /tmp/fuzz/bin/python tests/fuzz/parser.py --seeds /tmp/found CORPUS
    PYTHONPATH=. /tmp/fuzz/bin/python tests/fuzz/parser.py -max_total_time=700 -timeout=20 -max_len=16384 \\
        -artifact_prefix=/tmp/found- /tmp/found

The first run writes seeds: the tests' own hostile mails and small ones of a folder CORPUS of `.eml` and `.box`
files, if given. A finding is the input in `/tmp/found-*`; its smallest form belongs into
tests/intake_email/test_fuzzed.py.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from pathlib import Path

try:
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]
except ImportError:  # one input can be tried again without it
    atheris = None
else:
    with atheris.instrument_imports(include=["intake_email", "inscriptis"]):
        import intake_email.reading  # noqa: F401

from intake_email import rtf, tnef
from intake_email.authentication import results_of
from intake_email.headers import split
from intake_email.mail import Mail
from intake_email.parse import parse
from speakup.submission import Content

SECONDS = 5
_OUT_OF_PLACE = re.compile(
    "[\x00-\x1f\x7f-\x9f/\\\\\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ID = re.compile("<[!-;=?-~]{1,500}>")


def check(raw: bytes) -> None:
    """Raises for whatever the child may not do with these bytes."""
    started = time.process_time()
    headers, body = split(raw)
    assert headers + body == raw
    results_of(headers, "mx.example.kz")
    mail = parse(raw, "sender@example.kz")
    _check_lines(mail)
    for text in (mail.text, mail.quoted):
        assert not _NO_TEXT.search(text), "a control character in the text"
    for file in mail.files:
        assert 1 <= len(file.name) <= 255, "length of a name"
        assert not _OUT_OF_PLACE.search(file.name), "a path or a hiding mark in a name"
        assert file.name.strip(". "), "a name that is no name"
        assert file.content_type.isascii(), "type of a file"
        assert file.content_type.isprintable(), "type of a file"
    _stored(mail)
    assert time.process_time() - started < SECONDS, "too slow"


def _check_lines(mail: Mail) -> None:
    traits = mail.traits
    for line in (mail.subject, mail.address, mail.name, traits.author, traits.answer_to):
        assert not _NO_LINE.search(line), "a control character in a line"
    for one in (*mail.references, *filter(None, [mail.message_id]), *traits.references):
        assert _ID.fullmatch(one), "a Message-ID that is none"


def _stored(mail: Mail) -> None:
    content = Content(subject=mail.subject, text=mail.text, quoted=mail.quoted, marks=mail.marks)
    assert Content.model_validate_json(content.model_dump_json().encode()) == content
    mail.traits.model_dump_json().encode()
    "\n".join((mail.address, mail.name, *(file.name for file in mail.files))).encode()


def one_input(data: bytes) -> None:
    """A mail; or, by how it begins, a winmail.dat, a page or an invitation within one; or an RTF."""
    if data.startswith((b"{", b"LZFu")):
        size = len(data) + 12
        rtf.words_of(rtf.expand(size.to_bytes(4, "little") + bytes(4) + b"LZFu" + data))
        rtf.words_of(data).text.encode()
        return
    if data.startswith(tnef.SIGNATURE):
        tnef.unpack(data)
        data = b"Content-Type: application/ms-tnef\r\n\r\n" + data
    elif data.startswith(b"<"):
        data = b"Content-Type: text/html\r\n\r\n" + data
    elif data.startswith(b"BEGIN:"):
        data = b"Content-Type: text/calendar; name=a.ics\r\n\r\n" + data
    check(data)


def write_seeds(into: Path, corpus: Path | None) -> None:
    """Small mails to begin with."""
    from tests.intake_email import hostile

    mails = [mail for mail in hostile.MAILS.values() if len(mail) < 20_000]
    if corpus:
        paths = sorted(p for p in corpus.rglob("*") if p.suffix in (".eml", ".box"))
        small = [path for path in paths if path.stat().st_size <= 12_000]
        mails += [path.read_bytes() for path in small[:: max(1, len(small) // 300)]]
    for mail in mails:
        (into / hashlib.sha256(mail).hexdigest()[:16]).write_bytes(mail)


def main() -> None:
    """Seeds, one input again, or the fuzzer."""
    if sys.argv[1:2] == ["--seeds"]:
        write_seeds(Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else None)
    elif atheris is None:
        for name in sys.argv[1:]:
            one_input(Path(name).read_bytes())
    else:
        atheris.Setup(sys.argv, one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
