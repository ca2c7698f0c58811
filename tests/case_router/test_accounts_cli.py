"""`python -m case_router accounts`: making accounts, once; resetting them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from case_router import accounts_cli
from case_router.settings import Settings
from case_router.store import accounts
from tests.case_router.test_account import enrol
from tests.case_router.world import World

FIRST = ("admin", "chair", "officer", "handler", "auditor", "mailroom")


@pytest.fixture
def at_this_database(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    url = make_url(world.engine.url)
    monkeypatch.setattr(Settings, "database", lambda _settings, _name: url)
    return world


async def run(*argv: str) -> int:
    """In a thread: the command has an event loop of its own."""
    return await asyncio.to_thread(accounts_cli.main, list(argv))


async def everybody(world: World) -> Sequence[tuple[str, str, str]]:
    rows = await world.rows("SELECT name, role, password_hash FROM accounts ORDER BY name")
    return [tuple(row) for row in rows]


async def test_a_new_account_can_sign_in_with_the_printed_password(
    at_this_database: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("add", "aigerim.s", "handler") == 0
    password = capsys.readouterr().out.strip()
    assert len(password) == 20
    answer = await at_this_database.sign_in("aigerim.s", password=password)
    assert answer.status_code == 200


async def test_a_name_that_is_taken_stays_as_it_is(
    at_this_database: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await everybody(at_this_database)
    assert await run("add", "officer", "admin") == 1
    assert "reset officer" in capsys.readouterr().err
    assert await everybody(at_this_database) == before


@pytest.mark.parametrize("name", ["Officer", "a b", "1st", ".x", "x" * 65])
async def test_a_name_that_cannot_be_typed_is_refused(at_this_database: World, name: str) -> None:
    assert await run("add", name, "handler") == 1
    assert await at_this_database.rows("SELECT 1 FROM accounts WHERE name = :n", n=name) == []


async def test_the_first_accounts_are_made_from_their_file_once(
    at_this_database: World, tmp_path: Path
) -> None:
    await at_this_database.execute("DELETE FROM accounts WHERE name != 'officer'")
    file = tmp_path / "first-accounts.txt"
    file.write_text("".join(f"{name} password-of-{name}\n" for name in FIRST) + "\n")
    ((_, _, kept),) = await everybody(at_this_database)
    assert await run("add-from", str(file)) == 0
    made = await everybody(at_this_database)
    assert [(name, role) for name, role, _ in made] == [(name, name) for name in sorted(FIRST)]
    assert (await at_this_database.sign_in("chair", password="password-of-chair")).is_success
    assert await run("add-from", str(file)) == 0
    assert await everybody(at_this_database) == made
    assert kept in [hashed for _, _, hashed in made]


async def test_a_file_of_others_makes_no_account(at_this_database: World, tmp_path: Path) -> None:
    before = await everybody(at_this_database)
    file = tmp_path / "accounts.txt"
    for line in ("root secret-password", "nobody"):
        file.write_text(line)
        assert await run("add-from", str(file)) == 1
    assert await everybody(at_this_database) == before


async def test_a_reset_account_has_a_new_password_and_no_second_factor(
    at_this_database: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await enrol(at_this_database)
    for _ in range(accounts.FREE_FAILURES + 1):
        await at_this_database.sign_in(password="wrong")
    assert await run("reset", "officer") == 0
    password = capsys.readouterr().out.splitlines()[-1]
    assert (await at_this_database.sign_in(password=password)).is_success
    assert (await at_this_database.sign_in()).status_code == 401


async def test_an_account_that_is_not_there_cannot_be_reset(
    at_this_database: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("reset", "nobody") == 1
    assert "no account nobody" in capsys.readouterr().err
