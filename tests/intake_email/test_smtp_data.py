"""Between DATA and the lone dot: the mail as it was sent, however it is cut up on its way."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.data import read_data

MANY = 1_000_000


async def read(*pieces: bytes, limit: int = MANY, holds: int = 1024) -> tuple[bytes | None, bytes]:
    """The mail, and what is left for the next command."""
    reader = asyncio.StreamReader(limit=holds)

    async def send() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    sending = asyncio.create_task(send())
    content = await read_data(reader, limit, lambda: None)
    await sending
    return content, await reader.read()


async def test_the_mail_is_what_comes_before_the_lone_dot() -> None:
    assert await read(b"Subject: x\r\n\r\nwords\r\n.\r\nQUIT\r\n") == (
        b"Subject: x\r\n\r\nwords\r\n",
        b"QUIT\r\n",
    )


async def test_an_empty_mail_ends_at_once() -> None:
    assert await read(b".\r\nQUIT\r\n") == (b"", b"QUIT\r\n")


async def test_dots_that_were_doubled_are_single_again() -> None:
    content, _ = await read(b"..a\r\n.b\r\n...\r\na..\r\n.\r\n")
    assert content == b".a\r\nb\r\n..\r\na..\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r"])
async def test_no_other_end_is_one(end: bytes) -> None:
    smuggled = b"a" + end + b"MAIL FROM:<b@example.kz>"
    content, left = await read(smuggled + b"\r\n.\r\n")
    assert left == b""
    assert content == smuggled.replace(b"\r\n.", b"\r\n") + b"\r\n"


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.", b"aaaa"]), max_size=30),
    st.integers(1, 9),
    st.integers(4, 12),
)
async def test_no_way_of_cutting_it_up_changes_the_mail(
    words: list[bytes], size: int, holds: int
) -> None:
    mail = b"".join(words) + b"\r\n"
    sent = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\nNOOP"
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert await read(*pieces, holds=holds) == (mail, b"NOOP")


async def test_a_mail_of_just_the_limit_is_taken_and_a_byte_more_is_not() -> None:
    mail = b"a" * 4998 + b"\r\n"
    for holds in (100, 10_000):
        assert await read(mail + b".\r\nNOOP", limit=5000, holds=holds) == (mail, b"NOOP")
        assert await read(b"a" + mail + b".\r\nNOOP", limit=5000, holds=holds) == (None, b"NOOP")


async def test_a_mail_that_breaks_off_is_none() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read(b"words\r\n.\r")


@pytest.mark.parametrize("line", [b"\r\n", b"..\r\n", b">a\r\n", b"\r", b"x"])
async def test_no_mail_takes_a_turn_for_each_of_its_lines(line: bytes) -> None:
    reader, turns = asyncio.StreamReader(limit=10_000), []
    reader.feed_data(line * (1_000_000 // len(line)) + b"\r\n.\r\n")
    await read_data(reader, 2 * MANY, lambda: turns.append(1))
    assert len(turns) <= 1_000_000 // 10_000 + 2
