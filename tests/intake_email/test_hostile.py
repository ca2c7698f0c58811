"""What is made to break a parser is kept whole, within the child's 10 s and 512 MB."""

from __future__ import annotations

from uuid import uuid4

import pytest

from intake_email.accept import RawKeys
from intake_email.readers import Readers
from speakup.keys import KeyFolder
from speakup.sandbox import open_sandbox
from tests.building import make_keys

MULTI = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
HOSTILE = {
    "1,000 nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n)
        for n in range(1000)
    ),
    "100,000 parts": MULTI + b"--x\r\n\r\na\r\n" * 100_000,
    "2.5 million lines": b"Subject: x\r\n\r\n" + b">a\r\n" * 2_500_000,
    "a megabyte of header": b"X: " + b"a" * 1_000_000 + b"\r\n\r\nwords",
    "forwarded in forwarded": b"Content-Type: message/rfc822\r\n\r\n" * 5000,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_bomb_is_read_in_the_child(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = RawKeys(make_keys(KeyFolder(tmp_path_factory.mktemp("keys"))))
    async with open_sandbox("intake_email.reading:read_several", children=1) as sandbox:
        reading, _ = await Readers(sandbox, children=1).read(
            keys.job(uuid4(), "a@example.kz", None), HOSTILE[name]
        )
    assert not reading.unparsed
