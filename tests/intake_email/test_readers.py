"""Mails share a child's frame; what one of them does to the child, the others don't feel."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from intake_email.accept import RawKeys
from intake_email.readers import GROUP, GROUP_BYTES, Readers
from intake_email.reading import Job, pack_several, read_several, unpack_several
from speakup.keys import KeyFolder
from speakup.sandbox import Sandbox, SandboxError
from tests.building import make_keys

MAIL = b"From: a@example.kz\r\n\r\nThe foreman sells our diesel.\r\n"
DEADLY = b"From: a@example.kz\r\n\r\ndeadly\r\n"


class Child(Sandbox):
    """Does its work here and ends, as a killed child does, at a deadly mail."""

    def __init__(self) -> None:
        self.frames: list[list[bytes]] = []

    async def run(self, job: bytes) -> bytes:
        """The result, after others had a chance to come."""
        await asyncio.sleep(0)
        self.frames.append(unpack_several(job))
        if b"deadly" in job:
            raise SandboxError("crashed")
        return read_several(job)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> RawKeys:
    return RawKeys(make_keys(KeyFolder(tmp_path_factory.mktemp("keys"))))


def job(keys: RawKeys) -> Job:
    return keys.job(uuid4(), "a@example.kz", None)


async def unparsed(readers: Readers, keys: RawKeys, mails: list[bytes]) -> list[bool]:
    read = await asyncio.gather(*(readers.read(job(keys), mail) for mail in mails))
    return [reading.unparsed for reading, _ in read]


async def test_mails_that_wait_for_a_child_go_to_it_together(keys: RawKeys) -> None:
    child = Child()
    await unparsed(Readers(child, children=1), keys, [MAIL] * 10)
    assert [len(frame) for frame in child.frames] == [10]


async def test_a_mail_that_comes_as_the_last_one_is_done_is_read(keys: RawKeys) -> None:
    readers = Readers(Child(), children=1)
    async with asyncio.timeout(30):
        for _ in range(3):
            await readers.read(job(keys), MAIL)


async def test_a_group_has_a_bound_in_mails_and_in_bytes(keys: RawKeys) -> None:
    child = Child()
    large = MAIL + b"x" * GROUP_BYTES
    await unparsed(Readers(child, children=1), keys, [MAIL] * (GROUP + 1) + [large, MAIL])
    assert [len(frame) for frame in child.frames] == [GROUP, 1, 1, 1]


async def test_only_the_mail_that_kills_a_child_is_unparsed(keys: RawKeys) -> None:
    mails = [MAIL, DEADLY, MAIL]
    assert await unparsed(Readers(Child(), children=1), keys, mails) == [False, True, False]


async def test_an_answer_that_lacks_a_mail_is_asked_for_one_by_one(keys: RawKeys) -> None:
    class Forgetful(Child):
        async def run(self, job: bytes) -> bytes:
            results = unpack_several(await super().run(job))
            return pack_several(results[:1])

    child = Forgetful()
    assert await unparsed(Readers(child, children=1), keys, [MAIL, MAIL]) == [False, False]
    assert [len(frame) for frame in child.frames] == [2, 1, 1]
