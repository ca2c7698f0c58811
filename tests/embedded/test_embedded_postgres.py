"""The embedded PostgreSQL keeps what it has said is kept, and is found well again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from embedded import accounts, orphans, ports, postgres_folder
from embedded.postgres import Postgres, start_postgres
from tests.waiting import eventually


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    with start_postgres(tmp_path) as started:
        yield started


async def count(postgres: Postgres) -> int:
    connection = await asyncpg.connect(postgres.url)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM kept")
    finally:
        await connection.close()
    return found


async def keep_one(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        await connection.execute("INSERT INTO kept VALUES (1)")
    finally:
        await connection.close()


def data_of(postgres: Postgres) -> Path:
    return Path(f"/proc/{postgres.pid}/cwd").resolve()


async def test_rows_survive_kill_minus_9(postgres: Postgres) -> None:
    await keep_one(postgres)
    port = postgres.port
    postgres.kill()
    postgres.start()
    assert await count(postgres) == 1
    assert postgres.port == port


async def test_a_stale_file_that_names_a_living_process_does_no_harm(postgres: Postgres) -> None:
    await keep_one(postgres)
    data = data_of(postgres)
    postgres.kill()
    note = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *note[1:]]))
    postgres.start()
    assert await count(postgres) == 1


async def test_an_orphan_on_the_same_data_is_ended_first(
    postgres: Postgres, tmp_path: Path
) -> None:
    await keep_one(postgres)
    orphan = postgres.pid
    folder = data_of(postgres).parent
    with Postgres(folder, tmp_path / "second.log") as second:
        second.start()
        assert postgres.ended() is not None
        assert second.pid != orphan
        assert await count(second) == 1


def test_a_stranger_whose_id_stands_in_the_file_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        (tmp_path / "postmaster.pid").write_text(f"{stranger.pid}\n")
        orphans.end_orphan(tmp_path)
        assert stranger.poll() is None
        stranger.kill()
    assert stranger.returncode == -signal.SIGKILL


async def test_another_port_is_chosen_when_somebody_took_ours(postgres: Postgres) -> None:
    await keep_one(postgres)
    postgres.stop()
    before = postgres.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((ports.HOST, before))
        taken.listen()
        postgres.start()
    assert postgres.port != before
    assert await count(postgres) == 1


async def test_the_password_is_needed_and_kept_in_a_private_file(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            postgres.url.replace(":", ":x", 2).replace("postgresql:x", "postgresql:")
        )
    file = data_of(postgres).parent / "password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_its_log_quotes_no_statement_and_no_value(postgres: Postgres, tmp_path: Path) -> None:
    connection = await asyncpg.connect(postgres.url)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute("SELECT 1/0 AS the_secret")
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await connection.fetch("SELECT CAST($1::text AS int)", "the_secret")
    await connection.close()
    postgres.stop()
    logs = [*tmp_path.rglob("postgres.log"), *data_of_folder(tmp_path).rglob("postgres.log")]
    said = "".join(log.read_text() for log in logs)
    assert "shut down" in said
    assert "the_secret" not in said


def data_of_folder(folder: Path) -> Path:
    note = folder / "postgres-is-in"
    return Path(note.read_text()) if note.exists() else folder


async def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    with start_postgres(tmp_path) as first:
        folder = data_of(first).parent
    shutil.move(folder / "data", folder / "data.half")
    with start_postgres(tmp_path) as second:
        await keep_one(second)
        assert await count(second) == 1


def test_programs_that_the_account_cannot_reach_are_copied_and_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "can_reach", lambda *_: False)
    programs = postgres_folder.programs(tmp_path, None)
    assert programs.is_relative_to(tmp_path)
    said = subprocess.run([programs / "initdb", "--version"], capture_output=True, check=True)
    assert b"PostgreSQL" in said.stdout


async def test_its_workers_end_when_it_is_killed(postgres: Postgres) -> None:
    data = data_of(postgres)
    postgres.kill()
    await eventually(lambda: not orphans.running_from(data))
