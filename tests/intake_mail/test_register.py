"""The register: what it takes, how it numbers, and that nothing in it is ever written over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_mail import register, store, tables
from intake_mail.register import Entry
from speakup.staff import Role, Staff
from tests.databases import database

STAFF = Staff(str(UUID(int=1)), "mailroom", Role.mailroom, narratives=False)
DAY = date(2026, 11, 20)


def entry(**facts: Any) -> Entry:
    given: dict[str, Any] = {
        "received_on": DAY,
        "opened_by": "A. Serikova",
        "witnessed_by": "B. Ivanov",
    }
    return Entry.model_validate(given | facts)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of its own for each test."""
    async with database(postgres_url, tables.metadata) as opened:
        yield opened


async def add(engine: AsyncEngine, given: Entry | None = None) -> tuple[UUID, str]:
    letter_id = uuid4()
    async with engine.begin() as connection:
        return letter_id, await store.add(connection, letter_id, given or entry(), STAFF)


@given(year=st.integers(1000, 9999), place=st.integers(1, 999_999))
def test_a_number_is_read_as_it_was_written(year: int, place: int) -> None:
    assert register.parse_number(register.number(year, place)) == (year, place)


@pytest.mark.parametrize(
    "text", ["", "2026-M-1", "2026-m-000001", " 2026-M-000001", "2026-M-0000011"]
)
def test_another_text_is_no_number(text: str) -> None:
    assert register.parse_number(text) is None


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"witnessed_by": "a. serikova"}, "in the presence of another"),
        ({"opened_by": " "}, "at least 1 character"),
        ({"postmarked_on": DAY + timedelta(days=1)}, "postmarked after it came"),
        ({"enclosures": "a photo\u202egnp.exe"}, "only letters, digits"),
        ({"storage_place": "safe 3\nshelf 2"}, "only letters, digits"),
        ({"storage_place": "x" * 201}, "at most 200 characters"),
        ({"received_on": "2026-02-30"}, "date"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_in_words(facts: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        entry(**facts)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_day_that_cannot_be_right_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="the day on which the letter came"):
        register.require_believable(entry(), DAY + timedelta(days=days))
    register.require_believable(entry(), DAY)


async def test_letters_are_numbered_from_one_in_each_year(engine: AsyncEngine) -> None:
    numbers = [(await add(engine))[1] for _ in range(2)]
    numbers.append((await add(engine, entry(received_on=date(2025, 12, 30))))[1])
    assert numbers == ["2026-M-000001", "2026-M-000002", "2025-M-000001"]


async def test_numbers_have_no_gap_whoever_fails_and_however_many_add_at_once(
    engine: AsyncEngine,
) -> None:
    async def fail() -> None:
        async with engine.connect() as connection:
            await store.add(connection, uuid4(), entry(), STAFF)
            await connection.rollback()

    await asyncio.gather(*(fail() if n % 3 else add(engine) for n in range(30)))
    async with engine.connect() as connection:
        numbers = [line.number for line in await store.lines(connection)]
    assert numbers == [register.number(2026, place) for place in range(10, 0, -1)]


async def test_a_correction_is_a_version_with_who_and_why_and_the_first_stays(
    engine: AsyncEngine,
) -> None:
    letter_id, number = await add(engine)
    right = entry(received_on=date(2025, 12, 31), storage_place="safe 3")
    async with engine.begin() as connection:
        assert (
            await store.correct(
                connection, letter_id, right, STAFF, after=1, reason="the stamp was misread"
            )
            == 2
        )
    async with engine.connect() as connection:
        (line,) = await store.lines(connection)
        first, second = await store.versions(connection, letter_id)
    assert (line.number, line.version, line.entry) == (number, 2, right)
    assert (first.entry, first.reason) == (entry(), None)
    assert (second.entry, second.by, second.reason) == (right, "mailroom", "the stamp was misread")


async def test_two_corrections_of_the_same_version_are_one(engine: AsyncEngine) -> None:
    letter_id, _ = await add(engine)

    async def correct() -> None:
        async with engine.begin() as connection:
            await store.correct(connection, letter_id, entry(), STAFF, after=1, reason="a slip")

    results = await asyncio.gather(correct(), correct(), return_exceptions=True)
    assert sorted(map(str, results)) == ["", "None"]
    assert [type(error) for error in results if error] == [store.ChangedMeanwhileError]


async def test_what_is_not_there_is_not_corrected(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        with pytest.raises(KeyError):
            await store.correct(connection, uuid4(), entry(), STAFF, after=1, reason="a slip")


async def test_the_hashes_of_the_scans_stand_in_the_register(engine: AsyncEngine) -> None:
    letter_id, _ = await add(engine)
    async with engine.begin() as connection:
        await store.add_scan(connection, letter_id, 1, b"\x01" * 32, 10)
        await store.add_scan(connection, letter_id, 2, b"\x02" * 32, 20)
    async with engine.connect() as connection:
        (line,) = await store.lines(connection)
    assert line.sha256 == ("01" * 32, "02" * 32)


async def test_the_register_is_read_page_by_page_and_by_year(engine: AsyncEngine) -> None:
    for _ in range(3):
        await add(engine)
    await add(engine, entry(received_on=date(2025, 12, 30)))
    async with engine.connect() as connection:
        first = await store.lines(connection, limit=2)
        rest = await store.lines(connection, before=(2026, 2))
        before = await store.lines(connection, year=2025)
    assert [line.number[-1] for line in first] == ["3", "2"]
    assert [line.number for line in rest] == ["2026-M-000001", "2025-M-000001"]
    assert [line.number for line in before] == ["2025-M-000001"]
