"""What is made to break a parser is one submission, kept to the byte, within the child's 10 s and 512 MB."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from intake_email.reading import Job, pack, read, unpack_reading
from speakup.blobs import BlobStore
from speakup.seal import PrivateKey
from tests.intake_email import hostile
from tests.intake_email.intake import HOTLINE, Intake, open_intake, readers

SECONDS, MEGABYTES = 10, 512


@pytest.fixture(scope="module")
async def shared(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Intake]:
    """One child for all, which must live through them."""
    async with open_intake(postgres_url, tmp_path_factory.mktemp("hostile")) as opened:
        yield opened


def _peak(child: psutil.Process) -> int:
    """Megabytes of memory that it has had at most."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@pytest.mark.parametrize("name", hostile.BOMBS)
async def test_a_bomb_is_one_submission_read_and_kept_whole(shared: Intake, name: str) -> None:
    raw = hostile.BOMBS[name]()
    assert len(raw) <= 40 * 2**20
    shared.published.records.clear()
    before = {child.pid: child.cpu_times().user for child in readers()}
    started = time.monotonic()
    await shared.acceptor.accept(raw, "a@example.kz", HOTLINE)
    assert time.monotonic() - started < 2 * SECONDS
    (payload,) = shared.payloads()
    assert not payload.unparsed
    assert await shared.raw(payload) == raw
    for child in readers():
        assert child.cpu_times().user - before.get(child.pid, 0) < SECONDS
        assert _peak(child) < MEGABYTES


async def test_what_a_child_has_no_room_for_is_kept_and_marked(
    postgres_url: str, tmp_path: Path
) -> None:
    raw = hostile.BOMBS["40 MB of attachment"]()
    async with open_intake(postgres_url, tmp_path, megabytes=150) as intake:
        await intake.acceptor.accept(raw, "a@example.kz", HOTLINE)
        (payload,) = intake.payloads()
        assert payload.unparsed
        assert await intake.raw(payload) == raw


@pytest.mark.parametrize("name", hostile.PACKED)
async def test_an_archive_is_kept_as_it_is_and_never_unpacked(shared: Intake, name: str) -> None:
    packed = hostile.PACKED[name]()
    kind = b"application/zip" if name.endswith("zip") else b"application/gzip"
    raw = (
        hostile.MULTI
        + b"--x\r\n\r\nsee\r\n--x\r\nContent-Type: "
        + kind
        + b"; name="
        + name.encode()
        + b"\r\nContent-Encoding: gzip\r\n\r\n"
        + packed
        + b"\r\n--x--"
    )
    shared.published.records.clear()
    await shared.acceptor.accept(raw, "a@example.kz", HOTLINE)
    (payload,) = shared.payloads()
    content = shared.content(payload)
    assert content.text == "see"
    (file,) = content.attachments
    assert file.name == name
    assert await BlobStore(shared.blobs.as_uri()).get(file.blob) == packed
    assert await shared.raw(payload) == raw


def test_a_zip_bomb_costs_no_more_than_its_own_size() -> None:
    packed = hostile.zip_bomb()
    raw = b"Content-Type: application/zip\r\n\r\n" + packed
    public = ("trial", PrivateKey.generate("trial").public_raw())
    job = Job(
        submission_id="1",
        envelope_from="a@example.kz",
        pin=None,
        intake=public,
        contact=public,
        unsealing=public,
    )
    started = time.process_time()
    _, blobs = unpack_reading(read(pack(job, raw)))
    assert time.process_time() - started < 1
    assert sum(len(sealed) for _, sealed in blobs) < 3 * len(packed)


async def test_a_sender_in_the_hotlines_own_name_is_a_case_and_gets_no_answer(
    shared: Intake,
) -> None:
    for number, field in enumerate(("From", "Reply-To", "From: a@example.kz\r\nReply-To")):
        raw = f"{field}: Hotline <{HOTLINE}>\r\nMessage-ID: <own{number}@x.kz>\r\n\r\nPay".encode()
        shared.published.records.clear()
        await shared.acceptor.accept(raw, "a@example.kz", HOTLINE)
        (payload,) = shared.payloads()
        assert not payload.answerable
        assert await shared.raw(payload) == raw
