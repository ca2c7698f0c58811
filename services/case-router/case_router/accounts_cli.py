"""`python -m case_router accounts …`: making staff accounts, and resetting them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.passwords import hash_password, make_password
from case_router.settings import Settings
from case_router.store import access_tokens, accounts, history, sessions
from speakup import postgres
from speakup.staff import Role

Work = Callable[[AsyncConnection], Awaitable[int]]


def main(argv: Sequence[str]) -> int:
    """Run a command; its exit status. The database has been migrated by now."""
    parser = argparse.ArgumentParser("python -m case_router accounts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="make an account and print its password")
    adding.add_argument("name")
    adding.add_argument("role", choices=[role.value for role in Role])
    many = commands.add_parser(
        "add-from", help="make the first accounts from a file with lines `name password`"
    )
    many.add_argument("file", type=Path)
    resetting = commands.add_parser(
        "reset", help="give an account a new password, without its second factor"
    )
    resetting.add_argument("name")
    chosen = parser.parse_args(argv)
    match chosen.command:
        case "add":
            work = _adding(chosen.name, Role(chosen.role))
        case "add-from":
            work = _adding_from(chosen.file)
        case _:
            work = _resetting(chosen.name)
    return asyncio.run(_run(work))


async def _run(work: Work) -> int:
    engine = postgres.open_engine(Settings().database("router"), pool_size=1)
    try:
        async with engine.begin() as connection:
            return await work(connection)
    finally:
        await engine.dispose()


def _adding(name: str, role: Role) -> Work:
    async def work(connection: AsyncConnection) -> int:
        if accounts.NAME.fullmatch(name) is None:
            return _failed(
                "A name is made of a-z, 0-9, dot, hyphen and _, and begins with a letter."
            )
        password = make_password()
        if not await accounts.add(connection, name, role, hash_password(password)):
            return _failed(f"There is an account {name} already; `reset {name}` changes it.")
        await history.note(connection, "account.added", [None], subject=name)
        return _said(password)

    return work


def _adding_from(file: Path) -> Work:
    lines = file.read_text(encoding="utf-8").splitlines()

    async def work(connection: AsyncConnection) -> int:
        for line in lines:
            name, _, password = line.strip().partition(" ")
            if not name or await accounts.exists(connection, name):
                continue
            if name not in Role.__members__ or not password.strip():
                return _failed("A line isn't `name password` of one of the first accounts.")
            hashed = hash_password(password.strip())
            if await accounts.add(connection, name, Role(name), hashed):
                await history.note(connection, "account.added", [None], subject=name)
        return 0

    return work


def _resetting(name: str) -> Work:
    async def work(connection: AsyncConnection) -> int:
        account = await accounts.by_name(connection, name)
        if account is None:
            return _failed(f"There is no account {name}.")
        password = make_password()
        await accounts.change(
            connection,
            account.account_id,
            password_hash=hash_password(password),
            totp_locked=None,
            totp_confirmed=False,
            totp_last_step=None,
            failures=0,
            locked_until=None,
        )
        await sessions.end_all(connection, account.account_id)
        await access_tokens.end_all(connection, account.account_id)
        await history.note(connection, "account.reset", [None], subject=name)
        return _said(password)

    return work


def _said(password: str) -> int:
    sys.stdout.write(f"{password}\n")
    return 0


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1
