"""`python -m case_router people FILE.csv` (or `--directory`): replacing the list of staff."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from case_router.directory import DirectoryError
from case_router.directory_import import read_in
from case_router.settings import Settings
from case_router.staff_list import FaultyListError, StaffList, read_csv
from case_router.store import people
from speakup import postgres


def main(argv: Sequence[str]) -> int:
    """Import a list; the exit status. The database has been migrated by now."""
    parser = argparse.ArgumentParser("python -m case_router people", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "file", type=Path, nargs="?", help="CSV in UTF-8 (docs/cases.md says which columns)"
    )
    source.add_argument(
        "--directory", action="store_true", help="from the directory that SPEAKUP_LDAP_URL names"
    )
    chosen = parser.parse_args(argv)
    settings = Settings()
    try:
        # Before the database is asked: most faults are the file's.
        listed = _listed(chosen.file) if chosen.file is not None else None
        done = asyncio.run(_replace(settings, listed))
    except FaultyListError as error:
        for fault in error.faults:
            sys.stderr.write(f"line {fault.line}: {fault.what}\n")
        sys.stderr.write("Nothing was imported.\n")
        return 1
    except (DirectoryError, _UnreadableError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"people: {done.people}, who have left: {done.left}, units: {done.units}, "
        f"tied to accounts: {done.tied}\n"
    )
    return 0


class _UnreadableError(Exception):
    pass


def _listed(file: Path) -> StaffList:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _UnreadableError(f"The file can't be read: {error.strerror}.") from None
    return read_csv(content)


async def _replace(settings: Settings, listed: StaffList | None) -> people.Imported:
    engine = postgres.open_engine(settings.database("router"), pool_size=1)
    try:
        if listed is None:
            return await read_in(engine, settings.directory)
        async with engine.begin() as connection:
            return await people.replace(connection, listed, by=None)
    finally:
        await engine.dispose()
