"""The audit log's chain: whatever is done to it afterwards is found."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import audit_anchors, tables
from case_router.audit_chain import (
    START,
    Anchor,
    Entry,
    Fault,
    Head,
    Line,
    Link,
    Verification,
    link_hash,
    signed,
)
from case_router.audit_cli import verify
from case_router.chainer import Chainer
from tests.databases import database

KEY = Ed25519PrivateKey.generate()
THEN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
LENGTH = 300


def log_of(length: int) -> list[Line]:
    """As a chainer would have left it, a head on every tenth link and on the last."""
    lines, before = [], START
    for position in range(1, length + 1):
        at = THEN + timedelta(seconds=position)
        entry = Entry(
            position + 7, at, UUID(int=position % 5), "case.read", "2481632047", None, "::1"
        )
        before = link_hash(before, position, entry)
        head = None
        if position % 10 == 0 or position == length:
            head = Head(position, at, KEY.sign(signed(position, before, at)))
        lines.append(Line(Link(position, entry.entry, before), entry, head))
    return lines


def anchored(lines: list[Line]) -> list[Anchor]:
    last = lines[-1]
    assert last.head is not None
    assert last.link is not None
    return [Anchor(last.head, last.link.hash)]


def found(lines: list[Line], anchors: list[Anchor]) -> Fault | None:
    verification = Verification(KEY.public_key(), now=NOW, anchors=anchors)
    for line in lines:
        if fault := verification.feed(line):
            return fault
    return verification.end(None)


def edited(lines: list[Line], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    entry = lines[at].entry
    assert entry is not None
    changes: list[dict[str, Any]] = [
        {"action": "case.listed"},
        {"case_number": "2481632048"},
        {"account_id": None},
        {"object": "x"},
        {"address": None},
        {"at": entry.at + timedelta(microseconds=1)},
    ]
    lines[at] = lines[at]._replace(entry=entry._replace(**rng.choice(changes)))


def removed(lines: list[Line], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[at] = lines[at]._replace(entry=None)
    else:
        del lines[at]


def reordered(lines: list[Line], rng: random.Random) -> None:
    one, other = rng.sample(range(len(lines)), 2)
    first, second = lines[one].entry, lines[other].entry
    lines[one], lines[other] = (
        lines[one]._replace(entry=second),
        lines[other]._replace(entry=first),
    )


def cut(lines: list[Line], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines)) :]


def added(lines: list[Line], rng: random.Random) -> None:
    entry = Entry(9999, THEN, None, "case.read", None, None, None)
    lines.append(Line(None, entry))
    del rng


def rewritten(lines: list[Line], rng: random.Random) -> None:
    """By somebody who makes all hashes anew and leaves out heads, but has no key."""
    at = rng.randrange(len(lines))
    before = START
    for place, line in enumerate(lines):
        assert line.entry is not None
        assert line.link is not None
        entry = line.entry._replace(action="none") if place == at else line.entry
        before = link_hash(before, place + 1, entry)
        head = line.head if place < at else None
        lines[place] = Line(line.link._replace(hash=before), entry, head)


def test_a_log_that_nobody_touched_is_whole() -> None:
    lines = log_of(LENGTH)
    assert found(lines, anchored(lines)) is None


def test_a_thousand_changes_are_all_found() -> None:
    lines = log_of(LENGTH)
    anchors = anchored(lines)
    rng = random.Random(7)  # noqa: S311 - repeatable, not secret
    changes: list[Callable[[list[Line], random.Random], None]] = [
        edited,
        removed,
        reordered,
        cut,
        added,
        rewritten,
    ]
    for turn in range(1000):
        changed = list(lines)
        changes[turn % len(changes)](changed, rng)
        assert found(changed, anchors) is not None, (turn, changes[turn % len(changes)])


def test_a_false_signature_is_found() -> None:
    lines = log_of(20)
    head = lines[9].head
    assert head is not None
    lines[9] = lines[9]._replace(head=head._replace(signature=bytes(64)))
    assert found(lines, []) == Fault(10, "the signature of a head is false")


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with database(postgres_url, tables.metadata) as opened:
        yield opened


async def note(engine: AsyncEngine, count: int = 1) -> None:
    async with engine.begin() as connection:
        for _ in range(count):
            await connection.execute(text("INSERT INTO audit (action) VALUES ('case.read')"))


async def whole(engine: AsyncEngine, folder: Path) -> tuple[Fault | None, int]:
    return await verify(engine, KEY.public_key(), list(audit_anchors.read(folder)))


async def test_entries_that_are_committed_late_are_chained_and_none_twice(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    chainer = Chainer(engine, KEY, tmp_path)
    async with engine.begin() as late:
        await late.execute(text("INSERT INTO audit (action) VALUES ('case.opened')"))
        await note(engine, 3)
        assert await chainer.step() == 3
    assert [await chainer.step(), await chainer.step()] == [1, 0]
    assert await whole(engine, tmp_path) == (None, 4)


async def test_of_several_chainers_one_chains_at_a_time(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    chainers = [Chainer(engine, KEY, tmp_path) for _ in range(4)]
    for _ in range(5):
        await note(engine, 20)
        await asyncio.gather(*(chainer.step() for chainer in chainers))
    await chainers[0].step()
    assert await whole(engine, tmp_path) == (None, 100)


async def test_a_chainer_that_is_killed_in_the_middle_leaves_nothing_half_done(
    engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await note(engine, 5)
    chainer = Chainer(engine, KEY, tmp_path)

    def killed(*_args: object) -> Head:
        raise asyncio.CancelledError

    monkeypatch.setattr(chainer, "_signed", killed)
    with pytest.raises(asyncio.CancelledError):
        await chainer.step()
    assert await Chainer(engine, KEY, tmp_path).step() == 5
    assert await whole(engine, tmp_path) == (None, 5)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'case.listed' WHERE entry = 3",
        "DELETE FROM audit WHERE entry = 3",
        "DELETE FROM audit_chain WHERE position = 3",
        "DELETE FROM audit_chain WHERE position > 3",
        "UPDATE audit_chain SET entry = 3 - entry + 4 + 100 WHERE entry IN (3, 4)",
    ],
)
async def test_what_is_changed_in_the_database_is_found(
    engine: AsyncEngine, tmp_path: Path, statement: str
) -> None:
    await note(engine, 6)
    await Chainer(engine, KEY, tmp_path).step()
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    fault, _ = await whole(engine, tmp_path)
    assert fault is not None


async def test_each_day_that_is_over_has_its_anchor_and_days_that_were_missed_get_theirs(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    now = THEN
    chainer = Chainer(engine, KEY, tmp_path, lambda: now)
    for day in (0, 1, 4):
        now = THEN + timedelta(days=day)
        await note(engine, 2)
        await chainer.step()
        await chainer.anchor()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"2026-03-0{day}.json" for day in (1, 2, 3, 4)]
    assert await whole(engine, tmp_path) == (None, 6)


async def test_a_log_that_was_cut_off_with_its_heads_is_found_by_an_anchor(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    now = THEN
    chainer = Chainer(engine, KEY, tmp_path, lambda: now)
    await note(engine, 6)
    await chainer.step()
    now += timedelta(days=1)
    await chainer.anchor()
    async with engine.begin() as connection:
        for table in ("audit_heads", "audit_chain"):
            await connection.execute(text(f"DELETE FROM {table} WHERE position > 3"))
        await connection.execute(text("DELETE FROM audit WHERE entry > 3"))
    fault, _ = await whole(engine, tmp_path)
    assert fault == Fault(4, "the end was cut off: a signed head lies beyond it")


async def test_readiness_tells_of_a_chain_that_lags(engine: AsyncEngine, tmp_path: Path) -> None:
    await note(engine)
    late = datetime.now(UTC) + timedelta(minutes=2)
    chainer = Chainer(engine, KEY, tmp_path, lambda: late)
    assert "late" in (await chainer.check() or "")
    await chainer.step()
    assert await chainer.check() is None
